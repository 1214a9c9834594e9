"""One partner's people and how each is getting on: courses, assignments, gaps, tests that are used up."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Max, OuterRef, Q, Subquery

from enablement.assignments.models import Assignment
from enablement.assignments.selectors import assigned_at, people_at
from enablement.courses.models import Enrolment
from enablement.courses.selectors import with_extent
from enablement.paths.selectors import Gap, gaps
from enablement.quizzes.models import Attempt, AttemptGrant
from partners.models import Partner, Seat


@dataclass(frozen=True, slots=True)
class UsedUp:
    """Somebody who tried a test as often as it allows and did not pass."""

    enrolment: Enrolment
    position: int
    tries: int
    best: int


@dataclass(frozen=True, slots=True)
class Person:
    """`last` is when they last did something in a course."""

    seat: Seat
    open: list[Enrolment]
    finished: list[Enrolment]
    assignments: list[Assignment]

    @property
    def last(self) -> object:
        return max((one.saved_at for one in [*self.open, *self.finished] if one.saved_at), default=None)


@dataclass(frozen=True, slots=True)
class Team:
    people: list[Person]
    assignments: list[Assignment]
    used_up: list[UsedUp]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The people as one chooses among them."""
        return [(str(person.seat.user_id), str(person.seat.user)) for person in self.people]

    @property
    def learning(self) -> int:
        return sum(bool(person.open) for person in self.people)

    @property
    def finished(self) -> int:
        return sum(len(person.finished) for person in self.people)


def team_of(partner: Partner) -> Team:
    """Four statements, however many people."""
    seats = list(people_at(partner.pk))
    users = [seat.user_id for seat in seats]
    rows = Enrolment.objects.filter(user__in=users, partner=partner).select_related(
        "course", "user", "version"
    )
    enrolments = list(with_extent(rows).order_by("-enrolled_at"))
    assignments = list(assigned_at(partner.pk))
    of_person = _by_user(enrolments)
    asked = _asked_of(assignments)
    people = [
        Person(
            seat,
            [one for one in of_person[seat.user_id] if one.is_open],
            [one for one in of_person[seat.user_id] if one.completed_at],
            asked[seat.user_id],
        )
        for seat in seats
    ]
    return Team(people, assignments, _used_up(enrolments))


def _by_user(enrolments: Iterable[Enrolment]) -> dict[int, list[Enrolment]]:
    found: dict[int, list[Enrolment]] = defaultdict(list)
    for one in enrolments:
        found[one.user_id].append(one)
    return found


def _asked_of(assignments: Iterable[Assignment]) -> dict[int, list[Assignment]]:
    found: dict[int, list[Assignment]] = defaultdict(list)
    for one in assignments:
        found[one.user_id].append(one)
    return found


def _used_up(enrolments: Iterable[Enrolment]) -> list[UsedUp]:
    """The last try allowed was not passed, and no other was granted since."""
    open_ones = {one.pk: one for one in enrolments if one.is_open}
    grants = AttemptGrant.objects.filter(enrolment=OuterRef("enrolment"), module=OuterRef("module"))
    granted = grants.order_by().values("enrolment").values(n=Count("pk"))
    rows = (
        Attempt.objects.filter(enrolment__in=list(open_ones), quiz__isnull=False)
        .order_by()
        .values("enrolment", "module", "module__position", "quiz__attempt_limit")
        .annotate(
            tries=Max("number"), best=Max("score"),
            passed=Max("submitted_at", filter=Q(passed=True)),
            open=Max("number", filter=Q(submitted_at=None)), granted=Subquery(granted),
        )
    )  # fmt: skip
    found = []
    for row in rows:
        limit = row["quiz__attempt_limit"]
        allowed = limit and limit + (row["granted"] or 0)
        if allowed and row["tries"] >= allowed and not row["passed"] and not row["open"]:
            one = open_ones[row["enrolment"]]
            found.append(UsedUp(one, row["module__position"], row["tries"], row["best"] or 0))
    return found


def choices_at(partner: Partner) -> list[tuple[str, str]]:
    """The same for who sends the form."""
    return [(str(seat.user_id), str(seat.user)) for seat in people_at(partner.pk)]


def gaps_of(partner: Partner) -> list[Gap]:
    """Modules that people of a partner failed or skipped, the worst first."""
    users = people_at(partner.pk).values("user")
    rows = Enrolment.objects.filter(user__in=users, partner=partner).select_related("course", "user")
    return gaps(rows)
