"""Whom to tell of shared credit, and what they are told: each side only what its own row says."""

from typing import Any, Final

from deals.deal.models import Deal
from deals.deal.people import as_the_vendor, registrants
from deals.shared_credit.models import CoSell
from partners.models import Seat
from portal.events.models import PortalEvent
from portal.notifications.services import NotificationKind, declare_notifications, notify
from portal.people.models import User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.ui.formatting import format_percent

KINDS: Final = (
    NotificationKind(
        "deals.credit_changed", "Sharing one of my deals was agreed, declined or ended", for_partners=True
    ),
    NotificationKind("deals.share_offered", "Another partner's deal is shared with us", for_partners=True),
)
declare_notifications(*KINDS, place=60)


def offered(actor: Actor, cosell: CoSell) -> None:
    """To the second partner's admins: they are asked."""
    _tell_second("offered", actor.vendor, cosell.deal, cosell, f"{cosell.pk}")


def agreed(actor: Actor, deal: Deal, cosell: CoSell, event: PortalEvent) -> None:
    """To both; the second partner's people know already when they accepted it themselves."""
    _tell_lead("credit_changed", "agreed", actor.vendor, deal, cosell, f"{event.pk}", registrants(deal), {})
    if not (actor.partner and actor.partner.pk == cosell.other_id):
        _tell_second("agreed", actor.vendor, deal, cosell, f"{event.pk}")


def declined(actor: Actor, deal: Deal, cosell: CoSell, event: PortalEvent, *, by: str) -> None:
    told = {"by": by, "reason": cosell.decision_reason}
    people = registrants(deal)
    _tell_lead("credit_changed", "declined", actor.vendor, deal, cosell, f"{event.pk}", people, told)


def ended(actor: Actor, deal: Deal, cosell: CoSell, event: PortalEvent) -> None:
    told = {"by": str(actor.user), "reason": cosell.decision_reason}
    people = registrants(deal)
    _tell_lead("credit_changed", "ended", actor.vendor, deal, cosell, f"{event.pk}", people, told)
    _tell_second("ended", actor.vendor, deal, cosell, f"{event.pk}")


def replaced(actor: Actor, deal: Deal, cosell: CoSell) -> None:
    """To the second partner whose part somebody else has now; by whom is not told."""
    _tell_second("ended", actor.vendor, deal, cosell, f"{cosell.pk}")


def _tell_lead(
    kind: str,
    what: str,
    vendor: Vendor,
    deal: Deal,
    cosell: CoSell,
    once: str,
    people: list[User],
    told: dict[str, Any],
) -> None:
    """`once` with the template is what makes it happen once."""
    notify(
        f"deals.{kind}",
        vendor=vendor,
        key=f"credit_{what}:{once}",
        to=people,
        page="deals:credit",
        target=deal.reference,
        template=f"credit_{what}",
        context={
            "reference": deal.reference,
            "customer": deal.customer_name,
            "partner": deal.partner.name,
            "named": cosell.named,
            "share": format_percent(cosell.share / 10_000, 2),
            **told,
        },
    )


def _tell_second(what: str, vendor: Vendor, deal: Deal, cosell: CoSell, once: str) -> None:
    told = {
        "customer": deal.customer_name,
        "lead": deal.partner.name,
        "share": format_percent(cosell.share / 10_000, 2),
    }
    notify(
        "deals.share_offered",
        vendor=vendor,
        key=f"share_{what}:{once}",
        to=_admins_of(cosell.other_id),
        page="deals:shared",
        template=f"share_{what}",
        context=told,
    )


def _admins_of(partner_id: int | None) -> list[User]:
    with as_the_vendor():
        seats = Seat.objects.filter(partner=partner_id, left_at=None, membership__is_active=True)
        admins = seats.filter(membership__role=Role.PARTNER_ADMIN).select_related("user").order_by("pk")
        return [seat.user for seat in admins]
