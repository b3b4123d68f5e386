"""Telling people, and what they may ask for.

`tell_many` writes a notice for each person, told or not and why not, and the deliveries, in one transaction: what
is in the outbox has a notice and the other way round. The same key is the same news: a second call says nothing.
It decides nothing about alerts and trips; `matching` hands in finished words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from safeconduct.accounts.models import User
from safeconduct.audit import actions as audit
from safeconduct.lib import clock
from safeconduct.lib.errors import Refused
from safeconduct.notify.addresses import addresses_of
from safeconduct.notify.hooks import switches
from safeconduct.notify.models import FromSeverity, Notice, Subscription, UnsubscribeLink
from safeconduct.notify.queries import Recipient, recipients
from safeconduct.orgs.access import Seat
from safeconduct.orgs.models import Organisation
from safeconduct.outbox import actions as outbox
from safeconduct.places.models import Place

MOST_AT_ONCE: Final = 1000
MOST_SUBSCRIPTIONS: Final = 50
WhyNot = Notice.WhyNot


@dataclass(frozen=True)
class News:
    """What is told. `content` gives the words of a mail in a language; they are rendered once per language and
    organisation, so nothing personal belongs in them. `content_key` names them."""

    kind: str
    subject_key: str
    content_key: str
    content: Callable[[str], Mapping[str, Any]]
    severity: str = ""


@dataclass(frozen=True, slots=True)
class Telling:
    """One person's part. `key` without the kind; `slots` gives the personal words for a recipient; `stops` is
    purpose and target of the unsubscribe address; `why_not` says that the person is not to be told."""

    key: str
    user_id: int
    organisation_id: int
    slots: Callable[[Recipient], Mapping[str, str]]
    stops: tuple[str, str] | None = None
    why_not: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """The outcome: how many deliveries are new, and the keys of everybody who has been told, now or earlier."""

    new: int
    keys: frozenset[str]


def tell(news: News, telling: Telling) -> Notice:
    """Tell one person; return the notice, the earlier one when they heard this already."""
    tell_many(news, [telling])
    return Notice.objects.for_org(telling.organisation_id).get(key=f"{news.kind}:{telling.key}")


def tell_many(news: News, tellings: Sequence[Telling]) -> Told:
    """Tell up to MOST_AT_ONCE people in the caller's transaction.

    Raises ValueError for more: a worker's transaction stays short.
    """
    if len(tellings) > MOST_AT_ONCE:
        raise ValueError(f"at most {MOST_AT_ONCE} people at once")
    with transaction.atomic():
        known = _known(news, tellings)
        fresh = [telling for telling in {t.key: t for t in tellings}.values() if telling.key not in known]
        people = recipients({telling.user_id for telling in fresh})
        houses = Organisation.objects.in_bulk({telling.organisation_id for telling in fresh})
        reasons = {
            telling.key: _why_not(telling, people.get(telling.user_id), houses[telling.organisation_id])
            for telling in fresh
        }
        _write_notices(news, fresh, reasons)
        now_told = [telling for telling in fresh if not reasons[telling.key]]
        new = _deliver(news, now_told, people, houses)
        earlier = {key for key, told in known.items() if told}
        return Told(new, frozenset(earlier | {telling.key for telling in now_told}))


def _known(news: News, tellings: Sequence[Telling]) -> dict[str, bool]:
    """The keys that have a notice already, and whether they were told."""
    keyed = {f"{news.kind}:{telling.key}": telling.key for telling in tellings}
    known: dict[str, bool] = {}
    for organisation_id in {telling.organisation_id for telling in tellings}:
        rows = Notice.objects.for_org(organisation_id).filter(key__in=list(keyed))
        known |= {keyed[key]: told for key, told in rows.values_list("key", "told")}
    return known


def _why_not(telling: Telling, person: Recipient | None, house: Organisation) -> str:
    if telling.why_not:
        return telling.why_not
    if person is None or not person.is_active:
        return WhyNot.PERSON_INACTIVE
    if not house.is_active:
        return WhyNot.ORGANISATION_INACTIVE
    return "" if person.address else WhyNot.NO_ADDRESS


def _write_notices(news: News, tellings: Iterable[Telling], reasons: Mapping[str, str]) -> None:
    now = clock.now()
    Notice.objects.bulk_create(
        Notice(
            organisation_id=telling.organisation_id,
            user_id=telling.user_id,
            kind=news.kind,
            key=f"{news.kind}:{telling.key}",
            subject_key=news.subject_key,
            severity=news.severity,
            context=dict(telling.context),
            created_at=now,
            told=not reasons[telling.key],
            why_not=reasons[telling.key],
        )
        for telling in tellings
    )


def _deliver(
    news: News,
    tellings: Sequence[Telling],
    people: Mapping[int, Recipient],
    houses: Mapping[int, Organisation],
) -> int:
    links = _links(tellings)
    groups: dict[tuple[int, str], list[outbox.Row]] = {}
    for telling in tellings:
        person = people[telling.user_id]
        slots = {"name": person.name, **telling.slots(person)}
        row = outbox.Row(
            f"{news.kind}:{telling.key}", person.address, slots, links[telling.stops] if telling.stops else ""
        )
        groups.setdefault((telling.organisation_id, person.language), []).append(row)
    added = 0
    # In one order everywhere: two workers that both write the messages of two languages would wait for each other.
    for (organisation_id, language), rows in sorted(groups.items()):
        message = outbox.compose(
            news.kind,
            content_key=f"{news.content_key}:org:{organisation_id}",
            language=language,
            context=news.content(language),
            organisation_id=organisation_id,
            from_name=houses[organisation_id].name,
        )
        added += outbox.enqueue_many(message, rows)
    return added


def _links(tellings: Sequence[Telling]) -> dict[tuple[str, str], str]:
    """The unsubscribe addresses of all targets; rows that are missing are made."""
    wanted = {telling.stops: telling for telling in tellings if telling.stops is not None}
    found = _known_links(wanted)
    missing = [telling for stops, telling in wanted.items() if stops not in found]
    if missing:
        UnsubscribeLink.objects.bulk_create(
            (
                UnsubscribeLink(
                    organisation_id=telling.organisation_id,
                    user_id=telling.user_id,
                    purpose=telling.stops[0],
                    target=telling.stops[1],
                )
                for telling in missing
                if telling.stops is not None
            ),
            ignore_conflicts=True,
        )
        found = _known_links(wanted)
    address = addresses_of("notify:unsubscribe")
    return {stops: address(token) for stops, token in found.items()}


def _known_links(wanted: Mapping[tuple[str, str], Telling]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    targets = [target for _purpose, target in wanted]
    for organisation_id in {telling.organisation_id for telling in wanted.values()}:
        rows = UnsubscribeLink.objects.for_org(organisation_id).filter(target__in=targets)
        for purpose, target, token in rows.values_list("purpose", "target", "token"):
            found[(purpose, target)] = token
    return found


def subscribe(seat: Seat, *, place: Place, from_severity: str) -> Subscription:
    """Return the person's subscription to a destination; asking again changes its severity."""
    if not seat.is_current:
        raise Refused("membership.ended", _("Your membership has ended. It no longer sends e-mail alerts."))
    if from_severity not in FromSeverity.values:
        raise Refused("subscription.severity", _("Choose from which severity on you want e-mail."))
    with transaction.atomic():
        # The person's row keeps two presses of one button apart.
        User.objects.select_for_update().get(pk=seat.user.pk)
        mine = Subscription.objects.for_org(seat.organisation).filter(user_id=seat.user.pk, ended_at__isnull=True)
        row = mine.filter(place=place).first()
        if row is None and mine.count() >= MOST_SUBSCRIPTIONS:
            raise Refused("subscription.many", _("You have %d destinations. Remove one first.") % MOST_SUBSCRIPTIONS)
        if row is None:
            row = Subscription.objects.create(
                organisation=seat.organisation, user=seat.user, place=place, from_severity=from_severity
            )
        elif row.from_severity == from_severity:
            return row
        row.from_severity = from_severity
        row.save(update_fields=["from_severity"])
        audit.record(
            "notify.subscribed", by=seat.user, subject=row, organisation=seat.organisation,
            detail={"place": place.key, "from": from_severity},
        )
    return row


def end_subscription(row: Subscription, *, by: User) -> None:
    """End a subscription; one that has ended stays so."""
    with transaction.atomic():
        live = Subscription.objects.for_org(row.organisation_id).filter(pk=row.pk, ended_at__isnull=True)
        if live.update(ended_at=clock.now()):
            audit.record("notify.unsubscribed", by=by, subject=row, organisation=row.organisation)


def unsubscribe(link: UnsubscribeLink) -> None:
    """Do what an unsubscribe address says (RFC 8058). Doing it twice changes nothing."""
    with transaction.atomic():
        switches[link.purpose].switch_off(link)
        unused = UnsubscribeLink.objects.for_org(link.organisation_id).filter(pk=link.pk, used_at__isnull=True)
        unused.update(used_at=clock.now())
