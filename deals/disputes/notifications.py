"""Whom to tell of conflict cases. What partners are told names nobody but themselves."""

from collections.abc import Iterable
from typing import Any, Final

from deals.deal.models import Deal
from deals.deal.people import program_admins, registrants
from deals.disputes.models import CaseSide, CaseState, ConflictCase
from portal.notifications.moments import moment
from portal.notifications.services import NotificationKind, declare_notifications, notify
from portal.people.models import User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date

KINDS: Final = (
    NotificationKind("deals.case_opened", "A conflict case waits for my decision", for_staff=True),
    NotificationKind(
        "deals.case_appealed", "A partner appeals in a conflict case (program admins)", for_staff=True
    ),
    NotificationKind("deals.case_compared", "Claims on my customer are compared", for_partners=True),
    NotificationKind("deals.case_decided", "A conflict about my customer is decided", for_partners=True),
    NotificationKind("deals.case_closed", "An appeal about my customer is answered", for_partners=True),
)
declare_notifications(*KINDS, place=70)


def opened(actor: Actor, case: ConflictCase, deals: Iterable[Deal]) -> None:
    """To whoever decides, were it not the opener; and to both partners that their own claim is compared."""
    deciders = [case.owner] if case.owner else program_admins()
    told = {"by": str(actor.user), "due": moment(case.due_at), **_about(case)}
    others = [person for person in deciders if person.pk != actor.user.pk]
    _tell_staff("case_opened", actor.vendor, case, others, told)
    for deal in deals:
        _tell_partner("case_compared", actor.vendor, case, deal, {"due": moment(case.due_at)})


def result(vendor: Vendor, case: ConflictCase, side: CaseSide) -> None:
    """To the partner of one side: how it ended for them."""
    told: dict[str, Any] = {"won": bool(side.won), "told": side.told}
    if side.appeal_until:
        told["appeal_until"] = format_date(side.appeal_until, "year")
    what = "case_closed" if case.state == CaseState.CLOSED else "case_decided"
    _tell_partner(what, vendor, case, side.deal, told)


def appealed(actor: Actor, case: ConflictCase) -> None:
    """To every program admin."""
    told = {"by": str(actor.user), "appeal": case.appeal, "due": moment(case.due_at), **_about(case)}
    _tell_staff("case_appealed", actor.vendor, case, program_admins(), told)


def overdue(vendor: Vendor, case: ConflictCase) -> None:
    told = {"due": moment(case.due_at), "waits_for": case.who, **_about(case)}
    _tell_staff("case_late", vendor, case, program_admins(), told, kind="escalated")


def _about(case: ConflictCase) -> dict[str, str]:
    return {"customer": case.deal.customer_name, "products": case.products}


def _tell_staff(
    what: str,
    vendor: Vendor,
    case: ConflictCase,
    people: Iterable[User],
    told: dict[str, Any],
    kind: str = "",
) -> None:
    notify(
        f"deals.{kind or what}",
        vendor=vendor,
        key=f"deal_{what}:{case.pk}:{case.state}",
        to=people,
        page="deals:case",
        target=str(case.pk),
        template=f"deal_{what}",
        context=told,
    )


def _tell_partner(what: str, vendor: Vendor, case: ConflictCase, deal: Deal, told: dict[str, Any]) -> None:
    notify(
        f"deals.{what}",
        vendor=vendor,
        key=f"deal_{what}:{case.pk}:{deal.pk}",
        to=registrants(deal),
        page="deals:detail",
        target=deal.reference,
        template=f"deal_{what}",
        context={"reference": deal.reference, "customer": deal.customer_name, **told},
    )
