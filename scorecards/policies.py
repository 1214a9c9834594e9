"""Who may do what with a scorecard. No queries."""

from portal.tenancy.access import Actor


def may_recompute(actor: Actor, partner_id: int) -> bool:
    """The vendor's managers of this partner; an executive only reads, partner people wait for the night."""
    return actor.is_manager and actor.writes_for(partner_id)
