from celery import shared_task
from django.db import transaction
from django.utils import timezone

from deals.approvals import decision_times, steps
from deals.disputes import services as disputes_services
from deals.handover.services import handover
from deals.leads import clocks as leads
from deals.protection import reminders
from deals.protection import services as protection_services
from deals.registration.bulk import services as bulk_services
from deals.special_prices import services as special_prices_services
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


@shared_task(name="deals.tasks.remind_of_prices")
def remind_of_prices() -> int:
    """Remind of special prices that end, vendor by vendor; returns how many."""
    return sum(_prices_reminded(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _prices_reminded(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        return special_prices_services.prices_remind(vendor=vendor)


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


@shared_task(name="deals.tasks.mind_leads")
def mind_leads() -> int:
    """Time out unanswered leads and remind of late contacts, vendor by vendor; returns how many."""
    return sum(_leads_minded(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _leads_minded(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), timezone.override(vendor.zone):
        return leads.leads_time_out(vendor=vendor) + leads.contacts_remind(vendor=vendor)


@shared_task(name="deals.tasks.expire_protection")
def expire_protection() -> int:
    """Expire what has run out, vendor by vendor; returns how many deals."""
    return sum(_expired(vendor) for vendor in Vendor.objects.all())


def _expired(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        return protection_services.protection_expire_due()


@shared_task(name="deals.tasks.sweep_bulk_uploads")
def sweep_bulk_uploads() -> int:
    """Delete files of registrations that nobody confirmed, vendor by vendor; returns how many."""
    return sum(_bulk_swept(vendor_id) for vendor_id in Vendor.objects.values_list("pk", flat=True))


def _bulk_swept(vendor_id: int) -> int:
    with entered(system_scope(vendor_id)), transaction.atomic():
        return bulk_services.bulk_sweep()


@shared_task(name="deals.tasks.remind_of_protection")
def remind_of_protection() -> int:
    """Remind of protection about to end, vendor by vendor; returns of how many deals."""
    return sum(_reminded(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _reminded(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic(), timezone.override(vendor.zone):
        return reminders.protection_remind(vendor=vendor)
