"""Whom to tell of requests, and what they are told: the same few mails for all kinds."""

from datetime import datetime
from typing import Any

from portal.events.models import PortalEvent
from portal.notifications.email_declarations import Email, declare_emails
from portal.notifications.models import Mail
from portal.notifications.moments import moment
from portal.notifications.services import NotificationKind, declare_notifications, notify
from portal.people.models import User
from portal.people.selectors import program_admins
from portal.requests.kinds import RequestKind
from portal.requests.models import Request
from portal.tenancy.models import Vendor

declare_notifications(
    NotificationKind("portal.request_due", "One of my decisions about a request is due soon", for_staff=True),
    NotificationKind("portal.request_overdue", "A request is overdue (program admins)", for_staff=True),
    NotificationKind(
        "portal.request_moved",
        "A deadline moved, because the working calendar changed",
        for_staff=True,
        for_partners=True,
        mail=Mail.DIGEST,
    ),
    place=45,
)
_ABOUT = "{{ title }} ({{ reference }})"

declare_emails(
    request_requested=Email(
        subject="{{ asker }} {{ asks }}: {{ title }}",
        text=(f"{{{{ by }}}} {{{{ asks }}}}: {_ABOUT}.", "Please decide by {{ due }}."),
        preview="{{ summary }}",
        quote="{{ reason }}",
        action="Decide {{ reference }}",
    ),
    request_due=Email(
        subject="Due {{ due }}: {{ asker }} {{ asks }}, {{ title }}",
        heading="{{ asker }} waits for you",
        preview="Your decision is due {{ due }}.",
        text=(f"{{{{ asker }}}} {{{{ asks }}}}: {_ABOUT}. Your decision is due {{{{ due }}}}.",),
        action="Decide {{ reference }}",
    ),
    request_overdue=Email(
        subject="Overdue: {{ noun }} for {{ title }}, {{ asker }}",
        heading="Nobody has answered {{ asker }}",
        preview="It was due {{ due }} and waits for {{ waits_for }}.",
        text=(
            f"{{{{ asker }}}} {{{{ asks }}}}: {_ABOUT}.",
            "It was due {{ due }} and waits for {{ waits_for }}.",
            "Nothing is granted by silence. You can decide it in their place.",
        ),
        action="Open {{ reference }}",
    ),
    request_answered=Email(
        subject="{{ noun|capfirst }} {{ answer }}: {{ title }}",
        preview="{{ outcome|default:decision_reason }}",
        text=(f"{{{{ noun|capfirst }}}} for {_ABOUT}: {{{{ answer }}}} by {{{{ by }}}}.", "{{ outcome }}"),
        quote="{{ decision_reason }}",
        action="Open {{ reference }}",
    ),
    request_moved=Email(
        subject="Now due {{ due }}: {{ noun }} for {{ title }}",
        text=(
            f"The answer to {{{{ noun }}}} for {_ABOUT} is now due {{{{ due }}}}.",
            "It was due {{ was_due }}.",
            "The working hours or holidays of {{ vendor.name }} were changed.",
        ),
        action="Open {{ reference }}",
    ),
)


def requested(vendor: Vendor, kind: RequestKind[Any], request: Request, event: PortalEvent) -> None:
    """To whoever is asked."""
    _notify(f"{kind.key}_requested", "requested", vendor, kind, request, event.pk, kind.deciders(request))


def due(vendor: Vendor, kind: RequestKind[Any], request: Request) -> None:
    """To whoever is asked, a working hour before."""
    _notify("portal.request_due", "due", vendor, kind, request, request.pk, kind.deciders(request))


def overdue(vendor: Vendor, kind: RequestKind[Any], request: Request) -> None:
    _notify("portal.request_overdue", "overdue", vendor, kind, request, request.pk, program_admins())


def answered(vendor: Vendor, kind: RequestKind[Any], request: Request, event: PortalEvent) -> None:
    """To who asked."""
    told = {
        "by": str(request.decided_by or vendor.name),
        "answer": kind.status_text(request.status).lower(),
        "outcome": kind.outcome(request),
        "decision_reason": request.decision_reason,
    }
    _notify(f"{kind.key}_answered", "answered", vendor, kind, request, event.pk, kind.askers(request), **told)


def moved(
    vendor: Vendor, kind: RequestKind[Any], request: Request, was_due: datetime, event: PortalEvent
) -> None:
    """To both sides."""
    people = [*kind.deciders(request), *kind.askers(request)]
    _notify("portal.request_moved", "moved", vendor, kind, request, event.pk, people, was_due=moment(was_due))


def _notify(
    notification: str,
    what: str,
    vendor: Vendor,
    kind: RequestKind[Any],
    request: Request,
    once: int,
    people: list[User],
    **told: Any,
) -> None:
    """`once` with the kind is what makes it happen once."""
    about = {
        "title": kind.title(request),
        "reference": kind.target(request),
        "asker": kind.asker(request),
        "asks": kind.asks(request),
        "noun": kind.noun,
        "summary": kind.summary(request),
        "reason": request.reason,
        "by": str(request.requested_by or kind.asker(request)),
        "due": moment(request.due_at),
        "waits_for": request.who,
        "facts": [list(fact) for fact in kind.facts(request)],
    }
    notify(
        notification,
        vendor=vendor,
        key=f"{kind.key}_{what}:{once}",
        to=people,
        page=kind.page,
        target=kind.target(request),
        template=f"request_{what}",
        context=about | told,
    )
