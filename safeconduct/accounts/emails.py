"""The mails of this room. Nobody unsubscribes from them; codes and links are emptied once they are sent."""

from __future__ import annotations

from datetime import timedelta

from safeconduct.outbox.kinds import Kind, register

ROOM = "accounts"

VERIFY = register(
    Kind(code="account.verify", room=ROOM, secret=True, urgent=True, priority=0, useful_for=timedelta(hours=24))
)
RESET = register(
    Kind(code="account.reset", room=ROOM, secret=True, urgent=True, priority=0, useful_for=timedelta(minutes=15))
)
EXISTS = register(Kind(code="account.exists", room=ROOM, priority=5, useful_for=timedelta(days=1)))
UNKNOWN = register(Kind(code="account.unknown", room=ROOM, priority=5, useful_for=timedelta(days=1)))
PASSWORD_CHANGED = register(Kind(code="account.password_changed", room=ROOM, priority=5))
EMAIL_CHANGED = register(Kind(code="account.email_changed", room=ROOM, priority=5))
TWO_STEP_CHANGED = register(Kind(code="account.two_step_changed", room=ROOM, priority=5))
ERASED = register(Kind(code="account.erased", room=ROOM, priority=5))

# allauth names its mails by template; each becomes one of ours.
KINDS: dict[str, Kind] = {
    "account/email/email_confirmation_signup": VERIFY,
    "account/email/email_confirmation": VERIFY,
    "account/email/password_reset_code": RESET,
    "account/email/account_already_exists": EXISTS,
    "account/email/unknown_account": UNKNOWN,
    "account/email/password_changed": PASSWORD_CHANGED,
    "account/email/password_reset": PASSWORD_CHANGED,
    "account/email/password_set": PASSWORD_CHANGED,
    "account/email/email_changed": EMAIL_CHANGED,
    "account/email/email_deleted": EMAIL_CHANGED,
    "mfa/email/totp_activated": TWO_STEP_CHANGED,
    "mfa/email/totp_deactivated": TWO_STEP_CHANGED,
    "mfa/email/recovery_codes_generated": TWO_STEP_CHANGED,
}
