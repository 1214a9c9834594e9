"""What a partner programme's own tables are imported with: partners, and people with their roles."""

from partners.resources.organisations import PartnerResource, partner_lookup
from partners.resources.people import PersonResource

__all__ = ["PartnerResource", "PersonResource", "partner_lookup"]
