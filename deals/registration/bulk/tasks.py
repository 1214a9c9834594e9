from celery import shared_task
from django.db import transaction

from deals.registration.bulk import services
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="deals.tasks.sweep_bulk_uploads")
def sweep_bulk_uploads() -> int:
    """Delete files of registrations that nobody confirmed, vendor by vendor; returns how many."""
    return sum(_swept(vendor_id) for vendor_id in Vendor.objects.values_list("pk", flat=True))


def _swept(vendor_id: int) -> int:
    with entered(system_scope(vendor_id)), transaction.atomic():
        return services.bulk_sweep()
