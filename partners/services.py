"""Writes of the partners app."""

from partners.models import Seat, SeatInvitation
from portal.models import Invitation, Membership


def seat_on_join(invitation: Invitation, membership: Membership) -> None:
    """Seat somebody who joined through an invitation that leads to a partner."""
    target = SeatInvitation.objects.filter(invitation=invitation).first()
    if target is None:
        return
    Seat.objects.get_or_create(
        membership=membership, defaults={"partner_id": target.partner_id, "user_id": membership.user_id}
    )
