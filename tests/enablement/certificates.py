"""Certifications for tests, and people who earned them."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from enablement.certifications.models import Award, Certification, CertificationCourse
from enablement.courses.models import Course, Enrolment
from portal.calendar.days import end_of_day
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.support.worlds import Person, VendorWorld


def certification(
    world: VendorWorld, *courses: Course, name: str = "Technician", **fields: Any
) -> Certification:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        made = Certification.objects.create(name=name, **fields)
        for position, course in enumerate(courses, start=1):
            CertificationCourse.objects.create(certification=made, course=course, position=position)
    return made


def award(
    world: VendorWorld, who: str = "partner_rep", *, of: Certification | None = None, **fields: Any
) -> Award:
    """As an earlier course would have left it: given 100 days ago, in force for another 265."""
    person = world.people[who]
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        found = of or Certification.objects.filter(name="Technician").first()
        found = found or Certification.objects.create(name="Technician")
        given = fields.pop("awarded_at", timezone.now() - timedelta(days=100))
        until: date | None = fields.pop("until", timezone.localdate() + timedelta(days=265))
        fields = {"reference": f"C-{person.user.pk}X{Award.objects.count()}", **fields}
        return Award.objects.create(
            user=person.user, partner=person.partner, certification=found, awarded_at=given, expires_on=until,
            expires_at=until and end_of_day(until, world.vendor.zone), **fields,
        )  # fmt: skip


def take(person: Person, course: Course, world: VendorWorld) -> Enrolment:
    """Enrol anew and finish a course of texts."""
    enrolment = school.enrol(person, course)
    school.finish_texts(person, enrolment, course, world)
    return enrolment


def awards(world: VendorWorld, who: str = "partner_rep") -> list[Award]:
    """Theirs, the oldest first."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        rows = Award.objects.filter(user=world.people[who].user).select_related("renews", "certification")
        return list(rows.order_by("awarded_at"))


def at(world: VendorWorld, day: date, wall: time = time(12)) -> datetime:
    """A moment on the vendor's clock."""
    return datetime.combine(day, wall, world.vendor.zone)
