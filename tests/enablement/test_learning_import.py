"""Completions and scores of another system: taken once, told line by line, first tries first."""

from typing import Any

import pytest

from enablement.assignments.models import Assignment
from enablement.certifications.models import Award, Certification
from enablement.certifications.services import awards_mind
from enablement.courses.models import Course, Enrolment
from enablement.quizzes.models import Attempt
from portal.events.models import PortalEvent
from portal.imports import kinds
from portal.imports.services import load
from portal.notifications.models import Notification
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.enablement.test_assignments import assign
from tests.support.worlds import VendorWorld

pytestmark = pytest.mark.django_db

ENROLMENTS = """email,course,started,completed
partner_rep@acme.example,fleet,2026-09-01,2026-09-20
partner_admin@acme.example,Fleet course,2026-09-02,
nobody@acme.example,fleet,2026-09-02,
partner_rep@acme.example,unknown,2026-09-02,
sub_rep@acme.example,fleet,2026-09-20,2026-09-01
"""
ATTEMPTS = """email,course,test,score,verdict,date
partner_rep@acme.example,fleet,Final test,85.5,passed,2026-09-20 10:00
partner_rep@acme.example,fleet,Final test,60%,failed,2026-09-10 10:00
sub_rep@acme.example,fleet,,70,,2026-09-10
partner_rep@acme.example,fleet,No such,70,,2026-09-10
partner_rep@acme.example,fleet,,140,,2026-09-10
partner_rep@acme.example,fleet,,,,2026-09-11
"""


def take(world: VendorWorld, kind: str, text: str, **more: Any) -> Any:
    with entered(system_scope(world.vendor.pk)):
        return load(kinds.kind(kind), text.encode(), vendor=world.vendor, file=f"{kind}.csv", **more)


def test_enrolments(world: VendorWorld) -> None:
    school.course(world)
    report = take(world, "enrolments", ENROLMENTS)
    assert (report.created, [fault.line for fault in report.faults]) == (2, [4, 5, 6])
    again = take(world, "enrolments", ENROLMENTS)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    with entered(system_scope(world.vendor.pk)):
        events = list(
            PortalEvent.objects.filter(type__startswith="enablement.").values_list("type", flat=True)
        )
    assert sorted(events) == ["enablement.course_completed", "enablement.enrolled", "enablement.enrolled"]


def test_an_imported_completion_does_what_was_asked(world: VendorWorld) -> None:
    course = school.course(world)
    assign(world, course)
    with entered(system_scope(world.vendor.pk)):
        Assignment.objects.update(assigned_at="2026-08-01T00:00:00Z")
    take(world, "enrolments", ENROLMENTS)
    with entered(system_scope(world.vendor.pk)):
        assert Assignment.objects.get().completed_at is not None


def test_attempts_follow_the_time_they_were_handed_in(world: VendorWorld) -> None:
    course = school.course(world)
    take(world, "enrolments", ENROLMENTS)
    report = take(world, "attempts", ATTEMPTS)
    assert (report.created, sorted({fault.line for fault in report.faults})) == (2, [4, 5, 6, 7])
    with entered(system_scope(world.vendor.pk)):
        tries = list(Attempt.objects.order_by("number").values_list("number", "score", "passed"))
        course.refresh_from_db()
    assert tries == [(1, 6_000, False), (2, 8_550, True)]
    assert (course.first_tries, course.first_passes) == (1, 0)
    assert take(world, "attempts", ATTEMPTS).unchanged == 2


def test_courses_of_another_system(world: VendorWorld) -> None:
    rows = "title,minutes,link,external_key\nForklift licence,240,https://lms.example/f,F1\n"
    assert take(world, "courses", rows).created == 1
    assert take(world, "courses", rows).unchanged == 1
    with entered(system_scope(world.vendor.pk)):
        course = Course.objects.select_related("published").get(external_key="F1")
        assert course.is_offered
        assert [module.kind for module in course.published.modules.all()] == ["external"]
        assert not Enrolment.objects.exists()


AWARDS = """email,certification,date,valid until,result
partner_rep@acme.example,Technician,2025-03-01,,85
partner_rep@acme.example,Technician,2026-03-01,2027-02-28,
nobody@acme.example,Technician,2026-03-01,,
partner_rep@acme.example,Welder,2026-03-01,,
partner_admin@acme.example,Technician,2026-03-01,2026-02-01,
"""


def test_certifications_of_another_system_are_on_record_and_nobody_hears_of_it(world: VendorWorld) -> None:
    with entered(system_scope(world.vendor.pk)):
        Certification.objects.create(name="Technician", validity_months=12)
    report = take(world, "awards", AWARDS)
    assert (report.created, sorted({fault.line for fault in report.faults})) == (2, [4, 5, 6])
    with entered(system_scope(world.vendor.pk)):
        first, second = Award.objects.order_by("awarded_at")
        assert second.renews_id == first.pk
        assert (first.score, str(first.expires_on), str(second.expires_on)) == (
            8_500, "2026-03-01", "2027-02-28",
        )  # fmt: skip
        assert first.reminded_days == 0, "it ended before it came"
        assert not Notification.objects.exists()
        assert awards_mind(vendor=world.vendor) == 0
    again = take(world, "awards", AWARDS)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)


def test_an_empty_cell_of_an_award_changes_nothing(world: VendorWorld) -> None:
    with entered(system_scope(world.vendor.pk)):
        Certification.objects.create(name="Technician", validity_months=12)
    rows = "id,email,certification,date,valid until\nA1,partner_rep@acme.example,Technician,2026-03-01,{}\n"
    take(world, "awards", rows.format("2028-01-31"))
    assert take(world, "awards", rows.format("")).unchanged == 1
    with entered(system_scope(world.vendor.pk)):
        assert str(Award.objects.get().expires_on) == "2028-01-31"
