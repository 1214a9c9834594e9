"""Courses that somebody is asked to finish, in the one queue: one's own, and all in reach for staff."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from enablement.assignments import selectors
from portal.requests.queue import Side, Source, add_source, waiting_rows, within_reach
from portal.tenancy.access import Actor


def _asked(actor: Actor) -> QuerySet[Any]:
    """Learning is nobody else's turn: an admin's queue holds what the admin is to learn."""
    if actor.is_staff:
        rows = within_reach(actor, selectors.asked_now())
    else:
        rows = selectors.assigned_to(actor.user.pk)
    return waiting_rows(
        rows,
        title="course__title",
        reference="course__slug",
        since="assigned_at",
        due="due_at",
        owner="user",
        reason="note",
        detail={"begun": "enrolment_id"},
    )


add_source(
    Source(
        key="enablement.assignments",
        kind="Assigned course",
        icon="school",
        action="Learn",
        side=Side.PARTNER,
        rows=_asked,
        step=lambda row: "to be finished, begun already" if row.detail.get("begun") else "to be finished",
        url=lambda row: reverse("enablement:course", args=[row.reference]),
    )
)
