"""Reminders before protection ends, each once, by the vendor's calendar."""

from datetime import datetime, time, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Case, Exists, IntegerField, OuterRef, QuerySet, Value, When
from django.utils import timezone

from deals.deal.actions import record_deal_event
from deals.deal.models import Deal, DealStatus
from deals.deal.people import registrants
from deals.protection import notifications
from deals.protection.links import link_make
from deals.protection.models import Extension, ProtectionReminder
from deals.protection.policies import room_for, terms_for
from portal.notifications.services import MORNING
from portal.people.models import User
from portal.requests.models import RequestStatus
from portal.tenancy.links import absolute
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date, local_day

#: Days before the end, the most urgent first.
DAYS_BEFORE: Final = (1, 7, 14)
BATCH: Final = 200


@transaction.atomic
def protection_remind(*, vendor: Vendor, now: datetime | None = None) -> int:
    """Remind partners 14, 7 and 1 days before their protection ends; returns how many deals.

    Days are those of the vendor's calendar, reminders go out from its morning on. Each once, however often
    this runs: the row written with it is unique. After an outage only the most urgent is sent. Runs under
    the vendor's system scope and time zone (`deals.protection.tasks.remind_of_protection`).
    """
    now = now or timezone.now()
    today = timezone.localtime(now, vendor.zone)
    if today.time() < MORNING:
        return 0
    due = list(_due(now, today).select_for_update(of=("self",), skip_locked=True)[:BATCH])
    for deal in due:
        _remind(vendor, deal, deal.days_before, now)
    return len(due)


def _due(now: datetime, today: datetime) -> QuerySet[Any]:
    """Deals with `days_before`, the most urgent of the reminders whose day has come and that is not made."""
    ends = {days: _midnight(today, days + 1) for days in DAYS_BEFORE}
    deals = Deal.objects.filter(status=DealStatus.APPROVED, expires_at__gt=now)
    deals = deals.filter(expires_at__lt=ends[max(DAYS_BEFORE)]).annotate(
        days_before=Case(
            *(When(expires_at__lt=ends[days], then=Value(days)) for days in DAYS_BEFORE),
            output_field=IntegerField(),
        )
    )
    made = ProtectionReminder.objects.filter(
        deal=OuterRef("pk"), until=OuterRef("expires_at"), days_before__lte=OuterRef("days_before")
    )
    due: QuerySet[Any] = deals.filter(~Exists(made)).order_by("expires_at", "pk")
    return due.select_related("partner", "stage", "registered_by")


def _midnight(today: datetime, days: int) -> datetime:
    """The beginning of the day so many days from today, on the vendor's wall clock."""
    return datetime.combine(today.date() + timedelta(days=days), time(0), tzinfo=today.tzinfo)


def _remind(vendor: Vendor, deal: Deal, days_before: int, now: datetime) -> None:
    assert deal.expires_at is not None  # noqa: S101  (filtered by it)
    granted = list(
        Extension.objects.filter(deal=deal, status=RequestStatus.GRANTED).values_list("decided_at", flat=True)
    )
    began = max(filter(None, [deal.approved_at, *granted]), default=now)
    # Whoever got ten days this morning need not hear at noon that less than fourteen are left.
    told = local_day(began) < local_day(deal.expires_at) - timedelta(days=days_before)
    reminder, is_new = ProtectionReminder.objects.get_or_create(
        deal=deal,
        days_before=days_before,
        until=deal.expires_at,
        defaults={"partner_id": deal.partner_id, "told": told, "made_at": now},
    )
    if not (is_new and told):
        return
    record_deal_event("deals.protection_ending", None, deal, until=format_date(deal.expires_at, "year"))
    notifications.ending(vendor, reminder, _links(vendor, deal, now, len(granted)))


def _links(vendor: Vendor, deal: Deal, now: datetime, granted: int) -> dict[User, str]:
    """For each reader a link of their own, or '' when nothing can be asked for."""
    waiting = Extension.running().filter(deal=deal).first()
    room = room_for(deal, terms_for(deal), now, waiting=waiting, granted=granted)
    return {
        person: "" if room.why_not else absolute(vendor, "deals:extend_by_mail", link_make(deal, person))
        for person in registrants(deal)
    }
