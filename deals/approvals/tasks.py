from celery import shared_task
from django.db import transaction
from django.utils import timezone

from deals.approvals import decision_times, steps
from deals.disputes import services as disputes_services
from deals.handover.services import handover
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="deals.tasks.nudge_approvals")
def nudge_approvals() -> int:
    """Remind and escalate, vendor by vendor; returns how many."""
    return sum(_nudged(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _nudged(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        nudges = (
            handover,  # first: whoever left is not reminded
            steps.approvals_nudge,
            disputes_services.cases_mind,
        )
        return sum(nudge(vendor=vendor) for nudge in nudges)


@shared_task(name="deals.tasks.publish_decision_times")
def publish_decision_times() -> int:
    """Once per vendor and day of its own; returns how many were published."""
    return sum(_published(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _published(vendor: Vendor) -> bool:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        if not decision_times.decision_time_is_due(vendor=vendor):
            return False
        decision_times.decision_time_publish(vendor=vendor)
        return True
