"""E-mails, sent from the outbox: templates `email/<name>.txt` (first line: the subject) and `.html`."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from portal import outbox
from portal.events import enqueue
from portal.models import OutboxMessage

EMAIL = "email"
#: Control characters and Unicode's own line and paragraph separators.
_BREAKS: Final = {"Cc", "Zl", "Zp"}


def send_email(template: str, *, key: str, to: str, context: Mapping[str, Any]) -> None:
    """Queue one e-mail; the same key twice is one e-mail. `context` must be JSON."""
    enqueue(EMAIL, key=key, payload={"template": template, "to": to, "context": dict(context)})


def composed(
    template: str, *, to: str, context: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> EmailMultiAlternatives:
    """The e-mail of a template, as plain text and HTML."""
    subject, _, text = render_to_string(f"email/{template}.txt", context).strip().partition("\n")
    mail = EmailMultiAlternatives(one_line(subject), text.strip(), to=[to], headers=dict(headers or {}))
    mail.attach_alternative(render_to_string(f"email/{template}.html", context), "text/html")
    return mail


def one_line(text: str) -> str:
    """`text` on one line: a control character in a name would make the mail program refuse the subject."""
    return " ".join("".join(" " if unicodedata.category(one) in _BREAKS else one for one in text).split())


def _deliver(message: OutboxMessage) -> None:
    payload = message.payload
    context = {**payload["context"], "vendor": message.vendor}
    # A stable Message-ID lets a mail server drop the copy that a crash after sending would cause.
    headers = {"Message-ID": f"<{message.pk}@portal>"}
    composed(payload["template"], to=payload["to"], context=context, headers=headers).send()


outbox.register(EMAIL, _deliver)
