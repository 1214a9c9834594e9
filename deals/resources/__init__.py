"""What the deals app's tables are imported with: customers, products and deals."""

from deals.resources.customers import CustomerResource
from deals.resources.products import ProductResource
from deals.resources.registrations import DealResource

__all__ = ["CustomerResource", "DealResource", "ProductResource"]
