"""Whom to tell of protection that ends."""

from collections.abc import Iterable
from typing import Any, Final

from deals.deal.models import Deal
from deals.deal.people import registrants
from deals.protection.models import ProtectionReminder
from portal.events.models import PortalEvent
from portal.notifications.moments import moment
from portal.notifications.services import NotificationKind, declare_notifications, notify
from portal.people.models import User
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date

KINDS: Final = (
    NotificationKind("deals.protection_ending", "Protection of my deal is about to end", for_partners=True),
    NotificationKind("deals.expired", "Protection of my deal has ended", for_partners=True),
)
declare_notifications(*KINDS, place=30)


def ending(vendor: Vendor, reminder: ProtectionReminder, links: dict[User, str]) -> None:
    """To whoever registered it; `links` has for each of them the way to ask for more, or ''."""
    for person, link in links.items():
        told = {"until": moment(reminder.until), "extend_link": link}
        _notify("protection_ending", vendor, reminder.deal, f"{reminder.pk}", [person], told)


def expired(vendor: Vendor, deal: Deal, event: PortalEvent) -> None:
    told = {"until": format_date(deal.expires_at, "year") if deal.expires_at else ""}
    _notify("expired", vendor, deal, f"{event.pk}", registrants(deal), told)


def _notify(
    what: str, vendor: Vendor, deal: Deal, once: str, people: Iterable[User], told: dict[str, Any]
) -> None:
    about = {"reference": deal.reference, "customer": deal.customer_name, "partner": deal.partner.name}
    notify(
        f"deals.{what}",
        vendor=vendor,
        key=f"deal_{what}:{once}",
        to=people,
        page="deals:detail",
        target=deal.reference,
        template=f"deal_{what}",
        context={**about, **told},
        secrets=("extend_link",),
    )
