"""Who may do what with a deal, and from which state. No queries beyond the object at hand."""

from typing import Any, Final

from deals.deal.models import PENDING, Deal, DealStatus
from partners.models import PartnerStatus
from partners.policies import sees_own_deals_only
from portal.tenancy.access import Actor
from portal.tenancy.roles import Role

EDITABLE: Final = (DealStatus.DRAFT, DealStatus.RETURNED)

#: The states each action starts from; any other is illegal.
STARTS_FROM: Final[dict[str, tuple[DealStatus, ...]]] = {
    "edit": EDITABLE,
    "submit": (DealStatus.DRAFT,),
    "resubmit": (DealStatus.RETURNED,),
    "review": (DealStatus.SUBMITTED,),
    "approve": PENDING,
    "return": PENDING,
    "reject": PENDING,
    "withdraw": (*EDITABLE, *PENDING, DealStatus.APPROVED),
    "stage": (DealStatus.APPROVED,),
    "win": (DealStatus.APPROVED,),
    "lose": (DealStatus.APPROVED,),
    "extend": (DealStatus.APPROVED,),
    "grant": (DealStatus.APPROVED,),
    "case": PENDING,
    # Files: the partner's own while the registration is in its hands, the vendor's while it looks at it.
    "attach": (*EDITABLE, DealStatus.APPROVED),
    "enclose": (*PENDING, DealStatus.RETURNED, DealStatus.APPROVED),
    # A note changes nothing, so both sides may write one at any time, once it was sent.
    "note": tuple(status for status in DealStatus if status != DealStatus.DRAFT),
    "remark": tuple(status for status in DealStatus if status != DealStatus.DRAFT),
    "amend": (DealStatus.APPROVED,),
    "price": (*PENDING, DealStatus.APPROVED),
    "share": (*PENDING, DealStatus.APPROVED),
    "credit": (*PENDING, DealStatus.APPROVED, DealStatus.WON),
    "prove": (DealStatus.WON,),
}
_DECISIONS: Final = frozenset({"review", "approve", "return", "reject"})
_REGISTERING: Final = frozenset({"edit", "submit", "resubmit"})
_SELLING: Final = frozenset({"stage", "win", "lose"})
#: What gives the partner something, or asks it a question: not while it is suspended, nor once it has ended.
GIVING: Final = frozenset({"approve", "return", "extend", "grant", "amend", "price", "share", "credit"})
_VENDORS: Final = frozenset({"enclose", "remark", "grant", "case", "credit"})


def may_register(actor: Actor) -> bool:
    """People of an active partner, for that partner."""
    partner = actor.partner
    return (
        actor.is_partner_person
        and partner is not None
        and partner.status == PartnerStatus.ACTIVE
        and actor.writes_for(partner.pk)
    )


def may_see(actor: Actor, deal: Deal) -> bool:
    """Row security shows the partner's deals; a rep may be kept to those they registered themselves."""
    if not actor.reaches(deal.partner_id):
        return False
    return not sees_own_deals_only(actor) or deal.registered_by_id == actor.user.pk


def may_work(actor: Actor, deal: Deal) -> bool:
    """The partner's side: edit, submit, withdraw. A distributor reads its sub-partners' deals, no more."""
    return actor.is_partner_person and actor.writes_for(deal.partner_id) and may_see(actor, deal)


def may_decide(actor: Actor, deal: Deal) -> bool:
    """The vendor's side: its managers of this partner. An executive only reads."""
    return actor.is_manager and actor.writes_for(deal.partner_id)


def is_on_turn(actor: Actor, deal: Deal) -> bool:
    """Whether the approval the deal waits for is this person's to give; a program admin may stand in."""
    if actor.is_admin:
        return True
    if deal.needs_person_id:
        return deal.needs_person_id == actor.user.pk
    return deal.needs_role != Role.PROGRAM_ADMIN


def may(action: str, actor: Actor, deal: Deal) -> bool:
    """Whether this person may ever do this with this deal, whatever its state."""
    if action in _DECISIONS:
        return may_decide(actor, deal) and is_on_turn(actor, deal)
    if action in _VENDORS:
        return may_decide(actor, deal)
    if action in ("note", "attach_to_case"):
        return may_work(actor, deal) or may_decide(actor, deal)
    if action in _SELLING:
        return may_work(actor, deal) or may_decide(actor, deal)
    if action in _REGISTERING:
        return may_work(actor, deal) and may_register(actor)
    return may_work(actor, deal)


def may_settle(action: str, actor: Actor, case: Any) -> bool:
    """Of a conflict case, "decide" is for managers of either partner, "close" (an appeal) for admins."""
    if action == "close":
        return actor.is_admin
    partners = filter(None, (case.partner_id, case.rival_partner_id))
    return actor.is_manager and any(actor.writes_for(partner) for partner in partners)


def actions(actor: Actor, deal: Deal) -> frozenset[str]:
    """What this person can do with this deal now; the buttons of its page."""
    found = frozenset(
        action for action, starts in STARTS_FROM.items() if deal.status in starts and may(action, actor, deal)
    )
    return found - GIVING if deal.partner.is_stopped else found
