"""A guide that holds everything a guide can hold, and texts that mean harm."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from safeconduct.guides import document as doc
from safeconduct.guides.text import html_of

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOSTILE = (
    '#read("/etc/passwd") #import "@preview/x:1.0.0": * #eval("1+1") \\ $x^2$ *a* _b_ `c` [d] <e> @ref = h // c /* d */ '
    "https://x.example/ ~ -- ' \" {{ }} {% x %} \u0007end"
)
ARABIC = "اشرب الماء المغلي فقط، ولا تأكل الثلج."
JAPANESE = "東京の水道水は飲めます。"
CITED = (
    doc.Citation("CLDR 48.2", "https://cldr.unicode.org/", "Unicode", "Unicode-3.0", date(2026, 11, 24)),
)
MAP = (
    '<svg viewBox="0 0 640 300" role="img" aria-labelledby="m" class="guide-map" xmlns="http://www.w3.org/2000/svg">'
    '<title id="m">Map of Testland &amp; more</title><path class="m-land" d="M10 10l100 0 0 100z"/>'
    '<circle class="m-you" cx="60" cy="60" r="5"/><text class="m-text" x="69" y="64">Teststadt</text></svg>'
)


def quote(html: str, lang: str = "en") -> doc.Quote:
    """A government's words."""
    return doc.Quote(
        "FCDO", "Safety", html, lang, "https://gov.example/advice", "Crown copyright", "OGL 3.0", NOW, False
    )


def editorial(markdown: str, **changes: Any) -> doc.Editorial:
    """An editor's words."""
    values: dict[str, Any] = {
        "html": html_of(markdown), "markdown": markdown, "language": "en", "is_fallback": False, "number": 3,
        "published_at": NOW, "review_due_on": date(2027, 5, 1), "is_stale": False,
    }  # fmt: skip
    return doc.Editorial(**values | changes)


def guide(**changes: Any) -> doc.GuideDocument:
    """Testland."""
    number = doc.EmergencyNumber("112", CITED, "from mobiles")
    climate = doc.MonthlyClimate(
        "Teststadt", (20.0,) * 12, (5.0,) * 12, "Tropical", MAP.replace("Map of", "Climate of"),
        tuple((name, "20 °C", "5 mm") for name in ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]),
        CITED, 120,
    )  # fmt: skip
    facts = (
        doc.FactItem("currency", "Money", "Test dollar (XTS)", CITED, is_stale=True),
        doc.FactItem("tap_water", "Tap water", ""),
        doc.FactItem(
            "calling_code", "Calling code", "+999", CITED, is_override=True, reason="the embassy says so"
        ),
    )
    advice = doc.AdviceRow(
        "FCDO", "https://gov.example/advice", "/advice/x/", "Testland", "security", 3, 4, True, "Avoid all but essential travel",
        ("North",), NOW, NOW, False, True, "Crown copyright", "OGL 3.0", ("changed on 2026-11-01 from 2 to 3",),
    )  # fmt: skip
    rating = doc.RatingCard(
        "security", "Security", "high", "High", 4, NOW, NOW, "2026.1", (doc.RatingInput("FCDO", "3 of 4", "+2.0"),),
        "Together 2.0: high.", "Set higher", "Olga", "Northfield", "Extreme", 5, "We lost a car there.",
    )  # fmt: skip
    alert = doc.AlertRow(
        "/alerts/1/", "Storm & surge", "Storm", "Severe", "Severe", "Met Service", NOW, None, True, "s-4"
    )
    parts = (
        doc.GuidePart("entry", "Entry requirements", facts, editorial("Bring *two* copies.\n\n#### Visa\n\n1. one\n2. two"), (quote("<p>Be <b>careful</b>.</p><ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>"),), doc.Note("Northfield", "<p>Ask the dean.</p>", "Ask the dean.", "Alice", NOW)),
        doc.GuidePart("climate", "Weather", climate=(climate,)),
        doc.GuidePart("calendar", "Calendar", holidays=(doc.Holiday(date(2027, 1, 1), "New Year", True, "North"),)),
        doc.GuidePart("empty", "Nothing yet"),
    )  # fmt: skip
    values: dict[str, Any] = {
        "key": "iso:ZZ", "name": "Testland", "native_name": "", "kind": "country", "kind_name": "Country", "code": "ZZ",
        "region": "", "country_code": "ZZ", "country_key": "", "country_name": "Testland", "is_listed": True,
        "language": "en", "is_rtl": False, "made_at": NOW, "zone": "UTC", "zone_place": "Teststadt", "lat": 0.0, "lon": 0.0,
        "map_svg": MAP, "version": "0123456789abcdef", "alerts": (alert,), "ratings": (rating,), "advice": (advice,),
        "chapters": (
            doc.GuideChapter("overview", "Overview", (doc.GuidePart("overview", "Overview", facts),)),
            doc.GuideChapter("before", "Before you go", parts),
            doc.GuideChapter("contacts", "Contacts", (doc.GuidePart("contacts", "Contacts", emergency=(doc.EmergencyService("police", "Police", (number,)), doc.EmergencyService("fire", "Fire", ()))),)),
        ),
        "citations": (*CITED, doc.Citation("FCDO", "https://gov.example/advice", "Crown copyright", "OGL 3.0", date(2026, 11, 24))),
        "organisation": "Northfield", "edition_on": date(2026, 11, 20),
    }  # fmt: skip
    return doc.GuideDocument(**values | changes)


def saying(*html: str, lang: str = "en", **changes: Any) -> doc.GuideDocument:
    """Testland with these words of a government alone."""
    part = doc.GuidePart("entry", "Entry", quotes=tuple(quote(each, lang) for each in html))
    return guide(chapters=(doc.GuideChapter("before", "Before you go", (part,)),), **changes)
