"""What the learning home puts together, in as few statements as there are kinds of things."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from enablement.assignments.models import Assignment
from enablement.assignments.selectors import assigned_to
from enablement.courses.models import Course, Enrolment
from enablement.courses.selectors import Extent, enrolments_of, extent_of, with_extent
from enablement.paths.models import PathStep
from enablement.paths.selectors import Gap, Way, gaps, paths_for, way_ahead, ways
from enablement.quizzes.selectors import FirstTries, first_tries
from portal.tenancy.access import Actor
from portal.tenancy.wall import across_the_wall

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
    by_course = {one.course_id: one for one in assignments}
    begun = [Begun(one, extent_of(one), by_course.get(one.course_id)) for one in mine if one.is_open]
    return Desk(
        begun=sorted(begun, key=_urgency),
        finished=[one for one in mine if one.completed_at],
        assignments=assignments,
        gaps=gaps(mine)[:_SUGGESTED],
        ways=ways(paths_for(actor), mine),
    )


def _urgency(begun: Begun) -> tuple[bool, float]:
    if begun.assignment:
        return False, begun.assignment.due_at.timestamp()
    last = begun.enrolment.saved_at or begun.enrolment.enrolled_at
    return True, -last.timestamp()


# The catalogue -----------------------------------------------------------------------------------------


def catalogue_first_tries(course_ids: list[int]) -> Mapping[int, FirstTries]:
    """How everybody's first tries went: counts and shares of the whole programme, no name among them."""
    with across_the_wall("how first tries at courses go", remember=False):
        return first_tries(course_ids)


def standing_in(actor: Actor, courses: list[Course]) -> dict[int, Enrolment]:
    """{course id: the person's enrolment that counts}: the open one, else what they finished last."""
    rows = enrolments_of(actor.user.pk).filter(course__in=courses, left_at=None)
    found: dict[int, Enrolment] = {}
    for one in rows:
        found.setdefault(one.course_id, one)
    return found


def steps_of(courses: list[Course]) -> dict[int, list[PathStep]]:
    """{course id: the steps of paths it is}."""
    rows = PathStep.objects.filter(course__in=courses, path__retired_at=None).select_related("path")
    found: dict[int, list[PathStep]] = {}
    for step in rows.order_by("path__position", "position"):
        found.setdefault(step.course_id, []).append(step)
    return found


def products_of(rows: QuerySet[Course]) -> list[tuple[int, str]]:
    """(id, name) of the products these courses are about."""
    pairs = rows.filter(~Q(products=None)).order_by("products__name")
    return list(pairs.values_list("products", "products__name").distinct())
