"""The roles of the field, and what each may read. Everything else about rights lives in `policies.py`."""

from django.db import models


class Role(models.TextChoices):
    PARTNER_REP = "partner_rep", "Partner rep"
    PARTNER_ADMIN = "partner_admin", "Partner admin"
    CHANNEL_MANAGER = "channel_manager", "Channel manager"
    EXECUTIVE = "executive", "Executive"
    PROGRAM_ADMIN = "program_admin", "Program admin"


PARTNER_ROLES = frozenset({Role.PARTNER_REP, Role.PARTNER_ADMIN})
STAFF_ROLES = frozenset(Role) - PARTNER_ROLES
#: Roles that read every partner of the vendor without a grant.
ALL_PARTNER_ROLES = frozenset({Role.EXECUTIVE, Role.PROGRAM_ADMIN})
#: Roles for which a vendor may demand a second factor.
SECOND_FACTOR_ROLES = ALL_PARTNER_ROLES
