"""Reads of a person's notifications."""

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from portal.notifications.models import Notification
from portal.people.models import Membership

#: Beyond that nobody counts.
MOST_COUNTED = 100
PAGE = 30


def with_unread(memberships: QuerySet[Membership]) -> QuerySet[Membership]:
    """Memberships with `unread`, at most `MOST_COUNTED`: the bell costs no query of its own."""
    # Twice outer: past the counting query, to the membership.
    mine = Notification.objects.filter(user=OuterRef(OuterRef("user")), in_app=True, read_at=None)
    mine = mine.order_by().values("pk")[:MOST_COUNTED]
    counted = Notification.objects.filter(pk__in=mine).order_by().values(one=Value(1))
    total = counted.annotate(n=Count("pk")).values("n")
    return memberships.annotate(unread=Coalesce(Subquery(total), 0))


def inbox_of(user: Any) -> QuerySet[Notification]:
    """Newest first."""
    return Notification.objects.filter(user=user, in_app=True).order_by("-created_at", "-id")
