"""The mails of this room."""

from datetime import timedelta

from safeconduct.outbox.kinds import Kind, register

INVITATION = register(
    Kind(code="orgs.invitation", room="orgs", secret=True, priority=10, useful_for=timedelta(days=14))
)
