"""Who may do what with people. One idea per predicate; no queries beyond the object at hand."""

from portal.people.models import Membership
from portal.tenancy.access import Actor
from portal.tenancy.roles import PARTNER_ROLES, Role


def administers_partner(actor: Actor, partner_id: int | None) -> bool:
    if actor.role == Role.PARTNER_ADMIN:
        return partner_id is not None and actor.writes_for(partner_id)
    return actor.is_manager and partner_id is not None and actor.reaches(partner_id)


def may_invite(actor: Actor, role: Role, partner_id: int | None) -> bool:
    if role in PARTNER_ROLES:
        return administers_partner(actor, partner_id)
    return actor.is_admin and partner_id is None


def may_disable(actor: Actor, membership: Membership, partner_id: int | None) -> bool:
    if membership.user_id == actor.user.pk:
        return False
    if membership.role in PARTNER_ROLES:
        return administers_partner(actor, partner_id)
    return actor.is_admin


def may_change_role(actor: Actor, membership: Membership, role: Role) -> bool:
    """Staff stay staff: a partner's people are seated through their partner. Never one's own role."""
    if membership.user_id == actor.user.pk:
        return False
    return actor.is_admin and role not in PARTNER_ROLES and membership.role not in PARTNER_ROLES
