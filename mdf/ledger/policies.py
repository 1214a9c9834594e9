"""Who moves money, and who reads of it. No queries."""

from portal.tenancy.access import Actor


def may_run(actor: Actor) -> bool:
    """Budgets, allocations and closing of periods are the programme's."""
    return actor.is_admin


def may_read_books(actor: Actor) -> bool:
    """The ledger of a fund; a channel manager reads that of their own partners."""
    return actor.is_staff
