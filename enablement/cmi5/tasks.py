"""Entry points of the scheduler."""

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from enablement.cmi5 import services
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="enablement.cmi5.end_quiet_sessions")
def end_quiet_sessions() -> int:
    """End sessions whose content was closed without a word, vendor by vendor; returns how many."""
    return sum(_ended(vendor) for vendor in Vendor.objects.filter(is_active=True))


def _ended(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)):
        with transaction.atomic():
            quiet = services.quiet_sessions(timezone.now())
        for session_id in quiet:
            services.session_end_quiet(vendor=vendor, session_id=session_id)
    return len(quiet)
