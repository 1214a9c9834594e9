"""What the learning home puts together, in as few statements as there are kinds of things."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import CharField, Count, Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat

from enablement.assignments.models import Assignment
from enablement.assignments.selectors import assigned_to
from enablement.courses.models import Course, CourseProduct, Enrolment
from enablement.courses.selectors import (
    Extent,
    courses,
    enrolments_of,
    extent_of,
    is_above,
    is_offered,
    is_open,
    with_extent,
)
from enablement.paths.models import PathStep
from enablement.paths.selectors import Gap, Way, gaps, steps_for, way_ahead, ways
from portal.tenancy.access import Actor

#: Of suggestions, what fits beside everything else.
_SUGGESTED = 3


@dataclass(frozen=True, slots=True)
class Begun:
    """A course somebody is in: how far, and by when if it was asked for."""

    enrolment: Enrolment
    extent: Extent
    assignment: Assignment | None


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that lies before one learner. `next` is None where nothing is begun."""

    begun: list[Begun]
    finished: list[Enrolment]
    assignments: list[Assignment]
    gaps: list[Gap]
    ways: list[Way]

    @property
    def next(self) -> Begun | None:
        """The begun course with the strongest reason: what is due first, then where one was last."""
        return self.begun[0] if self.begun else None

    @property
    def way(self) -> Way | None:
        return way_ahead(self.ways)


def desk(actor: Actor) -> Desk:
    mine = list(with_extent(enrolments_of(actor.user.pk)))
    assignments = list(assigned_to(actor.user.pk))
    return Desk(
        begun=_begun(mine, assignments),
        finished=[one for one in mine if one.completed_at],
        assignments=assignments,
        gaps=gaps(mine)[:_SUGGESTED],
        ways=ways(steps_for(actor), mine),
    )


def next_of(actor: Actor) -> tuple[Begun | None, list[Assignment]]:
    """(the begun course with the strongest reason, what was asked for and is not begun); two statements."""
    mine = with_extent(enrolments_of(actor.user.pk).filter(completed_at=None, left_at=None))
    assignments = list(assigned_to(actor.user.pk))
    begun = _begun(mine, assignments)
    courses = {one.enrolment.course_id for one in begun}
    return (begun[0] if begun else None), [one for one in assignments if one.course_id not in courses]


def _begun(mine: Iterable[Enrolment], assignments: Iterable[Assignment]) -> list[Begun]:
    by_course = {one.course_id: one for one in assignments}
    begun = [Begun(one, extent_of(one), by_course.get(one.course_id)) for one in mine if one.is_open]
    return sorted(begun, key=_urgency)


def _urgency(begun: Begun) -> tuple[bool, float]:
    if begun.assignment:
        return False, begun.assignment.due_at.timestamp()
    last = begun.enrolment.saved_at or begun.enrolment.enrolled_at
    return True, -last.timestamp()


# The catalogue -----------------------------------------------------------------------------------------


def catalogue(actor: Actor) -> QuerySet[Course]:
    """Courses offered to this person or from a higher tier on, with where the person stands in each."""
    mine = Enrolment.objects.filter(user=actor.user.pk, course=OuterRef("pk"), left_at=None)
    finished = mine.filter(completed_at__isnull=False).order_by("-completed_at")
    steps = PathStep.objects.filter(course=OuterRef("pk"), path__retired_at=None)
    step = steps.order_by("path__position", "position").annotate(
        text=Concat("path__name", Value(", step "), Cast("position", CharField()))
    )
    rows = courses().filter(is_offered(), is_open(actor) | is_above(actor))
    return rows.annotate(
        is_begun=Exists(mine.filter(completed_at=None)),
        finished_at=Subquery(finished.values("completed_at")[:1]),
        step=Subquery(step.values("text")[:1]),
        about=Subquery(_products(), output_field=CharField()),
    )


def _products() -> QuerySet[Any]:
    """Their names in one text."""
    links = CourseProduct.objects.filter(course=OuterRef("pk")).order_by().values("course")
    named: QuerySet[Any] = links.annotate(
        names=StringAgg("product__name", ", ", order_by=["product__name"])
    ).values("names")
    return named


def catalogue_counts(rows: QuerySet[Course], actor: Actor) -> tuple[int, int]:
    """(open to the person, more from a higher tier on) of these rows of the catalogue."""
    counts = rows.order_by().aggregate(
        open=Count("pk", filter=is_open(actor), distinct=True),
        higher=Count("pk", filter=is_above(actor), distinct=True),
    )
    return counts["open"], counts["higher"]


def products() -> list[tuple[int, str]]:
    """(id, name) of the products that courses are about."""
    rows = CourseProduct.objects.order_by("product__name").values_list("product", "product__name")
    return list(rows.distinct())
