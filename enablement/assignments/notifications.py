"""Whom to tell of assignments, and what they are told."""

from collections.abc import Iterable
from typing import Any, Final

from enablement.assignments.models import Assignment
from enablement.assignments.selectors import admins_at
from portal.events.models import PortalEvent
from portal.notifications.services import NotificationKind, declare_notifications, notify
from portal.people.models import Membership, User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date

KINDS: Final = (
    NotificationKind("enablement.assigned", "A course is assigned to me", for_partners=True),
    NotificationKind(
        "enablement.assignment_due", "An assigned course is due soon or overdue", for_partners=True
    ),
    NotificationKind(
        "enablement.assignment_done",
        "Somebody finished a course I assigned, or is late with it",
        for_partners=True,
        for_staff=True,
    ),
)
declare_notifications(*KINDS, place=90)


def assigned(actor: Actor, assignment: Assignment, event: PortalEvent) -> None:
    """To the person, unless it was they themselves who set it."""
    if assignment.user_id != actor.user.pk:
        told = {"by": str(actor.user), "note": assignment.note}
        _notify(
            "assigned", "course_assigned", actor.vendor, assignment, f"{event.pk}", [assignment.user], told
        )


def due(vendor: Vendor, assignment: Assignment) -> None:
    key = f"{assignment.pk}:{assignment.due_on}:{assignment.reminded_days}"
    _notify("assignment_due", "course_due", vendor, assignment, key, [assignment.user], {"over": False})


def overdue(vendor: Vendor, assignment: Assignment, event: PortalEvent) -> None:
    """To the person, and to who asked for it."""
    person = [assignment.user]
    _notify("assignment_due", "course_due", vendor, assignment, f"{event.pk}", person, {"over": True})
    others = [user for user in _askers(assignment) if user.pk != assignment.user_id]
    _notify("assignment_done", "course_overdue", vendor, assignment, f"{event.pk}", others, {})


def done(vendor: Vendor, assignment: Assignment, event: PortalEvent) -> None:
    others = [user for user in _askers(assignment) if user.pk != assignment.user_id]
    _notify("assignment_done", "course_finished", vendor, assignment, f"{event.pk}", others, {})


def _askers(assignment: Assignment) -> list[User]:
    """Who assigned it while they still have access, else the partner's admins."""
    asker = assignment.assigned_by
    if asker and Membership.objects.filter(user=asker, is_active=True).exists():
        return [asker]
    return admins_at([assignment.partner_id]).get(assignment.partner_id, [])


def _notify(
    kind: str,
    template: str,
    vendor: Vendor,
    assignment: Assignment,
    key: str,
    people: Iterable[User],
    told: dict[str, Any],
) -> None:
    context = {
        "course": assignment.course.title,
        "person": str(assignment.user),
        "partner": assignment.partner.name,
        "due": format_date(assignment.due_on, "weekday"),
        **told,
    }
    mine = all(user.pk == assignment.user_id for user in people)
    notify(
        f"enablement.{kind}",
        vendor=vendor,
        key=f"{template}:{key}",
        to=people,
        page="enablement:course" if mine else "enablement:team_of",
        target=assignment.course.slug if mine else assignment.partner.slug,
        template=template,
        context=context,
    )
