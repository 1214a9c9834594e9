from celery import shared_task
from django.db import transaction
from django.utils import timezone

from portal.requests import services
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="portal.requests.tasks.mind_requests")
def mind_requests() -> int:
    """Remind, escalate and follow the calendar for all kinds, vendor by vendor; returns how many."""
    return sum(_minded(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _minded(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        return services.requests_mind(vendor=vendor)
