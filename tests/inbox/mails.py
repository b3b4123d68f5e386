"""Mails and bookings for the tests of the inbox: schema.org mark-up in a mail, as confirmations carry it."""

from __future__ import annotations

import json
from email.message import EmailMessage
from typing import Any

BOB = "bob@northfield.example.edu"
AUTHSERV = "mx.portal.example.org"


def flight(
    number: str = "101", *, reference: str = "QX7Z9A", day: str = "2026-12-01", leaves: str = "10:15", lands: str = "20:30",
    origin: str = "FRA", to: str = "NBO", offsets: tuple[str, str] = ("+01:00", "+03:00"), status: str = "Confirmed",
    name: str = "Bob Okafor", lands_on: str = "", **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """Return a flight as airlines mark it up."""
    names = {"FRA": "Frankfurt", "NBO": "Nairobi", "LIS": "Lisbon"}
    return {
        "@context": "http://schema.org", "@type": "FlightReservation", "reservationNumber": reference,
        "reservationStatus": f"http://schema.org/Reservation{status}", "underName": {"@type": "Person", "name": name},
        "reservationFor": {
            "@type": "Flight", "flightNumber": number,
            "airline": {"@type": "Airline", "name": "Example Air", "iataCode": "XX"},
            "departureAirport": {"@type": "Airport", "iataCode": origin, "name": names.get(origin, origin)},
            "departureTime": f"{day}T{leaves}:00{offsets[0]}",
            "arrivalAirport": {"@type": "Airport", "iataCode": to, "name": names.get(to, to)},
            "arrivalTime": f"{lands_on or day}T{lands}:00{offsets[1]}",
        },
        **more,
    }  # fmt: skip


def back(**more: Any) -> dict[str, Any]:
    """Return the flight home of the same reference."""
    options = {"day": "2026-12-10", "leaves": "09:00", "lands": "15:30", "origin": "NBO", "to": "FRA",
               "offsets": ("+03:00", "+01:00")}  # fmt: skip
    return flight("102", **{**options, **more})


def hotel(*, reference: str = "H-1", first: str = "2026-12-01", last: str = "2026-12-05", status: str = "Confirmed",
          city: str = "Nairobi", name: str = "Bob Okafor") -> dict[str, Any]:  # fmt: skip
    """Return a lodging."""
    return {
        "@context": "http://schema.org", "@type": "LodgingReservation", "reservationNumber": reference,
        "reservationStatus": f"http://schema.org/Reservation{status}", "underName": {"@type": "Person", "name": name},
        "reservationFor": {
            "@type": "LodgingBusiness", "name": "Example House", "telephone": "+254 20 555 0100",
            "address": {"@type": "PostalAddress", "streetAddress": "Sample Road 1", "addressLocality": city, "addressCountry": "KE"},
        },
        "checkinTime": f"{first}T21:30:00+03:00", "checkoutTime": f"{last}T09:00:00+03:00",
    }  # fmt: skip


def mail(
    *bookings: dict[str, Any], sender: str = BOB, proof: str | None = "dmarc=pass header.from=northfield.example.edu",
    message_id: str = "<one@northfield.example.edu>", authserv: str = AUTHSERV, text: str = "", **headers: str,
) -> bytes:  # fmt: skip
    """Return a mail with these bookings as JSON-LD. `proof`: what the operator's server says of the sender."""
    made = EmailMessage()
    if proof is not None:
        made["Authentication-Results"] = f"{authserv}; {proof}"
    made["From"] = f"Bob <{sender}>"
    made["To"] = "bookings@portal.example.org"
    made["Subject"] = "Fwd: Your trip"
    made["Date"] = "Sun, 22 Nov 2026 09:00:00 +0000"
    made["Message-ID"] = message_id
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    if not bookings:
        made.set_content(text or "See you on Friday.")
    else:
        markup = json.dumps(list(bookings))
        made.set_content(f'<html><body><script type="application/ld+json">{markup}</script></body></html>', subtype="html")
    return made.as_bytes()
