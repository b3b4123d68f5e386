"""What the desk asks about an event: what it is the same as, and where it matters instead. Checks shape, decides nothing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from shapely.geometry.base import BaseGeometry

from safeconduct.alerts.models import Incident
from safeconduct.lib.geo import BadShape
from safeconduct.ops.desk import shapes
from safeconduct.ops.desk.eventlists import Near

WAYS = (
    ("circle", gettext_lazy("A circle around a place")),
    ("polygon", gettext_lazy("A polygon by its corners")),
    ("geojson", gettext_lazy("GeoJSON")),
    ("nowhere", gettext_lazy("Nowhere: it concerns nobody")),
)


class MergeForm(forms.Form):
    """Which other events are the same, and why."""

    others = forms.MultipleChoiceField(
        label=gettext_lazy("Events near this one"), required=False, widget=forms.CheckboxSelectMultiple
    )
    other_id = forms.CharField(
        label=gettext_lazy("Another event"), required=False, max_length=300,
        help_text=gettext_lazy("Its id, or the address of its page at the desk."),
    )  # fmt: skip
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)

    def __init__(self, *args: Any, near: list[Near], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["others"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  # for the types
        field.choices = [(one.summary.incident.public_id, _near_words(one)) for one in near]
        if not near:
            del self.fields["others"]

    def clean(self) -> dict[str, Any]:
        """Find the events that are meant."""
        data = super().clean() or {}
        ids = list(data.get("others") or ())
        if typed := str(data.get("other_id") or "").strip().rstrip("/").rpartition("/")[2]:
            ids.append(typed)
        rows = list(Incident.objects.filter(public_id__in=ids))
        if len(rows) < len(set(ids)):
            self.add_error("other_id", _("There is no event with this id."))
        elif not rows:
            raise ValidationError(_("Choose an event, or give its id."))
        data["incidents"] = rows
        return data


def _near_words(one: Near) -> str:
    words = {"headline": one.headline[:100], "sources": ", ".join(one.summary.sources[:3])}
    if one.km is None:
        return _("%(headline)s (%(sources)s)") % words
    return _("%(headline)s (%(sources)s), %(km)d km away") % {**words, "km": round(one.km)}


class SplitForm(forms.Form):
    """Why an event is another one."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=500)


class AreaForm(forms.Form):
    """Where a version matters instead."""

    way = forms.ChoiceField(
        label=gettext_lazy("The right area"), choices=WAYS, widget=forms.RadioSelect, initial="circle"
    )
    around = forms.CharField(
        label=gettext_lazy("Centre of the circle"), required=False, max_length=120,
        help_text=gettext_lazy("A city or airport, or latitude and longitude: 38.72, -9.14"),
    )  # fmt: skip
    km = forms.FloatField(label=gettext_lazy("Radius in km"), required=False)
    polygon = forms.CharField(
        label=gettext_lazy("Corners of the polygon"), required=False, max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("As in CAP: “lat,lon lat,lon lat,lon …”, one polygon a line."),
    )  # fmt: skip
    geojson = forms.CharField(
        label=gettext_lazy("GeoJSON text"), required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("A feature, a collection or a geometry with polygons."),
    )  # fmt: skip
    file = forms.FileField(
        label=gettext_lazy("GeoJSON file"), required=False, help_text=gettext_lazy("At most 1 MB.")
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), max_length=500,
        help_text=gettext_lazy("It is shown beside the area, also to travellers."),
    )  # fmt: skip

    shape: BaseGeometry | None = None
    centre = ""

    def clean(self) -> dict[str, Any]:
        """Read the area in the way that was chosen."""
        data = super().clean() or {}
        way = data.get("way")
        name = {"circle": "around", "polygon": "polygon", "geojson": "geojson"}.get(str(way))
        if name is None or self.errors:
            return data
        try:
            self.shape = self._read(str(way), data)
        except BadShape as error:
            self.add_error(name, str(error))
        return data

    def _read(self, way: str, data: dict[str, Any]) -> BaseGeometry:
        if way == "circle":
            if not data.get("around"):
                raise BadShape(_("Name the centre of the circle."))
            shape, self.centre = shapes.from_circle(data["around"], data.get("km") or 0.0)
            return shape
        if way == "polygon":
            return shapes.from_polygon(data.get("polygon") or "")
        return shapes.from_geojson(self._text(data))

    def _text(self, data: dict[str, Any]) -> str:
        upload = data.get("file")
        if upload is None:
            text = str(data.get("geojson") or "")
            if not text.strip():
                raise BadShape(_("Paste GeoJSON, or choose a file."))
        else:
            if upload.size > shapes.MOST_BYTES:
                raise BadShape(_("The file is larger than 1 MB."))
            try:
                text = upload.read().decode("utf-8-sig")
            except UnicodeDecodeError:
                raise BadShape(_("The file is not UTF-8 text.")) from None
        if len(text) > shapes.MOST_BYTES:
            raise BadShape(_("The text is larger than 1 MB."))
        return text
