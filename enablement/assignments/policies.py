"""Who may ask whom to learn. No queries beyond the objects at hand."""

from enablement.assignments.models import Assignment
from portal.people.policies import administers_partner
from portal.tenancy.access import Actor


def may_assign(actor: Actor, partner_id: int | None) -> bool:
    """A partner's admin to its people, the vendor's managers to those of partners in their care."""
    return administers_partner(actor, partner_id)


def may_change(actor: Actor, assignment: Assignment) -> bool:
    """Withdraw it or move its date. What the vendor asks for, a partner admin does not take back."""
    if not may_assign(actor, assignment.partner_id):
        return False
    return actor.is_staff or not assignment.by_vendor
