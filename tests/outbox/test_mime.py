"""Any words, any person: the mail parses back to exactly them, and no value leaves its place."""

from __future__ import annotations

from email import message_from_bytes, policy
from html import escape
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeconduct.outbox.mime import CompiledMessage, is_web_address, mail_address
from safeconduct.outbox.rendering import CLOSE, OPEN

MARK = f"{OPEN}name{CLOSE}"
WORDS = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters=[OPEN, CLOSE, "\x00"]), max_size=120
)
AWKWARD = st.sampled_from(
    [
        ".",
        ".\n.",
        "\r\n.\r\n",
        "a\r\nBcc: x@example.org",
        "=?utf-8?q?x?=",
        "é" * 100,
        "x" * 400,
        " ",
        "trail \n",
        "--=_",
    ]
)


def built(text: str, html: str, slots: dict[str, str], subject: str = "Hello") -> bytes:
    compiled = CompiledMessage(
        subject=subject, text=text, html=html, from_address="a@example.edu", from_name="Nörth, “field”"
    )
    return compiled.data(
        address="bob@example.edu",
        slots=slots,
        date="Tue, 24 Nov 2026 06:00:00 +0000",
        message_id="<1@example.edu>",
        unsubscribe_url="https://travel.example.edu/u/1",
    )


def same(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@settings(max_examples=150, deadline=None)
@given(before=WORDS, after=WORDS, value=st.one_of(WORDS, AWKWARD))
def test_the_mail_reads_back_as_the_words_that_went_in(before: str, after: str, value: str) -> None:
    text, html = f"{before}{MARK}{after}\n{MARK}.\n", f"<p>{escape(before)}{MARK}</p>\n.{MARK}{MARK}"
    data = built(text, html, {"name": value})
    lines = data.split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line for line in lines), "a bare line break"
    assert max(map(len, lines)) <= 78
    assert not any(line.startswith(b".") for line in lines), "a line that would need dot-stuffing"
    message: Any = message_from_bytes(data, policy=cast(Any, policy.default))
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    plain, rich = (part.get_payload(decode=True).decode() for part in message.iter_parts())
    # A part ends with a line break, added when the words bring none.
    assert same(plain).rstrip("\n") == same(text.replace(MARK, same(value))).rstrip("\n")
    assert same(rich).rstrip("\n") == same(html.replace(MARK, escape(same(value)))).rstrip("\n")


@settings(max_examples=100, deadline=None)
@given(value=st.one_of(WORDS, AWKWARD))
def test_no_value_in_the_subject_adds_a_header(value: str) -> None:
    data = built("text\n", "", {"name": value}, subject=f"For {MARK}")
    head = data.split(b"\r\n\r\n", 1)[0]
    assert max(map(len, head.split(b"\r\n"))) <= 998
    message: Any = message_from_bytes(data, policy=cast(Any, policy.default))
    assert sorted(message.keys()) == [
        "Auto-Submitted",
        "Content-Transfer-Encoding",
        "Content-Type",
        "Date",
        "From",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "MIME-Version",
        "Message-ID",
        "Subject",
        "To",
    ]
    assert message["From"].addresses[0].addr_spec == "a@example.edu"
    assert message["From"].addresses[0].display_name == "Nörth, “field”"
    assert len(message["From"].addresses) == 1


def test_one_click_fields_are_those_of_rfc_8058() -> None:
    message = message_from_bytes(built("t\n", "", {}))
    assert message["List-Unsubscribe"] == "<https://travel.example.edu/u/1>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "bob",
        "a@b@c d",
        "bob@example.edu\r\nRCPT TO:<x@y>",
        "bób@example.edu",
        "<a@b.c>",
        "a b@example.edu",
        "a@-x.edu",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        mail_address(address)


def test_a_domain_in_another_script_goes_as_a_labels() -> None:
    assert mail_address(" bob@bücher.example ") == "bob@xn--bcher-kva.example"


@pytest.mark.parametrize("url", ["javascript:x", "https://x/> <y", "https://x/\r\nBcc: a", "ftp://x/", ""])
def test_what_may_not_stand_in_list_unsubscribe(url: str) -> None:
    assert not is_web_address(url)


@pytest.mark.parametrize("name", ["Bcc", "From", "X-A\r\nB", "List-Unsubscribe", "X A"])
def test_a_message_cannot_set_headers_of_the_outbox(name: str) -> None:
    with pytest.raises(ValueError, match="may not set"):
        CompiledMessage(subject="s", text="t", html="", from_address="a@b.example", headers={name: "v"})
