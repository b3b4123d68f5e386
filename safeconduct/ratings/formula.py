"""The published formula: from official advice, health notices, alerts and facts to a rating. Pure: no ORM, no clock.

`docs/ratings.md` says the same in words. A rating is a pointer for planning, not a measurement: it adds what others
publish, and every input is kept with it. Where too little is known the value is unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

VERSION: Final = "2"

SECURITY: Final = "security"
MEDICAL: Final = "medical"

# Score up to and including → value. The score of security is on the governments' scale of 1 to 4.
SECURITY_STEPS: Final = (
    (1.25, "minimal"),
    (2.25, "low"),
    (2.75, "moderate"),
    (3.5, "high"),
    (9.0, "extreme"),
)
MEDICAL_STEPS: Final = ((0.75, "low"), (1.75, "moderate"), (2.75, "high"), (99.0, "extreme"))

# A quarter of how much worse the worst parts are: a region is not the country.
PARTS_SHARE: Final = 0.25
SEVERE_ALERT, EXTREME_ALERT = 0.25, 0.5

WATER: Final = {"safe": (0.0, 0.0), "safe_cities": (0.0, 0.75), "not_safe": (0.75, 0.75)}
"""Value of the fact → points where it is best, points where it is worst."""
PRESENCE: Final = {"none": (0.0, 0.0), "part": (0.0, 0.75), "present": (0.0, 0.75), "all": (0.75, 0.75)}
"""“present”: there is a risk, and nobody says how far it reaches; the best part may be without."""
NOTICE: Final = {1: 0.0, 2: 0.5, 3: 1.0, 4: 2.0}
"""Level of a health notice → points; the worst one counts."""

FACTS: Final = ("tap_water", "malaria", "yellow_fever")

# With less than this, nothing is said.
LEAST_MEDICAL_FACTS: Final = 2

NO_NOTICE: Final = "none"
"""What a health authority says that is read and has no notice for the country."""


@dataclass(frozen=True, slots=True)
class Input:
    """One thing that counted. `code` names the kind, `says` its value in stable words, `points` what it added where it
    is best and where it is worst; `url` where it can be read, `on` the day (ISO) it is from. `source` is the key of who
    says so, `entry` the entry of its register and `number` that entry's version; `warns_only` as in `Advice`."""

    code: str
    who: str
    says: str
    points: tuple[float, float] = (0.0, 0.0)
    url: str = ""
    on: str = ""
    source: str = ""
    entry: str = ""
    number: int = 0
    warns_only: bool = False

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Input:
        """Read one as `Outcome.as_rows` writes it; the order and what is missing do not matter."""
        known = {name: row[name] for name in cls.__slots__ if name in row}
        low, high = known.pop("points", (0.0, 0.0))
        return cls(points=(float(low), float(high)), **known)


@dataclass(frozen=True, slots=True)
class Advice:
    """What one entry of a publisher says about the whole country, and about its worst part. Level 0: an authority that
    is read has no notice. `warns_only`: it warns or does not, and its level 1 is “no formal warning”."""

    issuer: str
    level: int
    level_max: int
    url: str = ""
    on: str = ""
    source: str = ""
    entry: str = ""
    number: int = 0
    warns_only: bool = False

    @property
    def says(self) -> str:
        """Its levels as an input keeps them."""
        if not self.level:
            return NO_NOTICE
        return str(self.level) if self.level == self.level_max else f"{self.level}/{self.level_max}"


@dataclass(frozen=True, slots=True)
class AlertCount:
    """Active official alerts of one severity about people's safety, within the country."""

    severity: str
    count: int
    url: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value (empty: unknown), the score it came from (None: unknown), every input."""

    value: str
    score: float | None
    inputs: tuple[Input, ...]

    def as_rows(self) -> list[dict[str, Any]]:
        """The inputs as JSON keeps them."""
        return [
            {name: list(row.points) if name == "points" else getattr(row, name) for name in Input.__slots__}
            for row in self.inputs
        ]


def security(advice: Sequence[Advice], alerts: Sequence[AlertCount]) -> Outcome:
    """Median level of the governments, a quarter of how much worse its worst parts are, and active alerts.

    A government counts once: of several entries for one country the mildest is about the whole of it, the others are
    about parts. Without a government there is no value, whatever the alerts say: a country that warns well is not a
    worse one.
    """
    if not advice:
        return Outcome("", None, ())
    base = _middle(advice, lambda rows: min(row.level for row in rows))
    worst = _middle(advice, lambda rows: max(row.level_max for row in rows))
    parts = PARTS_SHARE * max(0.0, worst - base)
    alarm = max((_alarm(row) for row in alerts), default=0.0)
    inputs = [
        _said("advice", row, (float(row.level), float(row.level_max))) for row in sorted(advice, key=_order)
    ]
    inputs.append(Input("median", "", f"{base:g}", (base, base)))
    if parts:
        inputs.append(Input("parts", "", f"{worst:g}", (parts, parts)))
    inputs += _counted("alerts", alerts)
    score = round(base + parts + alarm, 3)
    return Outcome(_step(score, SECURITY_STEPS), score, tuple(inputs))


def _middle(advice: Sequence[Advice], level_of: Callable[[list[Advice]], int]) -> float:
    """Median of the governments, or of those with a whole scale when that is worse."""
    by_source: dict[str, list[Advice]] = defaultdict(list)
    for row in advice:
        by_source[row.source or row.issuer].append(row)
    everybody = [level_of(rows) for rows in by_source.values()]
    graded = [level_of(rows) for rows in by_source.values() if not rows[0].warns_only]
    return float(max(median(everybody), median(graded or everybody)))


def medical(
    facts: Sequence[tuple[str, str, str, str]],
    notices: Sequence[Advice],
    outbreaks: Sequence[AlertCount] = (),
) -> Outcome:
    """Tap water, malaria, yellow fever, and the worst health notice in force.

    `facts` are (field, value, source title, ISO day); `unknown` values do not count. Where the best and the worst part
    of a country are two steps apart, the value is `variable`. The standard of care is not among the inputs: nobody
    publishes it for all countries; an editor's override is the place for it.
    """
    inputs: list[Input] = []
    low = high = 0.0
    for field, value, source, on in facts:
        points = (WATER if field == "tap_water" else PRESENCE).get(value)
        if points is None:
            continue
        low, high = low + points[0], high + points[1]
        inputs.append(Input(field, source, value, points, "", on))
    if len(inputs) < LEAST_MEDICAL_FACTS:
        return Outcome("", None, tuple(inputs))
    notice = 0.0
    for row in sorted(notices, key=_order):
        points = (NOTICE[row.level], NOTICE[row.level_max]) if row.level else (0.0, 0.0)
        inputs.append(_said("notice", row, points))
        notice = max(notice, points[1])
    alarm = max((_alarm(row) for row in outbreaks), default=0.0)
    inputs += _counted("outbreaks", outbreaks)
    low, high = round(low + notice + alarm, 3), round(high + notice + alarm, 3)
    best, worst = _index(low, MEDICAL_STEPS), _index(high, MEDICAL_STEPS)
    value = "variable" if worst - best >= 2 else MEDICAL_STEPS[worst][1]
    return Outcome(value, high, tuple(inputs))


def reckon(kind: str, rows: Iterable[Mapping[str, Any] | Input]) -> Outcome:
    """Reckon again from inputs as they were kept: nothing else is needed. What was only a sum is made anew."""
    inputs = [row if isinstance(row, Input) else Input.of(row) for row in rows]
    if kind == SECURITY:
        return security(_advice("advice", inputs), _alerts("alerts", inputs))
    facts = [(row.code, row.says, row.who, row.on) for row in inputs if row.code in FACTS]
    return medical(facts, _advice("notice", inputs), _alerts("outbreaks", inputs))


def _advice(code: str, inputs: Sequence[Input]) -> list[Advice]:
    found = []
    for row in inputs:
        if row.code == code:
            level, _slash, worst = row.says.replace(NO_NOTICE, "0").partition("/")
            levels = int(level), int(worst or level)
            found.append(
                Advice(row.who, *levels, row.url, row.on, row.source, row.entry, row.number, row.warns_only)
            )
    return found


def _alerts(code: str, inputs: Sequence[Input]) -> list[AlertCount]:
    return [AlertCount(row.who, int(row.says), row.url) for row in inputs if row.code == code]


def _said(code: str, row: Advice, points: tuple[float, float]) -> Input:
    return Input(
        code, row.issuer, row.says, points, row.url, row.on, row.source, row.entry, row.number, row.warns_only
    )


def _counted(code: str, alerts: Sequence[AlertCount]) -> list[Input]:
    return [
        Input(code, row.severity, str(row.count), (_alarm(row), _alarm(row)), row.url)
        for row in alerts
        if row.count
    ]


def _order(row: Advice) -> tuple[str, str, str]:
    return row.issuer, row.entry, row.url


def _alarm(row: AlertCount) -> float:
    if not row.count:
        return 0.0
    return {"Severe": SEVERE_ALERT, "Extreme": EXTREME_ALERT}.get(row.severity, 0.0)


def _index(score: float, steps: Sequence[tuple[float, str]]) -> int:
    return next(number for number, (limit, _value) in enumerate(steps) if score <= limit)


def _step(score: float, steps: Sequence[tuple[float, str]]) -> str:
    return steps[_index(score, steps)][1]
