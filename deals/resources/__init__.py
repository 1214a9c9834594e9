"""What the deals app's tables are imported with: customers, direct accounts, deals and leads."""

from deals.resources.customers import CustomerResource
from deals.resources.direct_accounts import DirectAccountResource
from deals.resources.leads import LeadResource
from deals.resources.registrations import DealResource

__all__ = ["CustomerResource", "DealResource", "DirectAccountResource", "LeadResource"]
