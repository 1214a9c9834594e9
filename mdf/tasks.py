"""What the funds do by themselves, every hour: each vendor once its own night has come."""

from celery import shared_task
from django.utils import timezone

from mdf.ledger import nights
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="mdf.tasks.keep_books")
def keep_books() -> int:
    """Accrue, end what is over and sum all entries again, once per vendor and day; returns how many."""
    return sum(_kept(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _kept(vendor: Vendor) -> bool:
    with entered(system_scope(vendor.pk)), timezone.override(vendor.zone):
        return nights.night_keep(vendor=vendor)
