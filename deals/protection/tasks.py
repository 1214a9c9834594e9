from celery import shared_task
from django.db import transaction
from django.utils import timezone

from deals.protection import reminders, services
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="deals.tasks.expire_protection")
def expire_protection() -> int:
    """Expire what has run out, vendor by vendor; returns how many deals."""
    return sum(_expired(vendor) for vendor in Vendor.objects.all())


def _expired(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        return services.protection_expire_due()


@shared_task(name="deals.tasks.remind_of_protection")
def remind_of_protection() -> int:
    """Remind of protection about to end, vendor by vendor; returns of how many deals."""
    return sum(_reminded(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _reminded(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        return reminders.protection_remind(vendor=vendor)
