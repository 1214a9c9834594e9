"""Entry points of the scheduler."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from enablement.assignments import services
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="enablement.assignments.mind")
def mind_assignments() -> int:
    """Remind of assigned courses, vendor by vendor; returns of how many."""
    return sum(_minded(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _minded(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        return services.assignments_mind(vendor=vendor)
