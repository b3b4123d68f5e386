"""The development mailbox: keeps whole mails in demo and test folders, where nothing may leave the machine."""

from __future__ import annotations

from datetime import datetime
from email import message_from_bytes

from django.conf import settings

from safeconduct.outbox.mime import CompiledMessage, Envelope
from safeconduct.outbox.models import MailboxCopy, Message
from safeconduct.outbox.rendering import fill

FROM_ADDRESS = "safeconduct@demo.example"


def keep(
    delivery_id: int,
    message: Message,
    compiled: CompiledMessage,
    envelope: Envelope,
    slots: dict[str, str],
    now: datetime,
) -> None:
    """Keep one mail; the same delivery is kept once, however often it is tried."""
    if settings.SAFECONDUCT_FOLDER_KIND == "real":
        raise RuntimeError("a real folder has no development mailbox")
    parsed = message_from_bytes(envelope.data)
    MailboxCopy.objects.update_or_create(
        delivery_id=delivery_id,
        defaults={
            "kind": message.kind,
            "to": envelope.recipient,
            "subject": compiled.subject_for(slots),
            "text": fill(message.text, slots),
            "html": fill(message.html, slots, escape=True),
            "headers": {name: str(value) for name, value in parsed.items()},
            "sent_at": now,
        },
    )
