"""The way real operators' mail leaves: TLS from the first byte or by STARTTLS, and a log-in, against a server that
checks both. Its certificate is signed by an authority made for the test.
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from safeconduct.lib.errors import Temporary
from safeconduct.outbox.channels import email
from safeconduct.outbox.channels.email import Outcome, Session, connect
from safeconduct.outbox.mail_settings import MailConfig
from safeconduct.outbox.mime import Envelope

PASSWORD = "not-a-real-password"
TEXT = b"Subject: x\r\n\r\nOne line.\r\n"


@dataclass
class Server:
    """One conversation at a time. `commands` holds what was said, `mails` what was sent, in the open or not."""

    context: ssl.SSLContext
    implicit: bool
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    was_protected: bool = False

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
                if self.implicit:
                    line = self.context.wrap_socket(line, server_side=True)
                self._converse(line)
            except OSError:
                if self.listener.fileno() == -1:
                    return

    def _converse(self, line: socket.socket) -> None:
        file = line.makefile("rb")
        line.sendall(b"220 tls sink\r\n")
        while text := file.readline():
            words = text.decode().strip()
            verb = words.split(" ")[0].upper()
            self.commands.append(verb)
            protected = isinstance(line, ssl.SSLSocket)
            if verb == "EHLO":
                more = b"250-AUTH PLAIN LOGIN\r\n" if protected else b"250-STARTTLS\r\n"
                line.sendall(b"250-sink\r\n" + more + b"250 PIPELINING\r\n")
            elif verb == "STARTTLS":
                line.sendall(b"220 go\r\n")
                line = self.context.wrap_socket(line, server_side=True)
                file = line.makefile("rb")
            elif verb == "AUTH":
                right = base64.b64encode(f"\0travel\0{PASSWORD}".encode()).decode()
                line.sendall(b"235 ok\r\n" if protected and words.endswith(right) else b"535 no\r\n")
            elif verb == "DATA":
                line.sendall(b"354 go\r\n")
                body = b""
                while (row := file.readline()) != b".\r\n":
                    body += row
                self.mails.append(body)
                self.was_protected = protected
                line.sendall(b"250 2.0.0 queued\r\n")
            else:
                line.sendall(b"250 ok\r\n")
            if verb == "QUIT":
                return


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a certificate of 127.0.0.1 that is its own authority, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture(params=[False, True], ids=["starttls", "tls"])
def server(request: pytest.FixtureRequest, certificate: tuple[Path, Path]) -> Iterator[Server]:
    """Serve by STARTTLS, or by TLS from the first byte."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    made = Server(context, implicit=request.param)
    yield made
    made.listener.shutdown(socket.SHUT_RDWR)
    made.listener.close()


def config(server: Server, password: str = PASSWORD) -> MailConfig:
    """Return the settings an operator would enter."""
    return MailConfig(
        host="127.0.0.1", port=server.port, tls="tls" if server.implicit else "starttls", user="travel",
        password=password, from_address="travel@example.edu", from_name="", sender_line="", origin="desk",
    )  # fmt: skip


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the test's authority and no other."""
    monkeypatch.setattr(email, "_trust", lambda: ssl.create_default_context(cafile=str(certificate[0])))


def test_mails_leave_over_a_protected_line_after_a_log_in(server: Server, trusted: None) -> None:
    session = Session(config(server))
    mails = [Envelope(f"bob{n}@northfield.example.edu", TEXT) for n in range(25)]
    outcomes = [result.outcome for result in session.send(mails)]
    session.close()
    assert outcomes == [Outcome.ACCEPTED] * 25
    assert len(server.mails) == 25
    assert server.was_protected
    assert server.commands.count("AUTH") == 1
    assert ("STARTTLS" in server.commands) != server.implicit


def test_a_wrong_password_is_said_so_and_nothing_is_sent(server: Server, trusted: None) -> None:
    with pytest.raises(Temporary) as refused:
        connect(config(server, password="wrong"))
    assert refused.value.reason.startswith("AUTH")
    assert "wrong" not in refused.value.reason
    assert server.mails == []


def test_a_certificate_that_nobody_trusts_ends_it_before_the_password(server: Server) -> None:
    email._trust.cache_clear()
    with pytest.raises(Temporary):
        connect(config(server))
    assert "AUTH" not in server.commands
