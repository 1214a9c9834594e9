"""Celery's way in: ids in, one service call a result. Each may be lost or come twice."""

from celery import shared_task
from django.db import transaction

from enablement.records import results
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="enablement.tasks.count_learning_results")
def count_learning_results(vendor_id: int) -> int:
    """Let what waits count, each in a transaction of its own; returns how many counted."""
    with entered(system_scope(vendor_id)):
        with transaction.atomic():
            waiting = results.results_waiting()
        counted = sum(_counted(result_id) for result_id in waiting)
    if len(waiting) == results.BATCH:
        count_learning_results.delay(vendor_id)
    return counted


def _counted(result_id: int) -> bool:
    with transaction.atomic():
        return results.result_apply(result_id)


@shared_task(name="enablement.tasks.sweep_learning_results")
def sweep_learning_results() -> int:
    """Whatever a lost task left behind, vendor by vendor; returns how many counted."""
    return sum(count_learning_results(vendor.pk) for vendor in Vendor.objects.filter(is_active=True))
