"""The template tags that all rooms use."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django import forms
from django.template import engines
from django.test import RequestFactory
from django.utils import translation

from safeconduct.alerts.models import Event
from safeconduct.lib import clock, phones
from safeconduct.matching.models import Exposure
from safeconduct.outbox.models import Attempt, Delivery
from safeconduct.trips.models import Trip
from safeconduct.web import levels

NOW = datetime(2026, 11, 22, 10, 40, tzinfo=UTC)


def show(source: str, **context: Any) -> str:
    template = engines["django"].from_string("{% load safeconduct %}" + source)
    with clock.held_at(NOW), translation.override("en"):
        return str(template.render(context, RequestFactory().get("/?page=2&state=late")))


@pytest.mark.parametrize(
    ("at", "zone", "words"),
    [
        (datetime(2026, 11, 23, 20, 0, tzinfo=UTC), "Asia/Manila", "Tue 24 Nov, 04:00 (UTC+8)"),
        (datetime(2026, 11, 23, 20, 0, tzinfo=UTC), "America/Denver", "Mon 23 Nov, 13:00 (UTC−7)"),
        (datetime(2027, 1, 4, 12, 0, tzinfo=UTC), "Asia/Kathmandu", "Mon 4 Jan 2027, 17:45 (UTC+5:45)"),
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), "Europe/London", "Wed 1 Jul, 13:00 (UTC+1)"),
        (datetime(2026, 11, 23, 20, 0, tzinfo=UTC), "UTC", "Mon 23 Nov, 20:00 (UTC)"),
        (datetime(2026, 11, 23, 20, 0, tzinfo=UTC), "America/St_Johns", "Mon 23 Nov, 16:30 (UTC−3:30)"),
    ],
)
def test_when_says_weekday_local_time_and_zone(at: datetime, zone: str, words: str) -> None:
    assert f">{words}</time>" in show("{% when at zone %}", at=at, zone=zone)


def test_a_span_names_one_day_once_and_both_offsets_when_they_differ() -> None:
    start = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
    same = show("{% when_span a b 'Asia/Manila' %}", a=start, b=datetime(2026, 11, 24, 4, 0, tzinfo=UTC))
    assert "Tue 24 Nov, 04:00 to 12:00 (UTC+8)" in same
    clocks = show(
        "{% when_span a b 'Europe/Berlin' %}",
        a=datetime(2026, 10, 24, 12, 0, tzinfo=UTC),
        b=datetime(2026, 10, 25, 12, 0, tzinfo=UTC),
    )
    assert "Sat 24 Oct, 14:00 (UTC+2) to Sun 25 Oct, 13:00 (UTC+1)" in clocks


def test_what_is_not_known_is_said() -> None:
    assert "unknown" in show("{% when at %}", at=None)
    assert "unknown" in show("{% day at %}", at=None)
    assert "unknown" in show("{% tel number %}", number="")
    assert "Source unknown" in show("{% src '' %}")
    assert "end unknown" in show("{% when_span a None %}", a=NOW)


def test_a_day_has_its_weekday() -> None:
    assert ">Tue 24 Nov</time>" in show("{% day on %}", on=date(2026, 11, 24))


def test_a_day_on_something_that_is_kept_has_its_year() -> None:
    assert ">Tue 24 Nov 2026</time>" in show("{% day on always_year=True %}", on=date(2026, 11, 24))


@pytest.mark.parametrize(
    ("number", "text", "uri"),
    [
        ("+61255500142", "+61 2 5550 0142", "tel:+61255500142"),
        ("+1 303-555-0142", "+1 303 555 0142", "tel:+13035550142"),
        ("0303 555", "0303 555", ""),
        ("call us", "call us", ""),
    ],
)
def test_numbers_are_grouped_and_only_dialled_with_country_code(number: str, text: str, uri: str) -> None:
    assert phones.dialled(number) == (text, uri)


def test_severity_is_sign_and_word_whatever_the_case() -> None:
    for text in ("Severe", "SEVERE", " severe "):
        page = show("{% severity text %}", text=text)
        assert "s-4" in page
        assert "Severe</span>" in page
    assert "Unknown" in show("{% severity text %}", text="catastrophic")
    assert show("{{ text|severity_level }}", text="Extreme") == "5"


def test_an_unlisted_state_keeps_its_text_and_looks_unknown() -> None:
    assert levels.state("brand-new").level == 0
    assert "brand-new" in show("{% state 'brand-new' %}")
    assert "s-4" in show("{% state 'failed' %}")


def test_every_stored_state_has_a_word_of_its_own() -> None:
    for choices in (
        Delivery.State,
        Attempt.Outcome,
        Exposure.State,
        Exposure.Strength,
        Trip.State,
        Event.State,
    ):
        for code in choices.values:
            assert code in levels.STATES, f"{choices.__qualname__}.{code}"


def test_what_people_wrote_is_escaped() -> None:
    evil = "<b>x</b>"
    for source in (
        "{% badge 1 evil %}",
        "{% tel evil %}",
        "{% src evil %}",
        "{% tile 'trip' '/' evil evil %}",
    ):
        assert "<b>x" not in show(source, evil=evil)
    assert 'href="javascript:' not in show("{% src 'a' url=evil %}", evil='"><script>')


def test_source_line_names_source_date_and_licence() -> None:
    page = show("{% src 'USGS' at=at url='https://example.org/' licence='Public domain' %}", at=NOW)
    assert '<a href="https://example.org/" rel="noreferrer">USGS</a>' in page
    assert "Sun 22 Nov, 10:40 (UTC)" in page
    assert "Public domain" in page


class Stay(forms.Form):
    """A form with one of each kind."""

    place = forms.CharField(help_text="Country or city")
    note = forms.CharField(required=False)
    sure = forms.BooleanField(label="I am sure")
    kind = forms.ChoiceField(choices=[("a", "Lodging"), ("b", "Flight")], widget=forms.RadioSelect)
    key = forms.CharField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        raise forms.ValidationError("This trip exists already.")


def test_a_field_ties_hint_and_error_to_its_control() -> None:
    form = Stay({"place": ""})
    page = show("{% field form.place data_suggest='/s' %}", form=form)
    assert '<label for="id_place">' in page
    assert 'aria-describedby="id_place_hint id_place_error"' in page
    assert 'aria-invalid="true"' in page
    assert 'data-suggest="/s"' in page
    assert 'id="id_place_error"' in page


def test_kinds_of_fields() -> None:
    page = show("{% fields form %}", form=Stay())
    assert "(optional)" in page
    assert page.count("optional") == 2  # the class and the word, of the note only
    assert "<fieldset" in page
    assert "<legend" in page
    assert '<input type="hidden" name="key"' in page
    assert "aria-invalid" not in page


def test_the_summary_links_to_every_fault() -> None:
    page = show("{% errors form %}", form=Stay({"place": ""}))
    assert 'role="alert"' in page
    assert "This trip exists already." in page
    assert 'href="#id_place"' in page
    assert show("{% errors form %}", form=Stay()).strip() == ""


def test_you_are_here_appears_only_with_entries() -> None:
    assert show("{% trail %}  {% endtrail %}").strip() == ""
    assert '<nav class="crumbs"' in show("{% trail %}<li>a</li>{% endtrail %}")


def test_a_pager_keeps_the_filters() -> None:
    assert show("{% query page=3 %}") == "?page=3&amp;state=late"
    assert show("{% query page=None %}") == "?state=late"
