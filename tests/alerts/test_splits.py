"""A warning that is split, its parts read one by one: no part silences another, in whatever order they come."""

from __future__ import annotations

from itertools import permutations

import pytest

from safeconduct.alerts.models import AlertVersion, Event

from .messages import message, put, triple

pytestmark = pytest.mark.django_db
NORTH = "40,-10 40,-8 42,-8 42,-10 40,-10"
SOUTH = "36,-10 36,-8 38,-8 38,-10 36,-10"
AT = "2026-11-20T11:00:00+00:00"
A_BIT_LATER = "2026-11-20T11:00:45+00:00"
LATER = "2026-11-20T11:30:00+00:00"
WHOLE = message("A", polygon="36,-10 36,-8 42,-8 42,-10 36,-10")


def part(identifier: str, before: str = "A", **more: str) -> bytes:
    references = more.pop("references", triple(before))
    return message(
        identifier, msg_type=more.pop("msg_type", "Update"), references=references, **{"sent": AT, **more}
    )


def active() -> set[str]:
    rows = Event.objects.filter(state="active").select_related("current_version")
    return {row.current_version.identifier for row in rows if row.current_version}


@pytest.mark.parametrize("order", list(permutations(["A", "N", "S"])))
@pytest.mark.parametrize("sent", [AT, A_BIT_LATER])
def test_both_parts_are_in_force_in_whatever_order_they_come(order: tuple[str, ...], sent: str) -> None:
    documents = {"A": WHOLE, "N": part("N", polygon=NORTH), "S": part("S", polygon=SOUTH, sent=sent)}
    for _ in range(2):
        for name in order:
            put(documents[name])
        assert active() == {"N", "S"}
    assert AlertVersion.objects.count() == 3
    assert Event.objects.filter(state="active").count() == 2


def test_the_other_part_is_told_as_new_and_says_why() -> None:
    put(WHOLE)
    assert put(part("N", polygon=NORTH)).outcome == "updated"
    split = put(part("S", polygon=SOUTH))
    assert split.outcome == "new" and split.version.event.identity_key == "S"
    assert split.version.notes[-1] == "the message before it was split; N goes on with it"


def test_each_part_goes_on_and_ends_by_itself_though_it_names_its_whole_chain() -> None:
    for document in (WHOLE, part("N", polygon=NORTH), part("S", polygon=SOUTH)):
        put(document)
    chain = f"{triple('A')} {triple('S', AT)}"
    put(part("S2", references=chain, polygon=SOUTH, sent=LATER))
    assert active() == {"N", "S2"}
    assert Event.objects.get(identity_key="S").versions.count() == 2
    put(
        part("C", references=f"{chain} {triple('S2', LATER)}", msg_type="Cancel", sent="2026-11-20T11:40:00Z")
    )
    assert active() == {"N"}
    put(
        part(
            "D", references=f"{triple('A')} {triple('N', AT)}", msg_type="Cancel", sent="2026-11-20T11:41:00Z"
        )
    )
    assert active() == set()


@pytest.mark.parametrize("is_first", [True, False])
def test_a_part_that_is_over_ends_nothing_but_itself(is_first: bool) -> None:
    put(WHOLE)
    parts = [part("N", polygon=NORTH), part("C", polygon=SOUTH, response="AllClear")]
    for document in reversed(parts) if is_first else parts:
        put(document)
    assert active() == {"N"}
    assert Event.objects.get(identity_key="A").current_version.identifier == "N"  # type: ignore[union-attr]


def test_a_message_that_comes_after_its_brothers_successor_is_still_told() -> None:
    put(WHOLE)
    put(part("N", polygon=NORTH))
    put(part("N2", before="N", polygon=NORTH, sent=LATER))
    assert put(part("S", polygon=SOUTH)).outcome == "new"
    assert active() == {"N2", "S"}


def test_what_follows_later_or_names_the_other_is_no_split() -> None:
    put(WHOLE)
    put(part("N", polygon=NORTH))
    put(part("M", before="N", polygon=NORTH, sent=A_BIT_LATER))
    assert active() == {"M"}
    put(part("O", polygon=NORTH, sent=LATER))
    assert active() == {"O"}
    assert Event.objects.count() == 1


def test_another_sender_splits_nothing() -> None:
    put(WHOLE)
    put(part("N", polygon=NORTH))
    put(part("X", polygon=SOUTH, sender="other@example.org"))
    assert active() == {"N", "X"}
    put(part("C", msg_type="Cancel", references=triple("N", AT), sent=LATER))
    assert active() == {"X"}


def test_two_events_that_become_one_still_do() -> None:
    put(message("A", polygon=NORTH))
    put(message("B", polygon=SOUTH))
    put(part("U", references=f"{triple('A')} {triple('B')}"))
    assert active() == {"U"}
    assert Event.objects.get(identity_key="B").ended_reason == "replaced"


@pytest.mark.parametrize("last", ["Update", "Cancel"])
def test_a_quick_chain_is_one_event_and_no_split(last: str) -> None:
    """Three messages within seconds, each naming the one before: the first is no part beside the third."""
    moments = [f"2026-11-20T11:00:0{second}+00:00" for second in (0, 2, 4, 6)]
    put(message("M0", sent=moments[0]))
    put(part("M1", references=triple("M0", moments[0]), sent=moments[1]))
    put(part("M2", references=triple("M1", moments[1]), sent=moments[2]))
    assert active() == {"M2"} and Event.objects.count() == 1
    put(part("M3", references=triple("M2", moments[2]), sent=moments[3], msg_type=last))
    assert Event.objects.count() == 1
    assert active() == ({"M3"} if last == "Update" else set())
