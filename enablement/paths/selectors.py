"""Reads of learning paths, and of what to suggest when a module went wrong."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from enablement.audience import learner_of, open_to
from enablement.courses.models import Enrolment, Module, ModuleProgress
from enablement.paths.models import LearningPath, PathStep, Refresher
from enablement.quizzes.models import AttemptQuestion
from portal.tenancy.access import Actor


def paths() -> QuerySet[LearningPath]:
    return LearningPath.objects.filter(retired_at=None).select_related("least_tier", "product")


def paths_for(actor: Actor) -> QuerySet[LearningPath]:
    """The paths that are meant for this person; staff see all."""
    return paths().filter(open_to(learner_of(actor)))


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


def ways(found: Iterable[LearningPath], enrolments: Iterable[Enrolment]) -> list[Way]:
    """How far somebody came on these paths; one statement. `enrolments` are all of that person's."""
    found = list(found)
    latest = latest_by_course(enrolments)
    steps: dict[int, list[Stop]] = defaultdict(list)
    rows = PathStep.objects.filter(path__in=[path.pk for path in found], course__published__isnull=False)
    rows = rows.select_related("course__published", "course__least_tier").filter(course__retired_at=None)
    for step in rows.order_by("position", "pk"):
        steps[step.path_id].append(Stop(step, latest.get(step.course_id)))
    return [Way(path, steps[path.pk]) for path in found if steps[path.pk]]


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
    module: Module
    wrong: int
    asked: int
    is_skipped: bool
    suggests: Refresher | None

    @property
    def key(self) -> tuple[int, str]:
        return self.user_id, str(self.module.key)


def gaps(enrolments: Iterable[Enrolment]) -> list[Gap]:
    """Modules that went wrong in what these people took last, the most wrong answers first.

    `enrolments` are all of theirs, with course. Failed: at least half of the questions on the module were
    wrong in the latest try handed in. Whoever finished the refresher since has no gap any more. At most four
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
    bad = {place: tally for place, tally in _tallies(enrolments).items() if tally[0] * 2 >= tally[1]}
    if not bad:
        return []
    versions = {enrolments[pk].version_id for pk, _ in bad}
    rows = Module.objects.filter(version__in=versions, key__in={key for _, key in bad})
    modules = {(module.version_id, module.key): module for module in rows}
    found = []
    for (pk, key), (wrong, asked) in bad.items():
        enrolment = enrolments[pk]
        module = modules.get((enrolment.version_id, key))
        if module:
            found.append(Gap(enrolment.user_id, enrolment, module, wrong, asked, False, None))
    return found


def _tallies(enrolments: dict[int, Enrolment]) -> dict[tuple[int, UUID], tuple[int, int]]:
    """{(enrolment, key of the module): (wrong, asked)} of the latest try that asked about it."""
    asked = AttemptQuestion.objects.filter(
        attempt__enrolment__in=list(enrolments), attempt__submitted_at__isnull=False
    ).exclude(question__pool__module_key=None)
    rows = (
        asked.order_by("attempt__number")
        .values_list("attempt__enrolment", "question__pool__module_key", "attempt__number")
        .annotate(asked=Count("pk"), wrong=Count("pk", filter=~Q(is_right=True)))
    )
    return {(enrolment, key): (wrong, of) for enrolment, key, _, of, wrong in rows}


def _skipped(enrolments: dict[int, Enrolment]) -> list[Gap]:
    rows = ModuleProgress.objects.filter(enrolment__in=list(enrolments), skipped_at__isnull=False)
    return [
        Gap(row.user_id, enrolments[row.enrolment_id], row.module, 0, 0, True, None)
        for row in rows.select_related("module")
    ]


def _with_refreshers(found: list[Gap], finished: Collection[tuple[int, int]]) -> list[Gap]:
    rules = _refreshers({gap.enrolment.course_id for gap in found})
    kept: dict[tuple[int, str], Gap] = {}
    for gap in found:
        of_module = rules.get((gap.enrolment.course_id, gap.module.key), [])
        fitting = [rule for rule in of_module if (rule.when_skipped if gap.is_skipped else rule.when_failed)]
        if not any((gap.user_id, rule.suggests_id) in finished for rule in fitting):
            kept.setdefault(gap.key, replace(gap, suggests=fitting[0] if fitting else None))
    return sorted(kept.values(), key=lambda gap: (gap.is_skipped, -gap.wrong, str(gap.module)))


def _refreshers(course_ids: Collection[int]) -> dict[tuple[int, UUID], list[Refresher]]:
    rows = Refresher.objects.filter(
        course__in=course_ids, suggests__retired_at=None, suggests__published__isnull=False
    )
    found: dict[tuple[int, UUID], list[Refresher]] = defaultdict(list)
    for rule in rows.select_related("suggests__published", "suggests__least_tier"):
        found[rule.course_id, rule.module_key].append(rule)
    return found
