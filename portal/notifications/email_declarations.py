"""E-mails, each declared once: subject, heading, paragraphs and button make its text and its HTML alike.

Every part is a Django template over the context of `notify()`. What somebody wrote goes into `quote`, which
keeps its lines; facts without a value are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.template import engines
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe


@dataclass(frozen=True, slots=True)
class Email:
    """`text` are paragraphs, an empty one is left out; `facts` are (label, value); `preview` is the line mail
    programs show beside the subject, the heading unless given."""

    subject: str
    text: tuple[str, ...]
    action: str
    heading: str = ""
    preview: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    quote: str = ""
    after: tuple[str, ...] = ()


_emails: dict[str, Email] = {}


def declare_emails(**emails: Email) -> None:
    _emails.update(emails)


def email_parts(name: str, context: Mapping[str, Any]) -> tuple[str, str, str]:
    """(subject, text, HTML) of an e-mail: a declared one, else that of the templates `email/<name>`."""
    if name not in _emails:
        subject, _, text = render_to_string(f"email/{name}.txt", dict(context)).strip().partition("\n")
        return subject.strip(), text.strip(), render_to_string(f"email/{name}.html", dict(context))
    email = _emails[name]
    plain, rich = _Rendering(email, context, escape=False), _Rendering(email, context, escape=True)
    text = render_to_string("email/declared.txt", {**context, "mail": plain})
    return plain.subject, text.strip(), render_to_string("email/declared.html", {**context, "mail": rich})


def email_subject(name: str, context: Mapping[str, Any]) -> str:
    """The subject alone, which is the title in the inbox."""
    if name in _emails:
        return _said(_emails[name].subject, context, escape=False)
    return render_to_string(f"email/{name}.txt", dict(context)).strip().partition("\n")[0].strip()


class _Rendering:
    """The parts of one e-mail in words."""

    def __init__(self, email: Email, context: Mapping[str, Any], *, escape: bool) -> None:
        self.email, self.context, self.escape = email, context, escape

    def _say(self, part: str) -> str:
        return _said(part, self.context, escape=self.escape)

    @property
    def subject(self) -> str:
        return self._say(self.email.subject)

    @property
    def heading(self) -> str:
        return self._say(self.email.heading or self.email.subject)

    @property
    def preview(self) -> str:
        return self._say(self.email.preview) if self.email.preview else self.heading

    @property
    def paragraphs(self) -> list[str]:
        return [said for part in self.email.text if (said := self._say(part))]

    @property
    def after(self) -> list[str]:
        return [said for part in self.email.after if (said := self._say(part))]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Those declared, and those the context brings as `facts`."""
        own = [(label, self._say(value)) for label, value in self.email.facts]
        return [fact for fact in [*own, *self.context.get("facts", ())] if fact[1]]

    @property
    def quote(self) -> str:
        return self._say(self.email.quote) if self.email.quote else ""

    @property
    def action(self) -> str:
        return self._say(self.email.action)


def _said(part: str, context: Mapping[str, Any], *, escape: bool) -> str:
    text: str = _compiled(part, escape).render(dict(context)).strip()
    return mark_safe(text) if escape else text  # noqa: S308  (its values were escaped)


@cache
def _compiled(part: str, escape: bool) -> Any:
    return engines["django"].from_string(
        part if escape else f"{{% autoescape off %}}{part}{{% endautoescape %}}"
    )
