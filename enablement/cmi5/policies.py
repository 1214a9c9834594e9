"""Who may do what with units. No queries beyond the objects at hand."""

from enablement.cmi5.models import Cmi5Registration
from portal.people.policies import administers_partner
from portal.tenancy.access import Actor


def may_see(actor: Actor, registration: Cmi5Registration) -> bool:
    """How far somebody else has come: the partner's admin, and the vendor's people in reach."""
    if actor.is_staff:
        return actor.reaches(registration.partner_id)
    return administers_partner(actor, registration.partner_id)


def may_waive(actor: Actor, registration: Cmi5Registration) -> bool:
    """The vendor's managers: what may be left out is the programme's to say, not the partner's."""
    return actor.is_staff and administers_partner(actor, registration.partner_id)
