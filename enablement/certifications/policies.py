"""Who may do what with certificates. No queries beyond the objects at hand."""

from enablement.certifications.models import Award
from enablement.courses.policies import may_take_part
from portal.people.policies import administers_partner
from portal.tenancy.access import Actor


def may_see(actor: Actor, award: Award, home_id: int | None) -> bool:
    """Its holder; the admins of the partner they sit in now (`home_id`); the vendor's people in reach."""
    if award.user_id == actor.user.pk:
        return True
    if actor.is_staff:
        return actor.reaches(home_id or award.partner_id)
    return home_id is not None and administers_partner(actor, home_id)


def may_share(actor: Actor, award: Award) -> bool:
    return award.user_id == actor.user.pk and may_take_part(actor)


def may_revoke(actor: Actor, award: Award) -> bool:
    """The programme's admins: a certificate is the vendor's word."""
    return actor.is_admin
