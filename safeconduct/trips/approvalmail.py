"""Mails of approval: to whoever decides, and to whoever travels. Where somebody goes stands in slots, in no subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from safeconduct.lib import clock
from safeconduct.lib.timewords import day_words
from safeconduct.notify.actions import News, Telling, tell_many
from safeconduct.notify.addresses import absolute
from safeconduct.notify.queries import Recipient
from safeconduct.orgs.models import Organisation
from safeconduct.trips.approvalwords import in_short
from safeconduct.trips.approvers import approvers
from safeconduct.trips.emails import APPROVAL, ASKED, DECIDED, REMINDER
from safeconduct.trips.models import ApprovalRequest
from safeconduct.trips.timeline import count_of

ONE_BY_ONE: Final = 3
"""More questions at once than this are one mail with a link to the list."""


def tell_approvers(organisation: Organisation, requests: Sequence[ApprovalRequest]) -> int:
    """Ask those who may decide today; return how many mails are new."""
    people = approvers(organisation)
    if len(requests) > ONE_BY_ONE:
        return _tell_of_many(organisation, requests, people)
    return sum(_tell_of_one(APPROVAL.code, one, people, f"{one.public_id}") for one in requests)


def remind_approvers(request: ApprovalRequest) -> int:
    """Ask once more, for the reminder that is counted in the row; the same reminder again says nothing."""
    people = approvers(request.organisation)
    return _tell_of_one(REMINDER.code, request, people, f"{request.public_id}:{request.reminders}")


def tell_asked(organisation: Organisation, requests: Sequence[ApprovalRequest]) -> int:
    """Tell travellers that somebody else's doing, or a level, put their trip before an approver."""
    news = News(ASKED.code, "approval", ASKED.code, lambda _language: {})
    return _told(news, [_to_traveller(one) for one in requests])


def tell_decided(request: ApprovalRequest) -> int:
    """Tell the traveller of the decision."""
    is_approved = request.state == ApprovalRequest.State.APPROVED
    news = News(
        DECIDED.code, f"trip:{request.trip.public_id}", f"{DECIDED.code}:{request.state}",
        lambda _language: {"is_approved": is_approved},
    )  # fmt: skip
    return _told(news, [_to_traveller(request)])


def _told(news: News, tellings: Sequence[Telling]) -> int:
    return tell_many(news, tellings).new if tellings else 0


def _tell_of_one(kind: str, request: ApprovalRequest, people: Iterable[int], key: str) -> int:
    news = News(kind, f"trip:{request.trip.public_id}", kind, lambda _language: {"many": False})
    tellings = [
        Telling(
            key=f"{key}:{user}", user_id=user, organisation_id=request.organisation_id,
            slots=lambda person: _question(request, person),
        )
        for user in sorted(people)
        if user != request.trip.user_id
    ]  # fmt: skip
    return _told(news, tellings)


def _tell_of_many(organisation: Organisation, requests: Sequence[ApprovalRequest], people: Iterable[int]) -> int:
    count = len(requests)

    def slots(person: Recipient) -> Mapping[str, str]:
        with translation.override(person.language):
            words = ngettext("%(count)d trip awaits approval", "%(count)d trips await approval", count)
            return {
                "title": words % {"count": count}, "days": "", "who": "", "reasons": "",
                "url": absolute(reverse("ops:approvals")), "label": _("See the list"),
            }  # fmt: skip

    news = News(APPROVAL.code, "approvals", f"{APPROVAL.code}:many", lambda _language: {"many": True})
    key = f"many:{requests[0].public_id}:{count}"
    return _told(
        news, [Telling(f"{key}:{user}", user, organisation.pk, slots) for user in sorted(people)]
    )


def _question(request: ApprovalRequest, person: Recipient) -> Mapping[str, str]:
    with translation.override(person.language):
        return {
            "title": request.trip.title,
            "days": _days(request),
            "who": request.trip.user.name,
            "reasons": in_short(request.reasons),
            "url": absolute(reverse("ops:approval", args=[request.public_id])),
            "label": _("Look at it and decide"),
        }


def _to_traveller(request: ApprovalRequest) -> Telling:
    trip = request.trip

    def slots(person: Recipient) -> Mapping[str, str]:
        with translation.override(person.language):
            by = request.decided_by.name if request.decided_by is not None else ""
            return {
                "title": trip.title,
                "days": _days(request),
                "reasons": in_short(request.reasons),
                "before": _("Before: %(reasons)s") % {"reasons": in_short(request.before)} if request.before else "",
                "note": _("%(name)s writes: %(note)s") % {"name": by, "note": request.note} if request.note else "",
                **_way_in(request),
            }

    state = "" if request.is_open else f":{request.state}"
    return Telling(
        key=f"{request.public_id}{state}", user_id=trip.user_id, organisation_id=request.organisation_id, slots=slots
    )


def _way_in(request: ApprovalRequest) -> Mapping[str, str]:
    if request.trip.addressee_id is not None:
        return {"url": absolute(reverse("account_signup")), "label": _("Open an account with this address")}
    return {"url": absolute(reverse("trips:detail", args=[request.trip.public_id])), "label": _("See the trip")}


def _days(request: ApprovalRequest) -> str:
    trip = request.trip
    stops = list(trip.stops.select_related("place", "to_place").order_by("seq"))
    count, year = count_of(trip, stops, clock.now()), clock.now().year
    last = day_words(count.ends_on, this_year=year) if count.ends_on else _("open end")
    return _("%(first)s to %(last)s") % {"first": day_words(count.starts_on, this_year=year), "last": last}
