"""E-mails, sent from the outbox: templates `email/<name>.txt` (first line: the subject) and `.html`."""

from collections.abc import Mapping
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from portal.events import outbox
from portal.events.log import enqueue
from portal.events.models import OutboxMessage

EMAIL = "email"


def send_email(template: str, *, key: str, to: str, context: Mapping[str, Any]) -> None:
    """Queue one e-mail; the same key twice is one e-mail. `context` must be JSON."""
    enqueue(EMAIL, key=key, payload={"template": template, "to": to, "context": dict(context)})


def _deliver(message: OutboxMessage) -> None:
    payload = message.payload
    context = {**payload["context"], "vendor": message.vendor}
    subject, _, text = render_to_string(f"email/{payload['template']}.txt", context).strip().partition("\n")
    html = render_to_string(f"email/{payload['template']}.html", context)
    # A stable Message-ID lets a mail server drop the copy that a crash after sending would cause.
    headers = {"Message-ID": f"<{message.pk}@portal>"}
    mail = EmailMultiAlternatives(subject.strip(), text.strip(), to=[payload["to"]], headers=headers)
    mail.attach_alternative(html, "text/html")
    mail.send()


outbox.register(EMAIL, _deliver)
