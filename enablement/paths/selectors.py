"""Reads of learning paths, and of what to suggest when a module went wrong."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from enablement.audience import learner_of, open_to
from enablement.courses.models import Enrolment, Module, ModuleProgress
from enablement.paths.models import LearningPath, PathStep, Refresher
from enablement.quizzes.models import AttemptQuestion
from portal.tenancy.access import Actor


def paths_for(actor: Actor) -> QuerySet[LearningPath]:
    """The paths that are meant for this person; staff see all."""
    rows = LearningPath.objects.filter(retired_at=None).select_related("least_tier", "product")
    return rows.filter(open_to(learner_of(actor)))


def steps_for(actor: Actor) -> QuerySet[PathStep]:
    """The steps of these paths that can be taken, path by path in order."""
    rows = PathStep.objects.filter(open_to(learner_of(actor), "path__"), path__retired_at=None)
    rows = rows.filter(course__published__isnull=False, course__retired_at=None)
    rows = rows.select_related("path__least_tier", "path__product", "course__published")
    return rows.order_by("path__position", "path__name", "path", "position", "pk")


@dataclass(frozen=True, slots=True)
class Stop:
    """A course on somebody's path, with the enrolment they are in or finished, if any."""

    step: PathStep
    enrolment: Enrolment | None

    @property
    def is_done(self) -> bool:
        return self.enrolment is not None and self.enrolment.completed_at is not None

    @property
    def is_begun(self) -> bool:
        return self.enrolment is not None and self.enrolment.is_open


@dataclass(frozen=True, slots=True)
class Way:
    """One person's way along a path."""

    path: LearningPath
    stops: list[Stop]

    @property
    def done(self) -> int:
        return sum(stop.is_done for stop in self.stops)

    @property
    def next(self) -> Stop | None:
        """The first that is not done; an optional one only once nothing required is left."""
        open_ones = [stop for stop in self.stops if not stop.is_done]
        required = (stop for stop in open_ones if not stop.step.is_optional)
        return next(required, open_ones[0] if open_ones else None)

    @property
    def is_done(self) -> bool:
        return all(stop.is_done or stop.step.is_optional for stop in self.stops)

    def before(self, stop: Stop) -> Stop | None:
        """The required stop that should come first, if one is still open."""
        for earlier in self.stops:
            if earlier is stop:
                return None
            if not earlier.is_done and not earlier.step.is_optional:
                return earlier
        return None


def ways(steps: Iterable[PathStep], enrolments: Iterable[Enrolment]) -> list[Way]:
    """How far somebody came on the paths of `steps_for`; `enrolments` are all of that person's."""
    latest = latest_by_course(enrolments)
    found: dict[int, Way] = {}
    for step in steps:
        way = found.setdefault(step.path_id, Way(step.path, []))
        way.stops.append(Stop(step, latest.get(step.course_id)))
    return list(found.values())


def latest_by_course(enrolments: Iterable[Enrolment]) -> dict[int, Enrolment]:
    """{course id: the finished enrolment, else the open one}: what was achieved once stays achieved."""
    kept: dict[int, Enrolment] = {}
    for one in enrolments:
        known = kept.get(one.course_id)
        if one.left_at is None and (known is None or (known.completed_at is None and one.completed_at)):
            kept[one.course_id] = one
    return kept


def way_ahead(found: Sequence[Way]) -> Way | None:
    """The path to show first: one that is begun and not done, else the first that is not done."""
    left = [way for way in found if not way.is_done]
    begun = (way for way in left if any(stop.enrolment for stop in way.stops))
    return next(begun, left[0] if left else None)


# What went wrong -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gap:
    """A module that somebody failed or skipped, and the course that helps (None: the module itself)."""

    user_id: int
    enrolment: Enrolment
    module_key: UUID
    title: str
    position: int
    wrong: int
    asked: int
    is_skipped: bool
    suggests: Refresher | None

    @property
    def key(self) -> tuple[int, str]:
        return self.user_id, str(self.module_key)


def gaps(enrolments: Iterable[Enrolment]) -> list[Gap]:
    """Modules that went wrong in what these people took last, the most wrong answers first.

    `enrolments` are all of theirs, with course. Failed: at least half of the questions on the module were
    wrong in the latest try handed in. Whoever finished the refresher since has no gap any more. Three
    statements, however many people.
    """
    known = [one for one in enrolments if one.left_at is None]
    latest = _latest(known)
    if not latest:
        return []
    found = [*_failed(latest), *_skipped(latest)]
    finished = {(one.user_id, one.course_id) for one in known if one.completed_at}
    return _with_refreshers(found, finished) if found else []


def _latest(enrolments: Iterable[Enrolment]) -> dict[int, Enrolment]:
    """{enrolment id: enrolment}, of each person the last one in each course."""
    last: dict[tuple[int, int], Enrolment] = {}
    for one in sorted(enrolments, key=lambda one: (one.enrolled_at, one.pk)):
        last[one.user_id, one.course_id] = one
    return {one.pk: one for one in last.values()}


def _failed(enrolments: dict[int, Enrolment]) -> list[Gap]:
    """From the answers of the latest try at each test."""
    found = []
    for row in _tallies(enrolments).values():
        enrolment = enrolments[row["attempt__enrolment"]]
        if row["title"] and row["wrong"] * 2 >= row["asked"]:
            key = row["question__pool__module_key"]
            place = (enrolment.user_id, enrolment, key, row["title"], row["position"])
            found.append(Gap(*place, row["wrong"], row["asked"], False, None))
    return found


def _tallies(enrolments: dict[int, Enrolment]) -> dict[tuple[int, UUID], dict[str, Any]]:
    """Of each enrolment and module, how the latest try that asked about it went; and how it is called."""
    asked = AttemptQuestion.objects.filter(
        attempt__enrolment__in=list(enrolments), attempt__submitted_at__isnull=False
    ).exclude(question__pool__module_key=None)
    about = Module.objects.filter(
        version=OuterRef("attempt__enrolment__version"), key=OuterRef("question__pool__module_key")
    )
    rows = (
        asked.order_by("attempt__number")
        .values("attempt__enrolment", "question__pool__module_key", "attempt__number")
        .annotate(
            asked=Count("pk"), wrong=Count("pk", filter=~Q(is_right=True)),
            title=Subquery(about.values("title")[:1]), position=Subquery(about.values("position")[:1]),
        )
    )  # fmt: skip
    return {(row["attempt__enrolment"], row["question__pool__module_key"]): row for row in rows}


def _skipped(enrolments: dict[int, Enrolment]) -> list[Gap]:
    rows = ModuleProgress.objects.filter(enrolment__in=list(enrolments), skipped_at__isnull=False)
    rows = rows.order_by("pk").values_list("enrolment", "module__key", "module__title", "module__position")
    return [
        Gap(enrolments[pk].user_id, enrolments[pk], key, title, position, 0, 0, True, None)
        for pk, key, title, position in rows
    ]


def _with_refreshers(found: list[Gap], finished: Collection[tuple[int, int]]) -> list[Gap]:
    rules = _refreshers({gap.enrolment.course_id for gap in found})
    kept: dict[tuple[int, str], Gap] = {}
    for gap in found:
        of_module = rules.get((gap.enrolment.course_id, gap.module_key), [])
        fitting = [rule for rule in of_module if (rule.when_skipped if gap.is_skipped else rule.when_failed)]
        if not any((gap.user_id, rule.suggests_id) in finished for rule in fitting):
            kept.setdefault(gap.key, replace(gap, suggests=fitting[0] if fitting else None))
    return sorted(kept.values(), key=lambda gap: (gap.is_skipped, -gap.wrong, gap.title))


def _refreshers(course_ids: Collection[int]) -> dict[tuple[int, UUID], list[Refresher]]:
    rows = Refresher.objects.filter(
        course__in=course_ids, suggests__retired_at=None, suggests__published__isnull=False
    )
    found: dict[tuple[int, UUID], list[Refresher]] = defaultdict(list)
    for rule in rows.select_related("suggests__published", "suggests__least_tier"):
        found[rule.course_id, rule.module_key].append(rule)
    return found
