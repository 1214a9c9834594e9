"""What is told of registrations, and how a feature tells it."""

from datetime import datetime
from typing import Any, Final

from deals.deal.models import Deal
from deals.deal.people import decision_owners, registrants
from portal.events.models import PortalEvent
from portal.notifications.email_declarations import Email, declare_emails
from portal.notifications.models import Mail
from portal.notifications.moments import moment
from portal.notifications.services import NotificationKind, declare_notifications, notify
from portal.people.models import User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_money

KINDS: Final = (
    NotificationKind("deals.submitted", "A registration waits for my decision", for_staff=True),
    NotificationKind(
        "deals.your_turn", "A registration waits for my approval after somebody else's", for_staff=True
    ),
    NotificationKind("deals.reminder", "One of my decisions is due soon", for_staff=True),
    NotificationKind("deals.escalated", "A decision is overdue (program admins)", for_staff=True),
    NotificationKind("deals.noted_by_partner", "A partner wrote a note on a registration", for_staff=True),
    NotificationKind("deals.withdrawn", "A partner withdrew a registration I decide", for_staff=True),
    NotificationKind(
        "deals.deadline_moved",
        "A decision is due at another time, because the working calendar changed",
        for_staff=True,
        for_partners=True,
        mail=Mail.DIGEST,
    ),
    NotificationKind("deals.handed_over", "What a colleague looked after is mine now", for_staff=True),
    NotificationKind(
        "deals.noted_by_vendor", "The vendor wrote a note on my registration", for_partners=True
    ),
    NotificationKind("deals.approved", "My registration was approved", for_partners=True),
    NotificationKind("deals.returned", "My registration came back with a question", for_partners=True),
    NotificationKind("deals.rejected", "My registration was rejected", for_partners=True),
)
declare_notifications(*KINDS, place=10)
declare_emails(
    deal_deadline_moved=Email(
        subject="Now due {{ due }}: the decision on {{ customer }}",
        text=(
            "The decision on {{ customer }} ({{ reference }}) is now due {{ due }}.",
            "It was due {{ was_due }}.",
            "The working hours or holidays of {{ vendor.name }} were changed.",
        ),
        action="Open {{ reference }}",
    )
)


def deadline_moved(vendor: Vendor, deal: Deal, due: datetime, was_due: datetime, event: PortalEvent) -> None:
    """To both sides."""
    told = {"due": moment(due), "was_due": moment(was_due)}
    people = [*decision_owners(deal), *registrants(deal)]
    notify_about("deadline_moved", vendor, deal, f"{event.pk}", people, told)


def by(actor: Actor) -> dict[str, Any]:
    return {"by": str(actor.user)}


def worth(deal: Deal) -> dict[str, Any]:
    return {"amount": format_money(deal.amount or 0, deal.currency)}


def notify_about(
    what: str, vendor: Vendor, deal: Deal, once: str, people: list[User], told: dict[str, Any]
) -> None:
    """The e-mail `deal_<what>` and its notification; `once` with the kind is what makes it happen once."""
    context = {
        "reference": deal.reference,
        "customer": deal.customer_name,
        "partner": deal.partner.name,
        **told,
    }
    notify(
        f"deals.{what}",
        vendor=vendor,
        key=f"deal_{what}:{once}",
        to=people,
        page="deals:detail",
        target=deal.reference,
        template=f"deal_{what}",
        context=context,
    )
