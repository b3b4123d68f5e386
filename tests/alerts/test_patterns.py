"""No text of a stranger keeps a pattern busy: a message of a megabyte is read in a moment, whatever it repeats."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from safeconduct.alerts.clustering import storm_name
from safeconduct.alerts.formats import cap, usgs
from safeconduct.alerts.formats.geojson import shapes_of
from safeconduct.alerts.formats.text import plain_text
from safeconduct.alerts.parsed import Reference
from safeconduct.lib import geo

from .messages import quake, summary

MANY = 200_000
HOSTILE: dict[str, Callable[[], object]] = {
    "scripts": lambda: plain_text("<script>" * (MANY // 8)),
    "comments": lambda: plain_text("<!--" * (MANY // 4)),
    "conditions": lambda: plain_text("<![if" * (MANY // 5)),
    "blanks in a break": lambda: plain_text("<br" + " " * MANY + "x"),
    "commas": lambda: cap.references("a," * (MANY // 2)),
    "pairs": lambda: cap.references("a,b " * (MANY // 4)),
    "times": lambda: cap.references(",2026-11-20T10:00:00Z " * (MANY // 22)),
    "blanks in a name": lambda: storm_name("a" + " " * MANY + "b"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_the_time_grows_with_the_text_alone(name: str) -> None:
    began = time.process_time()
    HOSTILE[name]()
    assert time.process_time() - began < 3


def test_scripts_and_comments_are_dropped_and_what_never_ends_stays() -> None:
    assert plain_text("a<script>b</script>c<!-- d -->e") == "a c e"
    assert plain_text("a<STYLE x='1'>b</style >c") == "a c"
    assert plain_text("a<!-- no end <script>x</script> b") == "a<!-- no end b"
    assert plain_text("a<![if !mso]>b<![endif]>c") == "a c"


def test_triples_with_blanks_commas_and_junk() -> None:
    text = "junk a@b,x y,z,2026-11-20T10:00:00+00:00\n c@d,2,2026-11-21T10:00:00Z no,time"
    assert cap.references(text) == (
        Reference("a@b", "x y,z", "2026-11-20T10:00:00+00:00"),
        Reference("c@d", "2", "2026-11-21T10:00:00Z"),
    )
    assert cap.references("first,line\na@b,id,2026-11-20T10:00:00Z")[0].identifier == "id"


def scattered(count: int) -> str:
    """Points in no order, as somebody may list strokes of lightning."""
    drawn = random.Random(count)  # for shapes, not for secrets
    return " ".join(f"{drawn.uniform(40, 50):.3f},{drawn.uniform(10, 20):.3f}" for _ in range(count))


@pytest.mark.parametrize("count", [100, 200])
def test_points_in_no_order_are_an_area_in_a_moment(count: int) -> None:
    began = time.process_time()
    shape = geo.polygon_from_cap(scattered(count))
    assert time.process_time() - began < 5
    assert shape.is_valid and shape.area > 50


@pytest.mark.parametrize(
    "points", [scattered(5000), " ".join(f"{40 + n % 2},{n / 1000}" for n in range(50_000))]
)
def test_edges_that_cross_everywhere_are_refused_in_a_moment(points: str) -> None:
    began = time.process_time()
    with pytest.raises(geo.BadShape, match="cross each other everywhere"):
        geo.polygon_from_cap(points)
    assert time.process_time() - began < 5


def test_a_figure_beyond_all_measure_takes_no_other_entry_along() -> None:
    huge = quake("us2", ids=",us2,", mag=10**400, mmi=10**400)
    parsed = usgs.parse(summary(quake("us1"), huge))
    assert "us1" in [alert.identifier for alert in parsed.alerts]


def test_a_thousand_holes_are_cut_out_at_once() -> None:
    corner = [(n // 40 + 1, n % 40 + 1) for n in range(1000)]
    holes = [[[x, y], [x + 0.5, y], [x + 0.5, y + 0.5], [x, y]] for x, y in corner]
    shell = [[0, 0], [50, 0], [50, 50], [0, 50], [0, 0]]
    began = time.process_time()
    (shape,) = shapes_of({"type": "Polygon", "coordinates": [shell, *holes]}, pytest.fail)
    assert time.process_time() - began < 3
    assert shape.area == pytest.approx(50 * 50 - 1000 * 0.125)
