"""Who may take which file of a certificate. No queries beyond the objects at hand."""

from enablement.badges.files import FILES, BadgeFile
from enablement.certifications.models import Award
from portal.tenancy.access import Actor


def may_replace_keys(actor: Actor) -> bool:
    return actor.is_admin


def files_for(actor: Actor, award: Award) -> list[BadgeFile]:
    """Of who may see the certificate: its holder takes all of them, others the paper.

    A credential is the holder's to show. Of what is revoked there is nothing to show.
    """
    if award.revoked_at:
        return []
    return [one for one in FILES if award.user_id == actor.user.pk or one.key == "pdf"]
