"""Template tags for all rooms: icons, severity, times, phone numbers, sources, form fields.

They print one design everywhere. They refuse to query: whatever is shown is handed in by the view.
"""

from datetime import date, datetime
from typing import Any

from django import template
from django.contrib.staticfiles import finders
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, HiddenInput, RadioSelect
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from safeconduct.lib import bidi as directions
from safeconduct.lib import clock, phones, timewords
from safeconduct.web import levels

register = template.Library()

LEVELS = {"0", "1", "2", "3", "4", "5", "v"}


def _level(value: object) -> str:
    text = str(value)
    return text if text in LEVELS else "0"


@register.simple_tag
def icon(name: str, flip: bool = False) -> SafeString:
    """An icon of the sprite. `flip` turns arrows right-to-left."""
    return format_html(
        '<svg class="icon{}" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        " icon--flip" if flip else "",
        static("web/icons.svg"),
        name,
    )


@register.simple_tag
def mark() -> SafeString:
    """The seal of the product, without the icon class (the masthead sizes it)."""
    return format_html('<svg aria-hidden="true"><use href="{}#i-mark"/></svg>', static("web/icons.svg"))


@register.simple_tag
def guilloche() -> SafeString:
    """The line work of landing, welcome, card and certificate."""
    return format_html(
        '<svg class="guilloche" viewBox="0 0 600 600" aria-hidden="true"><use href="{}#guilloche"/></svg>',
        static("web/guilloche.svg"),
    )


@register.simple_tag
def sprite(name: str) -> str:
    """The address of one icon, where the svg element is written by hand."""
    return f"{static('web/icons.svg')}#i-{name}"


@register.simple_tag
def sign(level: object) -> SafeString:
    """The sign of a severity level; only beside a word."""
    return format_html(
        '<svg class="sign" aria-hidden="true"><use href="{}#i-s-{}"/></svg>',
        static("web/icons.svg"),
        _level(level),
    )


@register.simple_tag
def badge(level: object, word: str | Promise) -> SafeString:
    """Sign and word of a level or a state."""
    return format_html('<span class="badge s-{}">{}{}</span>', _level(level), sign(level), word)


@register.simple_tag
def severity(value: object) -> SafeString:
    """The badge of a CAP severity."""
    found = levels.severity(value)
    return badge(found.level, found.word)


@register.filter
def severity_level(value: object) -> str:
    return str(levels.severity(value).level)


@register.filter
def severity_word(value: object) -> str:
    return str(levels.severity(value).word)


@register.simple_tag
def state(code: object) -> SafeString:
    """The badge of a stored state code."""
    found = levels.state(code)
    return badge(found.level, found.word)


def _unknown() -> SafeString:
    return format_html('<span class="unknown">{}</span>', _("unknown"))


@register.simple_tag
def when(at: datetime | None, zone: str | None = None) -> SafeString:
    """An instant as weekday, local time and zone at the place."""
    if at is None:
        return _unknown()
    local = timewords.in_zone(at, zone)
    words = timewords.moment_words(at, zone, this_year=clock.now().year)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(timespec="minutes"), words)


@register.simple_tag
def when_span(start: datetime | None, end: datetime | None, zone: str | None = None) -> SafeString:
    """Two instants, "to" between them."""
    if start is None and end is None:
        return _unknown()
    if start is None:
        return format_html(_("until {}"), when(end, zone))
    if end is None:
        return format_html(_("from {}, end unknown"), when(start, zone))
    return format_html(
        '<span class="span">{}</span>', timewords.span_words(start, end, zone, this_year=clock.now().year)
    )


@register.simple_tag
def day(on: date | None, always_year: bool = False) -> SafeString:
    """A date with its weekday; `always_year` for what is kept or printed: cards, validity, versions, sources."""
    if on is None:
        return _unknown()
    this_year = 0 if always_year else clock.now().year
    return format_html('<time datetime="{}">{}</time>', on.isoformat(), timewords.day_words(on, this_year=this_year))


@register.filter
def bidi(value: object) -> str:
    """Text with codes, numbers with units and foreign names set apart where the page runs from right to left."""
    return directions.isolated(str(value)) if get_language_bidi() else str(value)


@register.simple_tag
def tel(number: str | None, label: str = "", call: bool = False) -> SafeString:
    """A phone number as a `tel:` link in figures; plain text when it lacks a country code.

    `label` is read out before the number; `call` draws the link of the help line.
    """
    found = phones.dialled(number or "")
    if not found.text:
        return _unknown()
    if not found.uri:
        return format_html('<span class="ltr">{}</span>', found.text)
    spoken = format_html('<span class="sr">{} </span>', label) if label else ""
    if call:
        return format_html(
            '<a class="call" href="{}">{}{}{}</a>', found.uri, icon("call"), spoken, found.text
        )
    return format_html('<a href="{}">{}{}</a>', found.uri, spoken, found.text)


@register.simple_tag
def src(
    name: str | None, at: datetime | date | None = None, url: str = "", licence: str = "", zone: str = ""
) -> SafeString:
    """The line under an outside fact: source, date, licence."""
    if not name:
        return format_html('<p class="src">{}</p>', _("Source unknown"))
    title = format_html('<a href="{}" rel="noreferrer">{}</a>', url, name) if url else name
    parts: list[object] = [title]
    if at is not None:
        parts.append(when(at, zone or None) if isinstance(at, datetime) else day(at))
    if licence:
        parts.append(licence)
    joined = format_html(", ".join("{}" for _part in parts), *parts)
    return format_html('<p class="src">{}</p>', joined)


@register.inclusion_tag("web/parts/tile.html")
def tile(name: str, url: str, title: str, text: str = "") -> dict[str, Any]:
    """One way to a tool, inside `<ul class="tiles">`."""
    return {"icon_name": name, "url": url, "title": title, "text": text}


def _kind(field: BoundField) -> str:
    widget = field.field.widget
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, CheckboxInput):
        return "tick"
    return "hidden" if isinstance(widget, HiddenInput) or field.is_hidden else "plain"


@register.inclusion_tag("web/parts/field.html")
def field(
    bound: BoundField, label: str = "", hint: str = "", optional: bool = True, **attrs: str
) -> dict[str, Any]:
    """A form field: label, widget, hint, errors, and what a screen reader needs to tie them together.

    Further keywords become attributes of the widget, underscores as hyphens: `{% field form.q data_suggest=url %}`.
    """
    base = bound.auto_id or bound.html_name
    text = hint or bound.help_text
    kind = _kind(bound)
    described = [f"{base}_hint"] if text else []
    if bound.errors:
        described.append(f"{base}_error")
    given: dict[str, Any] = {name.replace("_", "-"): value for name, value in attrs.items()}
    if described and kind != "choices":
        given["aria-describedby"] = " ".join(described)
    if bound.errors and kind != "choices":
        given["aria-invalid"] = "true"
    return {
        "field": bound,
        "base": base,
        "kind": kind,
        "label": label or bound.label,
        "hint": text,
        "described": " ".join(described),
        "optional": optional and not bound.field.required and kind == "plain",
        "widget": bound.as_widget(attrs=given) if kind != "choices" else "",
        "choices": list(bound) if kind == "choices" else [],
    }


@register.simple_tag
def widget(bound: BoundField, **attrs: str) -> SafeString:
    """Only the widget of a field, with attributes (underscores as hyphens) and `aria-invalid` when wrong."""
    given: dict[str, str | bool] = {name.replace("_", "-"): value for name, value in attrs.items()}
    if bound.errors:
        given["aria-invalid"] = "true"
    return SafeString(bound.as_widget(attrs=given))


@register.simple_tag
def fields(form: BaseForm) -> SafeString:
    """All fields of a form in their order."""
    page = get_template("web/parts/field.html")
    visible = [page.render(field(bound)) for bound in form.visible_fields()]
    hidden = [str(bound) for bound in form.hidden_fields()]
    return mark_safe("\n".join([*visible, *hidden]))  # noqa: S308 - both come from rendered templates


@register.inclusion_tag("web/parts/errors.html")
def errors(form: BaseForm | None) -> dict[str, Any]:
    """The summary of what is wrong in a form, with links to the fields."""
    if form is None or not form.is_bound or form.is_valid():
        return {"count": 0}
    general = list(form.non_field_errors())
    for bound in form.hidden_fields():
        general += list(bound.errors)
    faults = [
        {"id": bound.id_for_label or bound.auto_id, "label": bound.label, "text": text}
        for bound in form.visible_fields()
        for text in bound.errors
    ]
    return {"general": general, "faults": faults, "count": len(general) + len(faults)}


@register.simple_tag
def vendor_css(name: str) -> SafeString:
    """A style sheet that the asset build provides; nothing when it was not built."""
    path = f"vendor/{name}"
    if not finders.find(path):
        return mark_safe("")
    return format_html('<link rel="stylesheet" href="{}">', static(path))


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: object) -> str:
    """The page's query string with some parameters changed (None removes); for pagers and filters."""
    values = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None:
            values.pop(name, None)
        else:
            values[name] = str(value)
    return f"?{values.urlencode()}"


@register.simple_block_tag
def trail(content: str) -> SafeString:
    """ "You are here": wraps list items in nav and list; nothing when there are none."""
    items = content.strip()
    if not items:
        return mark_safe("")
    return format_html(
        '<nav class="crumbs" aria-label="{}"><ol>{}</ol></nav>',
        _("You are here"),
        mark_safe(items),  # noqa: S308
    )
