"""Every room's due work, in the order in which one leads to the next."""

from __future__ import annotations

from safeconduct.accounts import jobs as accounts
from safeconduct.advice import jobs as briefings
from safeconduct.advisories import jobs as advisories
from safeconduct.alerts import jobs as alerts
from safeconduct.feeds import jobs as feeds
from safeconduct.guides import jobs as guides
from safeconduct.inbox import jobs as inbox
from safeconduct.matching import jobs as matching
from safeconduct.ops import watch
from safeconduct.ops.worker import Job
from safeconduct.outbox import jobs as outbox
from safeconduct.ratings import jobs as ratings
from safeconduct.trips import jobs as trips


def all_jobs() -> list[Job]:
    """Return the jobs of the house: end alerts, read sources, match and tell, send; tidy up last."""
    return [
        Job("alerts.end", alerts.end_due, limit=200, rest_seconds=10),
        Job("alerts.poll", alerts.run_due, limit=4, polls=True, lanes=4, rest_seconds=5),
        Job("alerts.follow", alerts.follow_due, limit=20, polls=True, lanes=2, rest_seconds=2),
        Job("advice.poll", advisories.run_due, limit=2, polls=True, lanes=2, rest_seconds=30),
        Job("advice.follow", advisories.follow_due, limit=10, polls=True, lanes=1, rest_seconds=2),
        Job("matching", matching.run_due, limit=200, rest_seconds=1),
        Job("ratings.reckon", ratings.run_due, limit=1, rest_seconds=120),
        Job("levels.tell", matching.tell_levels, limit=200, rest_seconds=10),
        Job("briefings.mail", briefings.run_due, limit=20, rest_seconds=10),
        Job("outbox", outbox.run_due, limit=outbox.LIMIT, rest_seconds=0.5),
        Job("guides.publish", guides.run_due, limit=50, rest_seconds=10),
        Job("sources.watch", watch.run_due, limit=50, rest_seconds=30),
        Job("feeds.tidy", feeds.drop_due, limit=1000, rest_seconds=3600),
        # Beside the others as well: a document may keep its reader busy for half a minute.
        Job("inbox.poll", inbox.poll_due, limit=50, polls=True, lanes=1, rest_seconds=3),
        Job("inbox.read", inbox.read_due, limit=20, polls=True, lanes=1, rest_seconds=1),
        Job("inbox.tidy", inbox.tidy_due, limit=500, rest_seconds=3600),
        Job("trips.attach", trips.attach_due, limit=200, rest_seconds=60),
        Job("trips.approve", trips.approve_due, limit=100, rest_seconds=30),
        Job("trips.roll", trips.run_due, limit=5000, rest_seconds=600),
        Job("briefings.forget", briefings.forget_due, limit=200, rest_seconds=3600),
        Job("accounts.tidy", accounts.run_due, limit=1000, rest_seconds=600),
    ]
