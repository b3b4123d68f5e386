"""Every room's due work, in the order in which one leads to the next."""

from __future__ import annotations

from safeconduct.accounts import jobs as accounts
from safeconduct.alerts import jobs as alerts
from safeconduct.matching import jobs as matching
from safeconduct.ops.worker import Job
from safeconduct.outbox import jobs as outbox


def all_jobs() -> list[Job]:
    """Return the jobs of the house: end alerts, read sources, match and tell, send; tidy up last."""
    return [
        Job("alerts.end", alerts.end_due, limit=200, rest_seconds=10),
        Job("alerts.poll", alerts.run_due, limit=5, polls=True, rest_seconds=5),
        Job("matching", matching.run_due, limit=200, rest_seconds=1),
        Job("outbox", outbox.run_due, limit=outbox.LIMIT, rest_seconds=0.5),
        Job("accounts.tidy", accounts.run_due, limit=1000, rest_seconds=600),
    ]
