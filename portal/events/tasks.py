from celery import shared_task
from django.utils import timezone

from portal.events import outbox, partitions
from portal.tenancy.models import Vendor


@shared_task(name="portal.events.tasks.deliver_outbox")
def deliver_outbox(vendor_id: int) -> int:
    return outbox.deliver(vendor_id)


@shared_task(name="portal.events.tasks.sweep_outbox")
def sweep_outbox() -> int:
    """Deliver whatever a lost task or a broken effect left behind, vendor by vendor."""
    return sum(outbox.deliver(vendor_id) for vendor_id in Vendor.objects.values_list("pk", flat=True))


@shared_task(name="portal.events.tasks.create_event_partitions")
def create_event_partitions() -> int:
    """The months to come, and those that events have come in for."""
    ahead = partitions.months_ahead(timezone.now().date())
    return partitions.ensure([*ahead, *partitions.months_waiting()[: partitions.AT_ONCE]])
