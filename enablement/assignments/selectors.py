"""Reads of assignments."""

from collections.abc import Collection
from datetime import date, datetime, time

from django.db.models import QuerySet
from django.utils import timezone

from enablement.assignments.models import Assignment
from partners.models import Seat
from portal.people.models import User
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role


def due_moment(vendor: Vendor, day: date) -> datetime:
    """The last second of the day on the vendor's clock, so that it is shown as that day."""
    return datetime.combine(day, time(23, 59, 59), vendor.zone)


def today(vendor: Vendor) -> date:
    return timezone.localdate(timezone=vendor.zone)


def open_ones() -> QuerySet[Assignment]:
    """What still waits, of people who still sit where it was assigned; the soonest first."""
    rows = Assignment.objects.filter(completed_at=None, withdrawn_at=None)
    return rows.select_related("course__published", "user", "assigned_by").order_by("due_at", "pk")


def assigned_to(user_id: int) -> QuerySet[Assignment]:
    """What this person is asked to finish where they sit now, the soonest first."""
    seats = Seat.objects.filter(user=user_id, left_at=None).values("partner")
    return open_ones().filter(user=user_id, partner__in=seats)


def assigned_at(partner_id: int) -> QuerySet[Assignment]:
    """What people of a partner are asked to finish, of those who still sit there."""
    there = Seat.objects.filter(partner=partner_id, left_at=None).values("user")
    return open_ones().filter(partner=partner_id, user__in=there)


def people_at(partner_id: int) -> QuerySet[Seat]:
    """Seats of the people one can assign to: those with access, by name."""
    rows = Seat.objects.filter(partner=partner_id, left_at=None, membership__is_active=True)
    rows = rows.select_related("user", "membership")
    return rows.order_by("user__last_name", "user__first_name", "user__email")


def admins_at(partner_ids: Collection[int]) -> dict[int, list[User]]:
    """{partner id: its admins with access}."""
    found: dict[int, list[User]] = {}
    rows = Seat.objects.filter(
        partner__in=partner_ids, left_at=None, membership__is_active=True,
        membership__role=Role.PARTNER_ADMIN,
    )  # fmt: skip
    for seat in rows.select_related("user").order_by("pk"):
        found.setdefault(seat.partner_id, []).append(seat.user)
    return found
