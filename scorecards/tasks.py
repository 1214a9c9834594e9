"""Celery's way in: ids in, one service call out. Each may be lost or come twice."""

from datetime import date

from celery import shared_task

from portal.tenancy.models import Vendor
from scorecards import services


@shared_task(name="scorecards.tasks.hourly_tick")
def hourly_tick() -> int:
    """Start the run of every vendor whose day has turned; returns how many."""
    due = [vendor for vendor in Vendor.objects.filter(is_active=True) if services.run_is_due(vendor)]
    for vendor in due:
        nightly.delay(vendor.pk, services.day_that_ended(vendor).isoformat())
    return len(due)


@shared_task(name="scorecards.tasks.nightly")
def nightly(vendor_id: int, as_of: str) -> bool:
    run = services.nightly(vendor=Vendor.objects.get(pk=vendor_id), as_of=date.fromisoformat(as_of))
    return run is not None


@shared_task(name="scorecards.tasks.rescore")
def rescore(vendor_id: int, partner_id: int) -> int:
    return services.rescore(vendor=Vendor.objects.get(pk=vendor_id), partner_ids=[partner_id])


@shared_task(name="scorecards.tasks.sweep_stale")
def sweep_stale() -> int:
    """Rescore partners whose task was lost, vendor by vendor; returns how many partners.

    Days to which something was added later are computed anew on the way.
    """
    return sum(_sweep(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _sweep(vendor: Vendor) -> int:
    services.late_facts_settle(vendor=vendor)
    forgotten = services.forgotten_partners(vendor)
    return services.rescore(vendor=vendor, partner_ids=forgotten) if forgotten else 0
