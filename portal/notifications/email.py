"""E-mails, sent from the outbox: declared ones, or templates `email/<name>` (`.txt`, `.html`)."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from portal.events import outbox
from portal.events.log import enqueue
from portal.events.models import OutboxMessage
from portal.notifications.email_declarations import email_parts
from portal.notifications.moments import for_mail, in_words

EMAIL = "email"
#: Said to who takes over what waited for somebody else; the HTML says the same.
INSTEAD: Final = "You get this because {instead_of} does not look after it any more."
#: Control characters and Unicode's own line and paragraph separators.
_BREAKS: Final = {"Cc", "Zl", "Zp"}


#: Asked before a mail to a `reader` leaves: the address it goes to now, or None and why it does not.
Recipient = Callable[[OutboxMessage], tuple[str | None, str]]
_recipient: Recipient | None = None


def provide_recipient(recipient: Recipient) -> None:
    global _recipient  # noqa: PLW0603  (one provider per process, set once at start)
    _recipient = recipient


def send_email(
    template: str,
    *,
    key: str,
    to: str,
    context: Mapping[str, Any],
    reader: Mapping[str, Any] | None = None,
    secrets: Sequence[str] = (),
) -> None:
    """Queue one e-mail; the same key twice is one e-mail. `context` must be JSON.

    What `secrets` names of the context is wiped from the row once the mail has left.
    With a `reader` (see `readers`), it leaves only if that person may still see what it is about.
    """
    payload: dict[str, Any] = {"template": template, "to": to, "context": dict(context)}
    if secrets:
        payload["secrets"] = list(secrets)
    if reader is not None:
        payload["reader"] = dict(reader)
    enqueue(EMAIL, key=key, payload=payload)


def composed(
    template: str, *, to: str, context: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> EmailMultiAlternatives:
    """The e-mail of a template, as plain text and HTML."""
    subject, text, html = email_parts(template, context)
    mail = EmailMultiAlternatives(one_line(subject), text, to=[to], headers=dict(headers or {}))
    if context.get("instead_of"):
        mail.body += f"\n\n{INSTEAD.format(**context)}"
    mail.attach_alternative(html, "text/html")
    return mail


def one_line(text: str) -> str:
    """`text` on one line: a control character in a name would make the mail program refuse the subject."""
    return " ".join("".join(" " if unicodedata.category(one) in _BREAKS else one for one in text).split())


def _deliver(message: OutboxMessage) -> str:
    """'' when it was sent, else why not."""
    payload, to, why_not = message.payload, message.payload["to"], ""
    if "reader" in payload and _recipient is not None:
        to, why_not = _recipient(message)
    if why_not:
        return why_not
    # A stable Message-ID lets a mail server drop the copy that a crash after sending would cause.
    headers = {"Message-ID": f"<{message.pk}@portal>"}
    with timezone.override(message.vendor.zone):
        context = {**in_words(payload["context"], for_mail), "vendor": message.vendor}
        composed(payload["template"], to=str(to), context=context, headers=headers).send()
    return ""


outbox.register(EMAIL, _deliver)
