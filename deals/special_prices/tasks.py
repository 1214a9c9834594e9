from celery import shared_task
from django.db import transaction
from django.utils import timezone

from deals.special_prices import services
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="deals.tasks.remind_of_prices")
def remind_of_prices() -> int:
    """Remind of special prices that end, vendor by vendor; returns how many."""
    return sum(_reminded(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _reminded(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        return services.prices_remind(vendor=vendor)
