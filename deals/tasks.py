from celery import shared_task
from django.db import transaction

from deals import services
from portal.models import Vendor
from portal.scope import entered, system_scope


@shared_task(name="deals.tasks.expire_protection")
def expire_protection() -> int:
    """Expire what has run out, vendor by vendor; returns how many deals."""
    return sum(_of_vendor(vendor_id) for vendor_id in Vendor.objects.values_list("pk", flat=True))


def _of_vendor(vendor_id: int) -> int:
    with entered(system_scope(vendor_id)), transaction.atomic():
        return services.protection_expire_due()
