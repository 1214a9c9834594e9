from celery import shared_task
from django.db import transaction

from portal.files import uploads
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope


@shared_task(name="portal.files.tasks.sweep_files")
def sweep_files() -> int:
    """Delete files that failed requests left behind, vendor by vendor; returns how many."""
    return sum(_files_swept(vendor) for vendor in Vendor.objects.all())


def _files_swept(vendor: Vendor) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        return uploads.stored_files_sweep(vendor=vendor)
