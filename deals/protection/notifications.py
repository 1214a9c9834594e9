"""Whom to tell of protection that ends, and of extensions."""

from collections.abc import Iterable
from typing import Any, Final

from deals.deal.models import Deal
from deals.deal.people import program_admins, registrants
from deals.protection.models import Extension, ProtectionReminder
from portal.events.models import PortalEvent
from portal.notifications.services import Kind, declare_kinds, notify
from portal.people.models import User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date, format_days, format_money, format_time, format_when

KINDS: Final = (
    Kind("deals.extension_asked", "A partner asks for more protection", for_staff=True),
    Kind("deals.protection_ending", "Protection of my deal is about to end", for_partners=True),
    Kind("deals.expired", "Protection of my deal has ended", for_partners=True),
    Kind("deals.extension_granted", "My deal was protected for longer", for_partners=True),
    Kind("deals.extension_refused", "More protection of my deal was refused", for_partners=True),
)
declare_kinds(*KINDS, place=30)


def ending(vendor: Vendor, reminder: ProtectionReminder, days_left: int, links: dict[User, str]) -> None:
    """To whoever registered it; `links` has for each of them the way to ask for more, or ''."""
    deal = reminder.deal
    # "in 1 day" is how long, not when: a reader of the mail wants the day.
    left = {0: "today", 1: "tomorrow"}.get(days_left, f"in {format_days(days_left)}")
    for person, link in links.items():
        until = f"{format_date(reminder.until, 'weekday')}, {format_time(reminder.until)}"
        told = {"left": left, "until": until, "extend_link": link}
        _tell("protection_ending", vendor, deal, f"{reminder.pk}", [person], told)


def expired(vendor: Vendor, deal: Deal, event: PortalEvent) -> None:
    told = {"until": format_date(deal.expires_at, "year") if deal.expires_at else ""}
    _tell("expired", vendor, deal, f"{event.pk}", registrants(deal), told)


def asked(vendor: Vendor, extension: Extension) -> None:
    """To whoever is asked; where that is nobody in particular, to the program admins."""
    _tell("extension_asked", vendor, extension.deal, f"{extension.pk}", _deciders(extension), _of(extension))


def last_call(vendor: Vendor, extension: Extension) -> None:
    deciders = _deciders(extension)
    _tell("extension_due", vendor, extension.deal, f"{extension.pk}", deciders, _of(extension), "reminder")


def overdue(vendor: Vendor, extension: Extension) -> None:
    told = _of(extension)
    _tell("extension_late", vendor, extension.deal, f"{extension.pk}", program_admins(), told, "escalated")


def granted(actor: Actor, extension: Extension) -> None:
    deal = extension.deal
    told = {"by": str(actor.user), "days": format_days(extension.days)}
    if extension.until_after:
        told["until"] = format_date(extension.until_after, "year")
    _tell("extension_granted", actor.vendor, deal, f"{extension.pk}", _askers(extension), told)


def refused(actor: Actor, extension: Extension) -> None:
    told = {
        "by": str(actor.user),
        "days": format_days(extension.days),
        "reason": extension.decision_reason,
        "until": format_date(extension.until_before, "year"),
    }
    _tell("extension_refused", actor.vendor, extension.deal, f"{extension.pk}", _askers(extension), told)


def _deciders(extension: Extension) -> list[User]:
    return [extension.owner] if extension.owner else program_admins()


def _askers(extension: Extension) -> list[User]:
    """Who registered the deal, and who asked, were it a colleague."""
    people = {person.pk: person for person in registrants(extension.deal)}
    if extension.requested_by:
        people.setdefault(extension.requested_by.pk, extension.requested_by)
    return list(people.values())


def _of(extension: Extension) -> dict[str, Any]:
    deal = extension.deal
    return {
        "days": format_days(extension.days),
        "reason": extension.reason,
        "asker": str(extension.requested_by or deal.partner),
        "due": format_when(extension.due_at),
        "until": format_date(extension.until_before, "year"),
        "amount": format_money(deal.amount or 0, deal.currency),
        "waits_for": extension.who,
    }


def _tell(
    what: str,
    vendor: Vendor,
    deal: Deal,
    once: str,
    people: Iterable[User],
    told: dict[str, Any],
    kind: str = "",
) -> None:
    """`what` names the template, and the kind where it has no other."""
    about = {"reference": deal.reference, "customer": deal.customer_name, "partner": deal.partner.name}
    notify(
        f"deals.{kind or what}",
        vendor=vendor,
        key=f"deal_{what}:{once}",
        to=people,
        page="deals:detail",
        target=deal.reference,
        template=f"deal_{what}",
        context={**about, **told},
        secrets=("extend_link",),
    )
