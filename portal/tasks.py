from celery import shared_task
from django.db import transaction
from django.utils import timezone

from portal import notifying, outbox, partitions, uploads
from portal.models import Vendor
from portal.scope import entered, system_scope


@shared_task(name="portal.tasks.deliver_outbox")
def deliver_outbox(vendor_id: int) -> int:
    return outbox.deliver(vendor_id)


@shared_task(name="portal.tasks.sweep_outbox")
def sweep_outbox() -> int:
    """Deliver whatever a lost task or a broken effect left behind, vendor by vendor."""
    return sum(outbox.deliver(vendor_id) for vendor_id in Vendor.objects.values_list("pk", flat=True))


@shared_task(name="portal.tasks.send_digests")
def send_digests() -> int:
    """For every vendor whose morning has come; returns how many people get one."""
    return sum(_digests(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _digests(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        return notifying.digests_send(vendor=vendor)


@shared_task(name="portal.tasks.sweep_files")
def sweep_files() -> int:
    """Delete files that failed requests left behind, vendor by vendor; returns how many."""
    return sum(_files_swept(vendor) for vendor in Vendor.objects.all())


def _files_swept(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        return uploads.stored_files_sweep(vendor=vendor)


@shared_task(name="portal.tasks.create_event_partitions")
def create_event_partitions() -> int:
    """The months to come, and those that events have come in for."""
    ahead = partitions.months_ahead(timezone.now().date())
    return partitions.ensure([*ahead, *partitions.months_waiting()[: partitions.AT_ONCE]])
