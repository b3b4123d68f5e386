"""One row of the itinerary form: a stay or a journey, its place found, its times settled.

Errors stand at their field and what was typed stays. It writes nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from safeconduct.places.models import Place
from safeconduct.places.queries import PlaceHit
from safeconduct.trips.drafts import StopDraft
from safeconduct.trips.localtime import OutOfRange, UnknownZone, settle
from safeconduct.trips.models import ADDRESS_LENGTH, Stop
from safeconduct.trips.placing import Answer, place_label, placed, told_apart

STAY_KINDS = [Stop.Kind.STAY, Stop.Kind.LODGING]
LEG_KINDS = [Stop.Kind.FLIGHT, Stop.Kind.RAIL, Stop.Kind.OTHER]
NOTE_LENGTH = 300


class LocalTimeField(forms.CharField):
    """A wall-clock time without a zone, as `datetime-local` sends it or as somebody types it."""

    widget = forms.DateTimeInput

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.widget.input_type = "datetime-local"

    def to_python(self, value: Any) -> Any:
        """Return the naive time, None when nothing was typed."""
        text = super().to_python(value)
        if not text:
            return None
        try:
            return datetime.fromisoformat(text.replace(" ", "T", 1)).replace(tzinfo=None, second=0, microsecond=0)
        except ValueError:
            raise forms.ValidationError(
                _("This is no date and time. Write it like 2026-11-22T14:00."), code="time"
            ) from None


class RowForm(forms.Form):
    """A stop as a form. `is_leg` rows go from one place to another."""

    public_id = forms.CharField(required=False, max_length=12, widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"))
    place = forms.CharField(
        label=gettext_lazy("Place"), required=False,
        help_text=gettext_lazy("A city, an airport or its code, or a country when you do not know more."),
    )  # fmt: skip
    place_key = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    place_asked = forms.CharField(required=False, widget=forms.HiddenInput)
    to_place = forms.CharField(label=pgettext_lazy("journey", "To"), required=False)
    to_place_key = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    to_place_asked = forms.CharField(required=False, widget=forms.HiddenInput)
    address = forms.CharField(
        label=gettext_lazy("Address or name of the lodging"), required=False,
        help_text=gettext_lazy("With latitude and longitude, alerts are matched to within 200 m; without, to the city."),
    )  # fmt: skip
    lat = forms.FloatField(label=gettext_lazy("Latitude"), required=False)
    lon = forms.FloatField(label=gettext_lazy("Longitude"), required=False)
    arrive = LocalTimeField(label=gettext_lazy("Arrive"), required=False)
    depart = LocalTimeField(label=gettext_lazy("Leave"), required=False)
    open_end = forms.BooleanField(label=gettext_lazy("No date of leaving yet (one-way)"), required=False)
    tentative = forms.BooleanField(label=gettext_lazy("Tentative"), required=False)
    note = forms.CharField(label=gettext_lazy("Note"), required=False)

    def __init__(self, *args: Any, is_leg: bool = False, lang: str = "en", **options: Any) -> None:
        super().__init__(*args, **options)
        # The browser would keep a person from adding a row before the others are complete.
        self.use_required_attribute = False
        self.is_leg, self.lang = is_leg, lang
        self.place_row: Place | None = None
        self.to_place_row: Place | None = None
        kinds = LEG_KINDS if is_leg else STAY_KINDS
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        for name in ("lat", "lon"):
            self.fields[name].widget.attrs.update({"step": "any", "inputmode": "decimal"})
        if is_leg:
            self.fields["place"].label = pgettext_lazy("journey", "From")
            self.fields["depart"].label, self.fields["arrive"].label = gettext_lazy("Leave"), gettext_lazy("Arrive")
            for name in ("address", "lat", "lon", "open_end"):
                del self.fields[name]
        else:
            for name in ("to_place", "to_place_key", "to_place_asked"):
                del self.fields[name]
        for name in ("arrive", "depart"):
            self._offer(name)
        self._mark_zones()

    @property
    def has_picks(self) -> bool:
        """Return whether the row asks which of several places is meant."""
        return any(f"{name}_pick" in self.fields for name in ("place", "to_place"))

    def clean(self) -> dict[str, Any]:
        """Find the places, then settle the times there."""
        data = super().clean() or {}
        self.place_row = self._placed("place")
        if self.is_leg:
            self.to_place_row = self._placed("to_place")
        self._check_lengths(data)
        self._check_times(data)
        self._mark_zones()
        return data

    def draft(self) -> StopDraft:
        """Return the row as a draft. Raises ValueError unless the form is valid."""
        if self.errors or self.place_row is None:
            raise ValueError("the row is not valid")
        data = self.cleaned_data
        return StopDraft(
            place=self.place_row,
            arrive=data["arrive"],
            depart=None if data.get("open_end") else data["depart"],
            kind=data["kind"],
            to_place=self.to_place_row,
            address=" ".join(data.get("address", "").split()),
            lat=data.get("lat"),
            lon=data.get("lon"),
            tentative=data["tentative"],
            note=data["note"],
            arrive_second=data.get("arrive_which") == "second",
            depart_second=data.get("depart_which") == "second",
            public_id=data["public_id"],
        )

    def raw(self, name: str) -> str:
        """Return what was typed into a field, or what it starts with. NUL is no text for any database."""
        value = self.data.get(self.add_prefix(name)) if self.is_bound else self.initial.get(name)
        return str(value or "").replace("\x00", "")

    def _put(self, name: str, value: str) -> None:
        self.data[self.add_prefix(name)] = value  # type: ignore[index]

    # Places

    def _placed(self, name: str) -> Place | None:
        if name in self.errors:
            return None
        text = self.raw(name)
        answer = self._picked(name, text) or placed(text, key=self.raw(f"{name}_key"), lang=self.lang)
        if answer.place is not None:
            self._put(f"{name}_key", answer.place.key)
            self._put(name, place_label(answer.place, self.lang))
            return answer.place
        self._put(f"{name}_key", "")
        if not text.strip():
            missing = _("Say where this is.") if name == "place" else _("Say where this journey goes.")
            self.add_error(name, missing)
        elif answer.choices:
            self._ask(name, text, answer.choices)
            self.add_error(name, _("Several places are called that. Choose the one you mean."))
        else:
            shown = text.strip()[:80]
            self.add_error(
                name, _("We know no place called “%(text)s”. Try the nearest larger city.") % {"text": shown}
            )
        return None

    def _picked(self, name: str, text: str) -> Answer | None:
        """The place chosen of those offered before, as long as the text is still the one they were offered for."""
        pick = self.raw(f"{name}_pick")
        if not pick or text != self.raw(f"{name}_asked"):
            return None
        place = placed(pick).place if ":" in pick else None
        return Answer(place) if place is not None else None

    def _ask(self, name: str, text: str, choices: list[PlaceHit]) -> None:
        self._put(f"{name}_asked", text)
        self.fields[f"{name}_pick"] = forms.ChoiceField(
            label=_("Which one?"),
            choices=told_apart(choices),
            widget=forms.RadioSelect,
            required=False,
        )

    # Times

    def _check_lengths(self, data: dict[str, Any]) -> None:
        for name, most in (("address", ADDRESS_LENGTH), ("note", NOTE_LENGTH)):
            count = len(data.get(name) or "")
            if count > most:
                text = _("At most %(most)d characters; these are %(count)d.") % {"most": most, "count": count}
                self.add_error(name, text)

    def _check_times(self, data: dict[str, Any]) -> None:
        if data.get("arrive") is None and "arrive" not in self.errors:
            self.add_error("arrive", _("Say when you arrive."))
        if data.get("depart") is None and "depart" not in self.errors and not data.get("open_end"):
            self.add_error(
                "depart",
                _("Say when you leave.") if self.is_leg else _("Say when you leave, or tick “No date of leaving yet”."),
            )
        for name in ("arrive", "depart"):
            if name in self.errors and self.raw(name):
                # A browser shows nothing in a date field that it cannot read: show the text as text.
                self.fields[name].widget.input_type = "text"
            place = self.to_place_row if self.is_leg and name == "arrive" else self.place_row
            if data.get(name) is not None and place is not None:
                self._check_time(name, data[name], place)

    def _check_time(self, name: str, local: datetime, place: Place) -> None:
        try:
            settled = settle(local, place.zone)
        except (UnknownZone, OutOfRange):
            return  # drafts.py says so, at the same field
        if settled.oddity == "twice" and not self.raw(f"{name}_which"):
            self._put(f"{name}_which", "first")
            self._offer(name)
            self.add_error(
                name,
                _("The clocks go back in that night and this time comes twice. Keep the first or choose the second."),
            )
        elif settled.oddity != "twice":
            self.fields.pop(f"{name}_which", None)

    def _offer(self, name: str) -> None:
        """Add the choice between the two equal hours, once it has been asked."""
        if self.raw(f"{name}_which"):
            self.fields[f"{name}_which"] = forms.ChoiceField(
                label=_("Which of the two hours?"),
                choices=[("first", _("The first, before the clocks go back")), ("second", _("The second, after it"))],
                widget=forms.RadioSelect,
                required=False,
            )

    def _mark_zones(self) -> None:
        """Say in whose time each field is."""
        known = self.place_row or self._known("place")
        arrives = (self.to_place_row or self._known("to_place")) if self.is_leg else known
        for name, place in (("arrive", arrives), ("depart", known)):
            self.fields[name].help_text = (
                _("Local time there, %(zone)s") % {"zone": place.zone} if place else _("Local time there")
            )

    def _known(self, name: str) -> Place | None:
        key = self.raw(f"{name}_key")
        return placed(key).place if ":" in key else None


def row_values(stop: Stop, lang: str) -> dict[str, Any]:
    """Return a stored stop as the values of its row."""
    values: dict[str, Any] = {
        "public_id": stop.public_id,
        "kind": stop.kind,
        "place": place_label(stop.place, lang),
        "place_key": stop.place.key,
        "address": stop.address,
        "lat": "" if stop.lat is None else stop.lat,
        "lon": "" if stop.lon is None else stop.lon,
        "arrive": stop.arrive_local,
        "depart": stop.depart_local,
        "open_end": stop.depart_at is None,
        "tentative": stop.tentative,
        "note": stop.note,
    }
    if stop.to_place is not None:
        values |= {"to_place": place_label(stop.to_place, lang), "to_place_key": stop.to_place.key}
    for name, local, zone, at in (
        ("arrive", stop.arrive_wall, stop.arrive_zone, stop.arrive_at),
        ("depart", stop.depart_wall, stop.depart_zone, stop.depart_at),
    ):
        if local is not None and settle(local, zone).oddity == "twice":
            values[f"{name}_which"] = "first" if settle(local, zone).at == at else "second"
    return values
