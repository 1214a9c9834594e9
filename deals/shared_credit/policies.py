"""Who sees and answers a credit line."""

from deals.shared_credit.models import CreditKind, CreditLine
from partners.policies import sees_own_deals_only
from portal.tenancy.access import Actor


def sees_shares(actor: Actor) -> bool:
    """Deals others share with the partner; who sees only what they registered sees none of them."""
    return not sees_own_deals_only(actor)


def may_answer_share(actor: Actor, line: CreditLine) -> bool:
    """The people of the partner a share is offered to."""
    own = line.kind == CreditKind.INFLUENCED and actor.writes_for(line.partner_id)
    return actor.is_partner_person and own and sees_shares(actor)
