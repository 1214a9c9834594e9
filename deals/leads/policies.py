"""Who may do what with a lead, and from which state. No queries beyond the object at hand."""

from typing import Final

from deals.deal.policies import may_register
from deals.leads.models import FREE, HELD, Lead, LeadOffer, LeadStatus
from partners.models import Partner, PartnerStatus
from portal.tenancy.access import Actor

#: What a manager can do with a lead, and from where.
STARTS_FROM: Final[dict[str, tuple[LeadStatus, ...]]] = {
    "edit": FREE,
    "offer": FREE,
    "withdraw": HELD,
    "end": (*FREE, *HELD),
}


def may_enter(actor: Actor) -> bool:
    """Leads are entered by managers."""
    return actor.is_manager


def may_see(actor: Actor, lead: Lead) -> bool:
    """The vendor's people: their own leads and those nobody owns; admins and executives see all.

    A lead offered to one of their partners they see as well: `selectors.leads_visible`.
    """
    return actor.is_staff and (not _is_channel_manager(actor) or lead.owner_id in (None, actor.user.pk))


def may_manage(actor: Actor, lead: Lead) -> bool:
    """Offer it, take it back, change or end it: its owner, any manager where it has none, and the admins."""
    return actor.is_manager and (actor.is_admin or lead.owner_id in (None, actor.user.pk))


def may_offer_to(actor: Actor, partner: Partner) -> bool:
    return actor.writes_for(partner.pk) and partner.status == PartnerStatus.ACTIVE


def lead_actions(actor: Actor, lead: Lead) -> frozenset[str]:
    """What this person can do with the lead now; the buttons of its page."""
    if not may_manage(actor, lead):
        return frozenset()
    return frozenset(action for action, starts in STARTS_FROM.items() if lead.status in starts)


def may_work(actor: Actor, offer: LeadOffer) -> bool:
    """The partner's side: accept, decline, contact. A distributor only reads its sub-partners' leads."""
    return actor.is_partner_person and actor.writes_for(offer.partner_id)


def may_accept(actor: Actor, offer: LeadOffer) -> bool:
    """What is accepted is meant to be registered: an active partner's people."""
    return may_work(actor, offer) and may_register(actor)


def offer_actions(actor: Actor, offer: LeadOffer) -> frozenset[str]:
    """What this person can do with the offer now."""
    if not may_work(actor, offer):
        return frozenset()
    if offer.is_open:
        return frozenset({"decline", "accept"} if may_accept(actor, offer) else {"decline"})
    if not offer.is_held:
        return frozenset()
    if offer.contacted_at is None:
        return frozenset({"contact"})
    return frozenset(
        {"contact", "disqualify", "convert"} if may_register(actor) else {"contact", "disqualify"}
    )


def _is_channel_manager(actor: Actor) -> bool:
    return actor.is_manager and not actor.is_admin
