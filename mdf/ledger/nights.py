"""The night of a vendor's funds: accrual, what has ended, and the check of all of it."""

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from mdf.funds.models import Fund
from mdf.ledger import accrual, checks, services
from mdf.ledger.models import LedgerCheck
from portal.tenancy.models import Vendor


def night_keep(*, vendor: Vendor, now: datetime | None = None) -> bool:
    """Once per day of the vendor's own; says whether it was done. Under the vendor's system scope and zone.

    Every step may run twice. The check comes last and marks the day: a night that was cut short is taken up
    again by the next run.
    """
    now = now or timezone.now()
    midnight = timezone.localtime(now, vendor.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    with transaction.atomic():
        if not _alone(vendor) or not _is_due(midnight):
            return False
        accrual.accrue(vendor=vendor, now=now)
        services.funds_end(vendor=vendor, now=now)
        checks.ledger_check(vendor=vendor)
    return True


def _alone(vendor: Vendor) -> bool:
    """One run at a time for a vendor; the other has it done."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtext('mdf.night'), %s)", [vendor.pk])
        return bool(cursor.fetchone()[0])


def _is_due(midnight: datetime) -> bool:
    with_books = Fund.objects.filter(balances__isnull=False)
    checked = LedgerCheck.objects.filter(checked_at__gte=midnight).values("fund")
    return with_books.exclude(pk__in=checked).exists()
