"""The line: grouped commands, a reply for each recipient, and what is known when it breaks."""

from __future__ import annotations

import socket

import pytest

from safeconduct.lib.errors import Temporary
from safeconduct.outbox.channels.email import Outcome, Result, Session, try_out
from safeconduct.outbox.mail_settings import MailConfig
from safeconduct.outbox.mime import Envelope
from tests.outbox.sink import Sink


def config(port: int, **changes: str) -> MailConfig:
    values = {"tls": "none", "user": "", "password": "", "from_address": "alerts@example.edu"} | changes
    return MailConfig(
        "127.0.0.1",
        port,
        values["tls"],
        values["user"],
        values["password"],
        values["from_address"],
        "",
        "",
        "desk",
    )


def envelopes(*names: str) -> list[Envelope]:
    return [
        Envelope(f"{name}@example.edu", f"Subject: {name}\r\n\r\nHello {name}\r\n".encode()) for name in names
    ]


def send(sink: Sink, *names: str) -> list[Result]:
    session = Session(config(sink.port), timeout=2)
    try:
        return list(session.send(envelopes(*names)))
    finally:
        session.close()


def outcomes(results: list[Result]) -> list[str]:
    return [result.outcome.value for result in results]


@pytest.mark.parametrize("pipelining", [True, False])
def test_every_mail_arrives_whole_and_in_order(pipelining: bool) -> None:
    sink = Sink(pipelining=pipelining)
    try:
        assert outcomes(send(sink, "a", "b", "c")) == ["accepted"] * 3
        assert [mail.recipient for mail in sink.mails] == ["a@example.edu", "b@example.edu", "c@example.edu"]
        assert sink.mails[1].data == b"Subject: b\r\n\r\nHello b\r\n"
        assert sink.connections == 1
    finally:
        sink.close()


def test_one_connection_serves_several_groups(sink: Sink) -> None:
    session = Session(config(sink.port), timeout=2)
    assert outcomes(list(session.send(envelopes("a", "b")))) == ["accepted"] * 2
    assert outcomes(list(session.send(envelopes("c")))) == ["accepted"]
    session.close()
    sink.close()
    assert sink.connections == 1
    assert sink.verbs[-1] == "QUIT"


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("code", "outcome"),
    [("550 5.1.1 no such user", "refused_for_good"), ("451 later", "refused_temporarily")],
)
def test_a_refused_recipient_takes_nobody_else_along(pipelining: bool, code: str, outcome: str) -> None:
    sink = Sink(pipelining=pipelining)
    _refusing(sink, code)
    try:
        results = send(sink, "a", "b", "c", "b")
        assert outcomes(results) == ["accepted", outcome, "accepted", outcome]
        assert results[1].code == int(code[:3])
        assert [mail.recipient for mail in sink.mails] == ["a@example.edu", "c@example.edu"]
    finally:
        sink.close()


def _refusing(sink: Sink, line: str) -> None:
    """Refuse b@ and the DATA after it, as servers do."""
    refused: list[str] = []

    def replies(verb: str, argument: str) -> str | None:
        if verb == "RCPT" and "b@" in argument:
            refused.append(argument)
            return line
        if verb in ("MAIL", "RSET"):
            refused.clear()
        return "554 no valid recipients" if verb == "DATA" and refused else None

    sink.replies = replies


def test_a_server_that_wants_the_text_of_a_refused_mail_gets_an_empty_one(sink: Sink) -> None:
    sink.replies = lambda verb, argument: "550 no" if verb == "RCPT" and "a@" in argument else None
    assert outcomes(send(sink, "a", "b")) == ["refused_for_good", "accepted"]
    assert [mail.data.strip() for mail in sink.mails if mail.recipient == "a@example.edu"] == [b""]


def test_text_refused_at_the_end_counts_for_that_mail_only(sink: Sink) -> None:
    sink.replies = lambda verb, argument: (
        "554 5.7.1 spam" if verb == "BODY" and argument == "b@example.edu" else None
    )
    assert outcomes(send(sink, "a", "b", "c")) == ["accepted", "refused_for_good", "accepted"]


def test_a_refused_sender_gives_nobody_up_and_stops(sink: Sink) -> None:
    sink.replies = lambda verb, argument: "530 5.7.0 log in first" if verb == "MAIL" else None
    assert outcomes(send(sink, "a", "b", "c")) == ["refused_temporarily", "no_connection", "no_connection"]


def test_a_line_that_breaks_after_a_text_leaves_that_mail_unknown_and_the_rest_unwritten(sink: Sink) -> None:
    sink.replies = lambda verb, argument: "" if verb == "BODY" and argument == "b@example.edu" else None
    assert outcomes(send(sink, "a", "b", "c", "d")) == [
        "accepted",
        "unknown",
        "no_connection",
        "no_connection",
    ]


def test_a_server_that_shuts_down_ends_the_session(sink: Sink) -> None:
    sink.replies = lambda verb, argument: "421 going down" if verb == "BODY" else None
    session = Session(config(sink.port), timeout=2)
    results = list(session.send(envelopes("a", "b")))
    assert outcomes(results) == ["refused_temporarily", "no_connection"]
    assert not session.alive
    session.close()


def test_a_server_that_falls_silent_is_left_after_the_time_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(Temporary):
        Session(config(listener.getsockname()[1]), timeout=0.3)


def test_a_reply_that_never_comes_leaves_the_mail_unknown(sink: Sink) -> None:
    session = Session(config(sink.port), timeout=1)
    sink.replies = lambda verb, argument: _wait(verb)
    assert outcomes(list(session.send(envelopes("a", "b")))) == ["unknown", "no_connection"]
    session.close()


def _wait(verb: str) -> None:
    if verb == "BODY":
        import time

        time.sleep(1.6)


def test_dots_at_the_start_of_lines_survive(sink: Sink) -> None:
    session = Session(config(sink.port), timeout=2)
    list(session.send([Envelope("a@example.edu", b"Subject: x\r\n\r\n.\r\n..\r\n.RCPT TO:<x@y>\r\n")]))
    session.close()
    assert sink.mails[0].data == b"Subject: x\r\n\r\n.\r\n..\r\n.RCPT TO:<x@y>\r\n"


def test_no_password_over_an_unprotected_line_to_another_machine(
    monkeypatch: pytest.MonkeyPatch, sink: Sink
) -> None:
    monkeypatch.setattr("safeconduct.outbox.channels.email._is_this_machine", lambda host: False)
    with pytest.raises(Temporary, match="not protected"):
        Session(config(sink.port, user="me", password="hunter2"), timeout=2)
    assert "AUTH" not in sink.verbs


def test_required_starttls_that_is_not_offered_stops_everything(sink: Sink) -> None:
    with pytest.raises(Temporary, match="STARTTLS"):
        Session(config(sink.port, tls="starttls"), timeout=2)
    assert "MAIL" not in sink.verbs


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Temporary, match="connect"):
        Session(config(port), timeout=1)


def test_the_test_mail_shows_each_step(sink: Sink) -> None:
    steps = try_out(config(sink.port), envelopes("a")[0])
    assert [(step.name, step.ok) for step in steps] == [
        ("connect", True),
        ("EHLO", True),
        ("MAIL FROM", True),
        ("RCPT TO", True),
        ("DATA", True),
    ]


def test_the_test_mail_stops_at_the_step_that_failed_and_quotes_the_server(sink: Sink) -> None:
    sink.replies = lambda verb, argument: "550 5.7.1 relay denied" if verb == "RCPT" else None
    step = try_out(config(sink.port), envelopes("a")[0])[-1]
    assert (step.name, step.ok, step.detail) == ("RCPT TO", False, "550 5.7.1 relay denied")


def test_outcome_names_are_those_of_the_ledger() -> None:
    from safeconduct.outbox.models import Attempt

    assert {outcome.value for outcome in Outcome} == set(Attempt.Outcome.values)
