"""Who may do what with partners and their people. No queries beyond the objects at hand."""

from django.core.exceptions import ValidationError

from partners.models import Partner, PartnerStatus, Seat
from portal.people.policies import administers_partner
from portal.tenancy.access import Actor
from portal.tenancy.roles import Role


def may_change(actor: Actor, partner: Partner) -> bool:
    """Details, tier and status are the vendor's: its managers of this partner."""
    return actor.is_manager and actor.writes_for(partner.pk)


def refuse_stopped(partner: Partner) -> None:
    """ValidationError when nothing may be given to a partner.

    Of a suspended or ended partner a manager still says no, ends what runs and records what has happened
    (a stage, a win with its proof, a loss, a note); nothing new is granted, asked or shared, nobody joins.
    """
    if partner.is_stopped:
        state = (
            "has been suspended" if partner.status == PartnerStatus.SUSPENDED else "is no partner any more"
        )
        raise ValidationError(
            f"{partner.name} {state}: nothing new is given to it until it is active again.",
            code="stopped",
        )


def may_arrange(actor: Actor) -> bool:
    """The programme itself: new partners, regions, hierarchy, and who manages whom."""
    return actor.is_admin


def may_manage_people(actor: Actor, partner: Partner) -> bool:
    return administers_partner(actor, partner.pk)


def may_change_person(actor: Actor, seat: Seat) -> bool:
    """Never oneself: the last administrator would lock everybody out."""
    return seat.user_id != actor.user.pk and administers_partner(actor, seat.partner_id)


def may_see_learning(actor: Actor, partner: Partner) -> bool:
    """How each person is getting on: the vendor's people in reach, and the partner's admins."""
    return actor.reaches(partner.pk) if actor.is_staff else administers_partner(actor, partner.pk)


def may_limit_reps(actor: Actor, partner: Partner) -> bool:
    """Whether reps see only their own deals is for the partner's own admin to say."""
    return actor.role == Role.PARTNER_ADMIN and actor.writes_for(partner.pk)


def sees_own_deals_only(actor: Actor) -> bool:
    """A rep whose partner's admin keeps deals among those who registered them."""
    return actor.role == Role.PARTNER_REP and actor.partner is not None and actor.partner.own_deals_only
