"""Reads of certifications and awards."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Q, QuerySet

from enablement.audience import learner_of, open_to
from enablement.certifications.models import Award, Certification, CertificationCourse
from enablement.certifications.validity import Finished
from enablement.courses.models import Enrolment
from enablement.courses.selectors import as_the_vendor
from enablement.quizzes.models import Attempt
from partners.models import Seat
from portal.tenancy.access import Actor


def in_force(now: datetime, prefix: str = "") -> Q:
    """Condition on awards (through `prefix`, such as "awards__") that count at this moment."""
    p = prefix
    begun = Q(**{f"{p}awarded_at__lte": now})
    not_over = Q(**{f"{p}expires_at": None}) | Q(**{f"{p}expires_at__gte": now})
    not_revoked = Q(**{f"{p}revoked_at": None}) | Q(**{f"{p}revoked_at__gt": now})
    return begun & not_over & not_revoked


def awards_of(user_id: int) -> QuerySet[Award]:
    """Everything a person ever earned, the newest first, whichever partner they sat in."""
    return Award.objects.filter(user=user_id).select_related("certification").order_by("-awarded_at", "-pk")


@dataclass(frozen=True, slots=True)
class Sheet:
    """An award with where its holder sits now, what renewed it, and the courses it stands for."""

    award: Award
    seat: Seat | None
    renewal: Award | None
    courses: list[CertificationCourse]


def sheet_of(actor: Actor, reference: str) -> Sheet | None:
    """The award of this number. The caller asks the policy.

    Read for the vendor: what somebody earned elsewhere they bring along.
    """
    with as_the_vendor(actor):
        rows = Award.objects.select_related("certification", "user", "partner", "renews", "revoked_by")
        award = rows.filter(reference=reference).first()
        if award is None:
            return None
        renewal = Award.objects.filter(renews=award).first()
        courses = required_of([award.certification_id])[award.certification_id]
        return Sheet(award, seat_of(award.user_id), renewal, courses)


def seat_of(user_id: int) -> Seat | None:
    """Where the person sits now, with access or not."""
    found: Seat | None = (
        Seat.objects.filter(user=user_id, left_at=None).select_related("partner", "membership").first()
    )
    return found


def newest_first(rows: QuerySet[Award]) -> dict[tuple[int, int], Award]:
    """{(user id, certification id): the award that came last}."""
    found: dict[tuple[int, int], Award] = {}
    for award in rows.order_by("-awarded_at", "-pk"):
        found.setdefault((award.user_id, award.certification_id), award)
    return found


def certifications_for(actor: Actor) -> QuerySet[Certification]:
    """Those this person may earn."""
    return Certification.objects.filter(open_to(learner_of(actor)), retired_at=None).order_by("name")


def required_of(certification_ids: Collection[int]) -> dict[int, list[CertificationCourse]]:
    """{certification id: its courses in order}."""
    found: dict[int, list[CertificationCourse]] = defaultdict(list)
    rows = CertificationCourse.objects.filter(certification__in=certification_ids).select_related("course")
    for link in rows.order_by("position", "pk"):
        found[link.certification_id].append(link)
    return found


def finished_by(user_ids: Collection[int], course_ids: Collection[int]) -> dict[int, list[Finished]]:
    """{user id: the courses among these they finished}, with the lowest of the best results of its tests."""
    over = Enrolment.objects.filter(completed_at__isnull=False, course__in=course_ids, user__in=user_ids)
    rows = list(over.order_by("completed_at"))
    scores = _scores([row.pk for row in rows])
    found: dict[int, list[Finished]] = defaultdict(list)
    for row in rows:
        one = Finished(row.course_id, row.enrolled_at, row.completed_at, row.partner_id, scores.get(row.pk))
        found[row.user_id].append(one)
    return found


def _scores(enrolment_ids: Collection[int]) -> dict[int, int]:
    tests: Any = Attempt.objects.filter(enrolment__in=enrolment_ids, score__isnull=False).order_by()
    found: dict[int, int] = {}
    for enrolment, _, best in tests.values_list("enrolment", "module").annotate(best=Max("score")):
        found[enrolment] = min(best, found.get(enrolment, best))
    return found
