"""Reads of courses and of people's way through them."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.urls import reverse

from enablement.audience import above, learner_of, open_to
from enablement.courses.models import Course, CourseFile, CourseVersion, Enrolment, Module, ModuleProgress
from portal.tenancy.access import Actor
from portal.tenancy.scope import Scope, entered, system_scope


def as_the_vendor(actor: Actor) -> AbstractContextManager[Scope]:
    """What people began at another partner is still theirs to go on with, and no partner's to write."""
    return entered(system_scope(actor.vendor.pk, actor.user.pk))


# Courses ------------------------------------------------------------------------------------------------


def courses() -> QuerySet[Course]:
    """Courses with what every page shows of them."""
    return Course.objects.select_related("published", "least_tier")


def is_offered() -> Q:
    """Condition on courses in which people can enrol."""
    return Q(published__isnull=False, retired_at=None)


def is_open(actor: Actor) -> Q:
    """Condition on courses that are for this person; all of them for staff."""
    return open_to(learner_of(actor))


def is_above(actor: Actor) -> Q:
    """Condition on courses that would be too if the person's partner had a higher tier."""
    learner = learner_of(actor)
    return Q(pk__in=[]) if learner.is_staff else above(learner)


def course_visible(actor: Actor, slug: str) -> Course | None:
    """The course, for who may know of it: open to them, or begun by them; admins see drafts as well."""
    rows = courses().filter(slug=slug)
    if actor.is_admin:
        return rows.first()
    if actor.is_staff:
        return rows.filter(published__isnull=False).first()
    begun = Exists(Enrolment.objects.filter(user=actor.user.pk, course=OuterRef("pk")))
    return rows.filter(is_offered() & is_open(actor) | Q(begun)).first()


def modules_of(version: CourseVersion) -> list[Module]:
    """In their order, each with its files."""
    rows = Module.objects.filter(version=version).select_related("file", "captions")
    found = list(rows.order_by("position"))
    for module in found:
        module.version = version
    return found


def pictures_of(course_id: int) -> dict[str, str]:
    """{lower-case name: address} of the pictures a text of the course may show."""
    files = CourseFile.objects.filter(course=course_id, content_type__in=PICTURES).values_list("name", "pk")
    return {name.lower(): reverse("enablement:picture", args=[pk]) for name, pk in files}


#: Shown in texts; everything else is a download.
PICTURES = ("image/png", "image/jpeg", "image/webp")


# One person ------------------------------------------------------------------------------------------------


def enrolments_of(user_id: int) -> QuerySet[Enrolment]:
    """Everything this person ever took, what is open first, then the latest.

    Without the partner: who moved on does not see the former one, and would lose the row with it.
    """
    rows = Enrolment.objects.filter(user=user_id).select_related("course", "version", "module")
    return rows.order_by(F("completed_at").desc(nulls_first=True), "-enrolled_at", "-pk")


def enrolment_in(user_id: int, slug: str) -> QuerySet[Enrolment]:
    """Of a course, the enrolment this person is in first, then the one they finished last."""
    rows = enrolments_of(user_id).filter(course__slug=slug, left_at=None)
    return rows.select_related("course__published", "version", "module")


@dataclass(frozen=True, slots=True)
class Step:
    """A module of somebody's course. `state`: done, skipped, open (begun) or new."""

    module: Module
    progress: ModuleProgress | None

    @property
    def state(self) -> str:
        if self.progress is None:
            return "new"
        if self.progress.done_at:
            return "done"
        return "skipped" if self.progress.skipped_at else "open"

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "skipped")


def outline(version: CourseVersion, enrolment: Enrolment | None) -> list[Step]:
    """The modules of a version in order, with how far this enrolment has come."""
    rows = ModuleProgress.objects.filter(enrolment=enrolment) if enrolment else []
    progress = {row.module_id: row for row in rows}
    return [Step(module, progress.get(module.pk)) for module in modules_of(version)]


def next_step(steps: Sequence[Step]) -> Step | None:
    """The first that is not over; None at the end."""
    return next((step for step in steps if not step.is_over), None)


@dataclass(frozen=True, slots=True)
class Extent:
    """How far an enrolment has come; optional modules that were skipped count as over."""

    over: int
    modules: int
    minutes_over: int
    minutes: int

    @property
    def share(self) -> float:
        """0 to 1, by time."""
        return self.minutes_over / self.minutes if self.minutes else 0.0

    @property
    def left(self) -> int:
        return self.modules - self.over

    @property
    def minutes_left(self) -> int:
        return max(self.minutes - self.minutes_over, 0)


def extent(steps: Iterable[Step]) -> Extent:
    steps = list(steps)
    over = [step.module.minutes for step in steps if step.is_over]
    return Extent(len(over), len(steps), sum(over), sum(step.module.minutes for step in steps))


def with_extent(rows: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """The same rows, in the same statement, with what `extent_of` needs."""
    modules = Module.objects.filter(version=OuterRef("version")).order_by().values("version")
    over = (
        ModuleProgress.objects.filter(enrolment=OuterRef("pk"))
        .filter(Q(done_at__isnull=False) | Q(skipped_at__isnull=False))
        .order_by()
        .values("enrolment")
    )
    return rows.annotate(
        module_count=Subquery(modules.values(n=Count("pk"))),
        module_minutes=Subquery(modules.values(n=Sum("minutes"))),
        over_count=Subquery(over.values(n=Count("pk"))),
        over_minutes=Subquery(over.values(n=Sum("module__minutes"))),
    )


def extent_of(enrolment: Any) -> Extent:
    """How far an enrolment read `with_extent` has come."""
    return Extent(
        enrolment.over_count or 0, enrolment.module_count or 0, enrolment.over_minutes or 0,
        enrolment.module_minutes or 0,
    )  # fmt: skip


def last_saved(enrolments: Iterable[Enrolment]) -> datetime | None:
    return max((one.saved_at for one in enrolments if one.saved_at), default=None)
