"""What a partner programme's own tables are imported with: partners, people with their roles, products."""

from partners.resources.organisations import PartnerResource, partner_lookup
from partners.resources.people import PersonResource
from partners.resources.products import ProductResource

__all__ = ["PartnerResource", "PersonResource", "ProductResource", "partner_lookup"]
