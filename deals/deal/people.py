"""Who is responsible for a deal, on either side."""

from contextlib import AbstractContextManager

from deals.deal.models import Deal
from partners.models import Seat
from partners.selectors import managers_of
from portal.people.models import User
from portal.people.selectors import program_admins
from portal.tenancy.roles import Role
from portal.tenancy.scope import Scope, current_vendor_id, entered, system_scope

# People ---------------------------------------------------------------------------------------------------


def as_the_vendor() -> AbstractContextManager[Scope]:
    vendor_id = current_vendor_id()
    if vendor_id is None:
        raise RuntimeError("no vendor in scope")
    return entered(system_scope(vendor_id))


def decision_owners(deal: Deal) -> list[User]:
    """Whom to tell that a registration waits: whoever it is assigned to, else every program admin."""
    return [deal.assigned_to] if deal.assigned_to else program_admins()


def deciders(deal: Deal) -> list[User]:
    """Who looks after the partner: whoever the deal is assigned to, else its managers, else the admins."""
    if deal.assigned_to:
        return [deal.assigned_to]
    with as_the_vendor():
        return list(managers_of(deal.partner)) or program_admins()


def manager_asked(deal: Deal) -> User | None:
    """The channel manager who has the deal already while still granted, else the first by name.

    Runs as the vendor: grants are no partner's to read.
    """
    managers = managers_of(deal.partner)
    owner = next((user for user in managers if user.pk == deal.assigned_to_id), None)
    return owner or next(iter(managers), None)


def registrants(deal: Deal) -> list[User]:
    """Whom to tell what was decided: who registered it, or the partner's admins once that person has left."""
    seats = Seat.objects.filter(partner=deal.partner_id, left_at=None, membership__is_active=True)
    seats = seats.select_related("user").order_by("pk")
    own = [seat.user for seat in seats.filter(user=deal.registered_by_id)]
    return own or [seat.user for seat in seats.filter(membership__role=Role.PARTNER_ADMIN)]
