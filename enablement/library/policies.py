"""Who may do what with the library. No queries beyond the objects at hand."""

from portal.tenancy.access import Actor


def may_edit(actor: Actor) -> bool:
    """The library is the program admin's."""
    return actor.is_admin


def may_see_usage(actor: Actor) -> bool:
    """The vendor's people, each of the partners in their reach."""
    return actor.is_staff


def leaves_a_trace(actor: Actor) -> bool:
    """What partner people open counts as use; the vendor's own looking does not."""
    return actor.is_partner_person and actor.partner is not None
