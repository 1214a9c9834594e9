from celery import shared_task
from django.db import transaction
from django.utils import timezone

from portal.notifications import services
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="portal.notifications.tasks.send_digests")
def send_digests() -> int:
    """For every vendor whose morning has come; returns how many people get one."""
    return sum(_digests(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _digests(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        return services.digests_send(vendor=vendor)
