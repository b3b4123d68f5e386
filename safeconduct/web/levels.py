"""The table of severity words: which stored code shows which level and which word.

Levels are the signs of docs/look.md: 0 unknown, 1 disc, 2 square, 3 triangle, 4 diamond, 5 octagon, "v" variable.
Data, not code: a new state is one more line. It refuses to guess: a code that is not listed is shown as unknown.
"""

from typing import Final, Literal, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

Level = Literal[0, 1, 2, 3, 4, 5, "v"]


class Mark(NamedTuple):
    """A level and the word that always stands beside its sign."""

    level: Level
    word: str | Promise


UNKNOWN: Final = Mark(0, _("Unknown"))

# CAP 1.2 §3.2.2 severity, in CAP's own words.
SEVERITY: Final[dict[str, Mark]] = {
    "extreme": Mark(5, pgettext_lazy("severity", "Extreme")),
    "severe": Mark(4, pgettext_lazy("severity", "Severe")),
    "moderate": Mark(3, pgettext_lazy("severity", "Moderate")),
    "minor": Mark(2, pgettext_lazy("severity", "Minor")),
    "unknown": UNKNOWN,
}

STATES: Final[dict[str, Mark]] = {
    # deliveries and attempts
    "queued": Mark(2, _("Waiting")),
    "due": Mark(2, _("Waiting")),
    "pending": Mark(2, _("Waiting")),
    "waiting": Mark(2, _("Waiting")),
    "leased": Mark(2, _("Being sent")),
    "sending": Mark(2, _("Being sent")),
    "retry": Mark(2, _("Will be tried again")),
    "retrying": Mark(2, _("Will be tried again")),
    "refused_temporarily": Mark(3, _("Refused for now")),
    "refused_for_good": Mark(4, _("Refused for good")),
    "no_connection": Mark(3, _("No connection")),
    "held": Mark(3, _("Held, mail is not set up")),
    "sent": Mark(1, _("Handed over")),
    "handed_over": Mark(1, _("Handed over")),
    "delivered": Mark(1, _("Delivered")),
    "opened": Mark(1, _("Opened")),
    "failed": Mark(4, _("Failed for good")),
    "bounced": Mark(4, _("Returned by the mailbox")),
    "not_sent": Mark(0, _("Not sent")),
    "muted": Mark(0, _("Not sent, switched off")),
    "cancelled": Mark(0, _("Cancelled")),
    # sources
    "fresh": Mark(1, _("Fresh")),
    "late": Mark(3, _("Late")),
    "failing": Mark(4, _("Failing")),
    "partial": Mark(2, _("Read in part")),
    "quiet": Mark(3, _("Quiet for long")),
    "reissued": Mark(2, _("Said again")),
    "never": Mark(0, _("Not asked yet")),
    "paused": Mark(0, _("Paused")),
    "off": Mark(0, _("Switched off")),
    "unchanged": Mark(1, _("Unchanged")),
    "rejected": Mark(4, _("Rejected")),
    "unreachable": Mark(4, _("Unreachable")),
    # memberships, invitations, people
    "active": Mark(1, _("Active")),
    "invited": Mark(2, _("Invited")),
    "accepted": Mark(1, _("Accepted")),
    "expired": Mark(0, _("Expired")),
    "ended": Mark(0, _("Ended")),
    "withdrawn": Mark(0, _("Withdrawn")),
    "suspended": Mark(3, _("Suspended")),
    "locked": Mark(3, _("Locked")),
    # trips and stops
    "draft": Mark(0, _("Draft")),
    "registered": Mark(1, _("Registered")),
    "awaiting": Mark(3, _("Awaiting approval")),
    "approved": Mark(1, _("Approved")),
    "refused": Mark(4, _("Refused")),
    "planned": Mark(2, _("Planned")),
    "upcoming": Mark(2, _("Planned")),
    "under_way": Mark(1, _("Under way")),
    "over": Mark(0, _("Over")),
    "gap": Mark(3, _("Gap")),
    "overlap": Mark(2, _("Overlap")),
    # alerts and exposures
    "actual": Mark(2, _("In force")),
    "in_force": Mark(2, _("In force")),
    "open": Mark(2, _("In force")),
    "superseded": Mark(0, _("Replaced by a newer version")),
    "vanished": Mark(0, _("No longer listed by its source")),
    "closed": Mark(1, _("No longer")),
    "inside": Mark(4, pgettext_lazy("exposure", "Inside the area")),
    "touches": Mark(3, pgettext_lazy("exposure", "Touches the area")),
    "possible": Mark(2, pgettext_lazy("exposure", "Possible")),
    # jobs and checks
    "ok": Mark(1, _("Good")),
    "done": Mark(1, _("Done")),
    "error": Mark(4, _("Error")),
    "unknown": UNKNOWN,
}


def severity(value: object) -> Mark:
    """The mark of a CAP severity, whatever its case; anything else is Unknown."""
    return SEVERITY.get(str(value or "").strip().lower(), UNKNOWN)


def state(code: object) -> Mark:
    """The mark of a stored state code; an unlisted code keeps its own text, as unknown."""
    text = str(code or "").strip()
    return STATES.get(text.lower().replace("-", "_").replace(" ", "_"), Mark(0, text or UNKNOWN.word))
