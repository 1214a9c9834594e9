"""E-mails, sent from the outbox: declared ones, or templates `email/<name>` (`.txt`, `.html`)."""

from collections.abc import Mapping
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from portal.events import outbox
from portal.events.log import enqueue
from portal.events.models import OutboxMessage
from portal.notifications.email_declarations import email_parts
from portal.notifications.moments import for_mail, in_words

EMAIL = "email"


def send_email(template: str, *, key: str, to: str, context: Mapping[str, Any]) -> None:
    """Queue one e-mail; the same key twice is one e-mail. `context` must be JSON."""
    enqueue(EMAIL, key=key, payload={"template": template, "to": to, "context": dict(context)})


def _deliver(message: OutboxMessage) -> None:
    payload = message.payload
    with timezone.override(message.vendor.zone):
        context = {**in_words(payload["context"], for_mail), "vendor": message.vendor}
        subject, text, html = email_parts(payload["template"], context)
    # A stable Message-ID lets a mail server drop the copy that a crash after sending would cause.
    headers = {"Message-ID": f"<{message.pk}@portal>"}
    mail = EmailMultiAlternatives(subject, text, to=[payload["to"]], headers=headers)
    mail.attach_alternative(html, "text/html")
    mail.send()


outbox.register(EMAIL, _deliver)
