from celery import shared_task
from django.utils import timezone

from deals.leads import clocks
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="deals.tasks.mind_leads")
def mind_leads() -> int:
    """Time out unanswered leads and remind of late contacts, vendor by vendor; returns how many."""
    return sum(_minded(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _minded(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), timezone.override(vendor.zone):
        return clocks.leads_time_out(vendor=vendor) + clocks.contacts_remind(vendor=vendor)
