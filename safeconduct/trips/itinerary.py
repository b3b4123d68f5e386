"""The itinerary form: a name and any number of rows, worked with plain submit buttons.

Adding and removing rows keeps everything that was typed. It writes nothing; `drafts()` is for the actions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from safeconduct.lib import ids
from safeconduct.lib.errors import Refused
from safeconduct.trips.drafts import MOST_STOPS, SettledStop, StopDraft, StopRefused, settled_stops
from safeconduct.trips.forms import RowForm, row_values
from safeconduct.trips.frombooking import Row
from safeconduct.trips.localtime import local_of
from safeconduct.trips.models import TITLE_LENGTH, Stop, Trip
from safeconduct.trips.timeline import ends, starts
from safeconduct.trips.whereabouts import Gap


class TitleForm(forms.Form):
    """The trip's name."""

    title = forms.CharField(
        label=gettext_lazy("Name of the trip"),
        required=False,
        help_text=gettext_lazy("For you and your organisation. Left empty, it is made of the places."),
    )

    def clean_title(self) -> str:
        """Refuse a name that is too long; the browser does not cut it, so that nothing is lost unseen."""
        words = " ".join(str(self.cleaned_data["title"]).split())
        if len(words) > TITLE_LENGTH:
            raise forms.ValidationError(
                _("The name may have %(most)d characters; this one has %(count)d.")
                % {"most": TITLE_LENGTH, "count": len(words)}
            )
        return words


@dataclass(frozen=True)
class Fault:
    """One thing to correct: where (the field's id), what it is called, what is wrong."""

    id: str
    label: str
    text: str


class Itinerary:
    """Name and rows together. Rows are numbered from 0; their fields are called s0-place and so on."""

    def __init__(self, *, lang: str, token: str = "", revision: int = 0) -> None:
        self.lang, self.token, self.revision = lang, token or ids.token(), revision
        self.titled = TitleForm()
        self.rows: list[RowForm] = []
        self.general: list[str] = []

    @classmethod
    def blank(cls, lang: str) -> Itinerary:
        """Return the form of a new trip: one stay."""
        form = cls(lang=lang)
        form.rows = [form._row({"kind": Stop.Kind.STAY}, 0, is_leg=False)]
        return form

    @classmethod
    def of_trip(cls, trip: Trip, stops: Sequence[Stop], lang: str) -> Itinerary:
        """Return the form of a stored trip."""
        form = cls(lang=lang, revision=trip.revision)
        form.titled = TitleForm(initial={"title": trip.title})
        form.rows = [
            form._row(row_values(stop, lang), number, is_leg=stop.is_leg) for number, stop in enumerate(stops)
        ]
        return form

    @classmethod
    def of_rows(cls, rows: Sequence[Row], lang: str) -> Itinerary:
        """Return the form of what was read elsewhere, to be looked over."""
        form = cls(lang=lang)
        form.rows = [form._row(row.values, number, is_leg=row.is_leg) for number, row in enumerate(rows)]
        return form

    def add_stay(self, gap: Gap, stops: Sequence[Stop]) -> None:
        """Add a row for the time of a gap, its place left to the traveller."""
        before, after = ends(stops[gap.after])[1], starts(stops[gap.before])[1]
        values = {
            "kind": Stop.Kind.LODGING,
            "arrive": local_of(gap.from_at, before).isoformat(timespec="minutes"),
            "depart": local_of(gap.to_at, after).isoformat(timespec="minutes"),
        }
        self.rows.append(self._row(values, len(self.rows), is_leg=False))

    @classmethod
    def posted(cls, post: Mapping[str, Any], lang: str) -> Itinerary:
        """Return the form as sent. The button pressed (`do`) may add or remove a row; "save" binds the rows."""
        form = cls(lang=lang, token=str(post.get("token", ""))[:40], revision=_number(post.get("revision")))
        do = str(post.get("do", "save"))
        sent = _sent_rows(post)
        if do.startswith("remove-"):
            gone = _number(do.removeprefix("remove-"), MOST_STOPS)
            sent = [row for number, row in enumerate(sent) if number != gone] or [(False, {"kind": Stop.Kind.STAY})]
        elif do == "add-stay":
            sent.append((False, {"kind": Stop.Kind.STAY}))
        elif do == "add-leg":
            sent.append((True, {"kind": Stop.Kind.FLIGHT}))
        if len(sent) > MOST_STOPS:
            form.general.append(_("A trip takes %(most)d stops at most; register two.") % {"most": MOST_STOPS})
        is_bound = do in ("save", "draft")
        form.titled = TitleForm(post) if is_bound else TitleForm(initial={"title": post.get("title", "")})
        form.rows = [
            form._row(values, number, is_leg=is_leg, is_bound=is_bound)
            for number, (is_leg, values) in enumerate(sent[: MOST_STOPS + 1])
        ]
        return form

    @property
    def is_bound(self) -> bool:
        """Return whether it was sent to be saved."""
        return self.titled.is_bound

    def settled(self) -> tuple[list[StopDraft], list[SettledStop]] | None:
        """Return the stops, or None when something is to be corrected (`faults` says what)."""
        valid = self.titled.is_valid()
        for row in self.rows:
            valid = row.is_valid() and valid
        if not valid or self.general:
            return None
        drafts = [row.draft() for row in self.rows]
        try:
            return drafts, settled_stops(drafts)
        except Refused as refused:
            self.refuse(refused)
            return None

    @property
    def title(self) -> str:
        """Return the name, checked."""
        return str(self.titled.cleaned_data["title"])

    def refuse(self, refused: Refused) -> None:
        """Show a refusal at its field, or above the form."""
        if isinstance(refused, StopRefused) and refused.index < len(self.rows):
            row = self.rows[refused.index]
            row.add_error(refused.field if refused.field in row.fields else None, refused.text)
        else:
            self.general.append(refused.text)

    def faults(self) -> list[Fault]:
        """Return what is to be corrected, in order."""
        found = [Fault("", "", text) for text in self.general]
        if not self.is_bound:
            return found
        found += [Fault("id_title", _("Name"), str(text)) for text in self.titled.errors.get("title", [])]
        for number, row in enumerate(self.rows, 1):
            for name, texts in row.errors.items():
                bound = row[name] if name in row.fields else None
                label = _("Stop %(number)d") % {"number": number}
                if bound is not None:
                    label = f"{label}, {bound.label}"
                anchor = bound.id_for_label if bound is not None else f"id_s{number - 1}"
                found += [Fault(str(anchor), label, str(text)) for text in texts]
        return found

    def _row(self, values: Mapping[str, Any], number: int, *, is_leg: bool, is_bound: bool = False) -> RowForm:
        prefix = f"s{number}"
        if not is_bound:
            return RowForm(initial=dict(values), prefix=prefix, is_leg=is_leg, lang=self.lang)
        data = {f"{prefix}-{name}": value for name, value in values.items()}
        return RowForm(data, prefix=prefix, is_leg=is_leg, lang=self.lang)


def oddities(settled: Sequence[SettledStop]) -> list[str]:
    """Return what the traveller should know about times that the clocks leave out."""
    told: list[str] = []
    for one in settled:
        for time in (one.arrive, one.depart):
            if time is not None and time.oddity == "skipped":
                told.append(
                    _("%(typed)s does not exist in %(zone)s: the clocks go forward then. We took %(taken)s.")
                    % {
                        "typed": f"{time.typed:%Y-%m-%d %H:%M}",
                        "zone": time.zone,
                        "taken": f"{time.local:%H:%M}",
                    }
                )
    return told


def _number(value: Any, otherwise: int = 0) -> int:
    text = str(value or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else otherwise


def _sent_rows(post: Mapping[str, Any]) -> list[tuple[bool, dict[str, Any]]]:
    rows: list[tuple[bool, dict[str, Any]]] = []
    for number in range(min(_number(post.get("count")), MOST_STOPS + 1)):
        prefix = f"s{number}-"
        values = {name.removeprefix(prefix): post[name] for name in post if name.startswith(prefix)}
        if values:
            rows.append((values.pop("leg", "") == "1", values))
    return rows
