"""The style sheet of a mail, cut down to the rules that the mail uses.

Every mail carries its styles in its head; of the shared sheet most rules are for other kinds of mail, and a
fan-out would send them a hundred thousand times. Knows flat rules and one level of @media, which is all that
`outbox/mail/base.html` has; rules without a class are always kept.
"""

from __future__ import annotations

import re

_SHEET = re.compile(r"<style>(.*?)</style>", re.S)
_BLOCK = re.compile(
    r"(?P<media>@media[^{]*)\{(?P<inner>(?:[^{}]*\{[^{}]*\})*)\s*\}|(?P<selectors>[^{}@]+)\{(?P<body>[^{}]*)\}"
)
_CLASS = re.compile(r"\.([A-Za-z_][\w-]*)")
_USED = re.compile(r"\bclass=[\"']([^\"']*)[\"']")


def only_used(html: str) -> str:
    """Return the page with one rule a line and without the rules whose classes nobody wears."""
    found = _SHEET.search(html)
    if found is None:
        return html
    used = {name for names in _USED.findall(html[found.end() :]) for name in names.split()}
    return f"{html[: found.start(1)]}\n{_kept(found[1], used)}\n{html[found.end(1) :]}"


def _kept(sheet: str, used: set[str]) -> str:
    rules: list[str] = []
    for block in _BLOCK.finditer(sheet):
        if block["media"]:
            inner = _kept(block["inner"], used)
            if inner:
                rules.append(f"{block['media'].strip()} {{\n{inner}\n}}")
            continue
        selectors = [one.strip() for one in block["selectors"].split(",")]
        worn = [one for one in selectors if used.issuperset(_CLASS.findall(one))]
        if worn:
            rules.append(f"{', '.join(worn)} {{ {block['body'].strip()} }}")
    return "\n".join(rules)
