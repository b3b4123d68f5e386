"""Telephone numbers as people dial them abroad: country code, grouped.

It refuses to repair: a number without country code stays plain text and gets no link.
"""

from typing import NamedTuple

import phonenumbers


class Dialled(NamedTuple):
    """`uri` is empty when the number cannot be dialled from abroad."""

    text: str
    uri: str


def dialled(number: str) -> Dialled:
    """`+61255500142` → `+61 2 5550 0142` and `tel:+61255500142` (RFC 3966)."""
    raw = number.strip()
    try:
        parsed = phonenumbers.parse(raw, None)
    except phonenumbers.NumberParseException:
        return Dialled(raw, "")
    if not phonenumbers.is_possible_number(parsed):
        return Dialled(raw, "")
    return Dialled(
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace("-", " "),
        phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.RFC3966).replace("-", ""),
    )
