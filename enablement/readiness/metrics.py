"""The enablement quadrant: six metrics, from the moments of learning, as of any day.

Each result's `n` is the number of rows its drill-down lists. A certificate counts to the end of its last day,
where its holder sits on the date; the grace that an accreditation has counts nowhere here. What nobody can
have, because nothing is offered or asked for, is no zero: there is no value.
"""

from decimal import Decimal
from typing import Any, Final

from django.db.models import Avg, Count, F, FloatField, Q
from django.db.models.functions import Cast

from enablement.readiness.figures import FIGURES, Figures
from enablement.readiness.rows import (
    ASKED,
    AWARDED,
    BEGUN,
    CERTIFICATE,
    COURSE,
    EXPIRES,
    FINISHED,
    HEADS,
    HELD,
    HOLDER,
    HOW_MANY,
    MARKS,
    MET,
    MODULE,
    PERSON,
    REQUIRED,
    RESULT,
    STOOD,
    TEST_OF,
    TRIED,
    WHEN,
    earned_rows,
    expiring_rows,
    first_try_rows,
    people_rows,
    required_rows,
    started_rows,
)
from portal.history import wording
from portal.history.wording import Wording
from portal.metrics.declarations import (
    Beside,
    Better,
    Found,
    Look,
    Metric,
    Quadrant,
    Result,
    Total,
    Unit,
    declare_metrics,
)
from portal.metrics.rounding import ratio
from portal.metrics.statements import StatementSource

LEAST_STARTED: Final = 3
LEAST_TRIES: Final = 3
FULL_MARKS: Final = 10_000

# The values --------------------------------------------------------------------------------------------


def certified_ratio(of: Figures) -> Result:
    value = ratio(of.certified, of.people) if of.people and of.offered else None
    return Result(value, of.certified, of.people, of.people)


def certification_coverage(of: Figures) -> Result:
    value = ratio(of.met, of.required) if of.required else None
    return Result(value, of.met, of.required, of.required, {"missing": of.missing})


def completion_rate(of: Figures) -> Result:
    value = ratio(of.completed, of.started) if of.started >= LEAST_STARTED else None
    under_way = of.started - of.completed - of.given_up
    beside = {"under_way": under_way, "given_up": of.given_up}
    return Result(value, of.completed, of.started, of.started, beside)


def assessment_score(of: Figures) -> Result:
    if of.first_tries < LEAST_TRIES:
        return Result(None, n=of.first_tries)
    possible = of.first_tries * FULL_MARKS
    beside = {"pass_rate": of.first_passes / of.first_tries, "retakes": of.retakes}
    return Result(ratio(of.first_marks, possible), n=of.first_tries, beside=beside)


def expiring_certifications(of: Figures) -> Result:
    """Where nothing is in force, nothing can end: that is no good sign, and no value."""
    return Result(of.expiring if of.valid else None, n=of.expiring, beside={"valid": of.valid})


def certification_momentum(of: Figures) -> Result:
    """Nothing more than before is a finding only where anything was ever earned."""
    value = of.earned - of.earned_before if of.earned_ever else None
    beside = {"earned": of.earned, "earned_before": of.earned_before}
    return Result(value, n=of.earned + of.earned_before, beside=beside)


VALUES: Final = {
    "certified_ratio": certified_ratio,
    "certification_coverage": certification_coverage,
    "completion_rate": completion_rate,
    "assessment_score": assessment_score,
    "expiring_certifications": expiring_certifications,
    "certification_momentum": certification_momentum,
}
_NOTHING: Final = Figures(0, False, *[0] * (len(Figures._fields) - 2))

#: The source of the enablement quadrant.
readiness: Final = StatementSource(FIGURES, VALUES)

# What moves them ---------------------------------------------------------------------------------------

_PEOPLE: Final = frozenset(
    {"partners.seat_moved", "portal.joined", "portal.member_disabled", "portal.member_enabled"}
)
_EARNED: Final = frozenset(
    {"enablement.certified", "enablement.certificate_renewed", "enablement.certificate_revoked"}
)
_HELD: Final = _PEOPLE | _EARNED | {"enablement.certificate_ended"}
_COURSES: Final = frozenset({"enablement.enrolled", "enablement.course_completed", "enablement.course_left"})
_TESTS: Final = frozenset(
    {"enablement.attempt_passed", "enablement.attempt_failed", "enablement.attempt_reported"}
)

# Their workings and totals ------------------------------------------------------------------------------


def _of(part: str, whole: str) -> Any:
    return lambda found: f"{found.numerator:.0f} {part} ÷ {found.denominator:.0f} {whole}"


def _mean(found: Found) -> str:
    return f"The mean of {found.rows}"


def _difference(found: Found) -> str:
    return f"{found.beside['earned']} in the last 90 days − {found.beside['earned_before']} in the 90 before"


def _nothing_to_hold(found: Found) -> str:
    return "there was nothing to be certified in" if found.n else ""


def _nothing_required(found: Found) -> str:
    return "the tier asks for no certification"


def _nothing_in_force(found: Found) -> str:
    return "no certificate was in force"


def _nothing_earned(found: Found) -> str:
    return "no certificate was earned yet"


CERTIFIED: Final = Total("Certified", lambda as_of: Count("pk", filter=Q(certificates__gt=0)), Look.COUNT)
COVERED: Final = Total("Met", lambda as_of: Count("pk", filter=Q(heads__gte=F("asked"))), Look.COUNT)
COMPLETED: Final = Total("Finished", lambda as_of: Count("pk", filter=Q(completed_then=True)), Look.COUNT)
MEAN_SCORE: Final = Total("Mean score", lambda as_of: Avg(Cast("marks", FloatField()) / 100), Look.PERCENT)
PASSED: Final = Total("Passed", lambda as_of: Count("pk", filter=Q(passed_then=True)), Look.COUNT)
RECENT: Final = Total("Last 90 days", lambda as_of: Count("pk", filter=Q(is_recent=True)), Look.COUNT)
BEFORE: Final = Total("90 days before", lambda as_of: Count("pk", filter=Q(is_recent=False)), Look.COUNT)

# The declarations --------------------------------------------------------------------------------------


def _enablement(
    key: str, label: str, unit: Unit, better: Better, floor: int, target: int, weight: int, **rest: Any
) -> Metric:
    rest |= {"floor": Decimal(floor), "target": Decimal(target), "weight": Decimal(weight)}
    rest |= {"nothing": VALUES[key](_NOTHING)}
    return Metric(key, Quadrant.ENABLEMENT, label, unit, better, **rest)


METRICS: Final = [
    _enablement(
        "certified_ratio",
        "Certified people",
        Unit.PERCENT,
        Better.UP,
        window="on the day",
        minimum=1,
        definition="People who hold at least one certificate in force at the end of the date ÷ all people "
        "of the partner who had access then. People bring their certificates along, and take them with them "
        "when they go.",
        rows=people_rows,
        rows_label="people",
        columns=(PERSON, HELD, HOW_MANY),
        totals=(CERTIFIED,),
        working=_of("certified", "people"),
        missing=_nothing_to_hold,
        events=_HELD,
        floor=0,
        target=60,
        weight=25,
    ),
    _enablement(
        "certification_coverage",
        "Certification coverage",
        Unit.PERCENT,
        Better.UP,
        window="on the day",
        minimum=1,
        definition="Certifications that the partner's tier asks for and that enough of its people hold in "
        "force at the end of the date ÷ all that the tier asks for. The days of grace after an end do not "
        "count. How many people are missing in all stands beside it.",
        rows=required_rows,
        rows_label="certifications",
        columns=(REQUIRED, ASKED, HEADS, MET),
        totals=(COVERED,),
        beside=(Beside("missing", "people missing"),),
        working=_of("met", "asked for"),
        missing=_nothing_required,
        events=_HELD,
        floor=0,
        target=100,
        weight=25,
    ),
    _enablement(
        "completion_rate",
        "Course completion",
        Unit.PERCENT,
        Better.UP,
        window="trailing 180 days",
        minimum=LEAST_STARTED,
        definition="Courses begun in the 180 days to the date and finished by its end ÷ all that were begun "
        "in them. What was given up stays among those begun.",
        rows=started_rows,
        rows_label="courses begun",
        columns=(COURSE, BEGUN, FINISHED, STOOD),
        totals=(COMPLETED,),
        beside=(Beside("under_way", "under way"), Beside("given_up", "given up")),
        working=_of("finished", "begun"),
        events=_COURSES,
        floor=20,
        target=80,
        weight=15,
    ),
    _enablement(
        "assessment_score",
        "Assessment score",
        Unit.PERCENT,
        Better.UP,
        window="trailing 365 days",
        minimum=LEAST_TRIES,
        definition="Mean score of first tries at tests that were handed in in the 365 days to the date. What "
        "is tried again does not change it; how many first tries passed, and how many tries followed, stands "
        "beside it.",
        rows=first_try_rows,
        rows_label="first tries",
        columns=(TEST_OF, MODULE, TRIED, RESULT, MARKS),
        totals=(MEAN_SCORE, PASSED),
        beside=(
            Beside("pass_rate", "passed at the first try", Unit.PERCENT),
            Beside("retakes", "retakes"),
        ),
        working=_mean,
        events=_TESTS,
        floor=50,
        target=90,
        weight=15,
    ),
    _enablement(
        "expiring_certifications",
        "Certificates about to end",
        Unit.COUNT,
        Better.DOWN,
        window="the next 60 days",
        minimum=0,
        definition="Certificates of the partner's people in force at the end of the date that end within 60 "
        "days of it and were not renewed by then. Where none is in force, there is no value.",
        rows=expiring_rows,
        rows_label="certificates",
        columns=(CERTIFICATE, HOLDER, AWARDED, EXPIRES),
        beside=(Beside("valid", "in force"),),
        missing=_nothing_in_force,
        events=_HELD,
        floor=5,
        target=0,
        weight=10,
    ),
    _enablement(
        "certification_momentum",
        "Certification momentum",
        Unit.COUNT,
        Better.UP,
        window="90 days against the 90 before",
        minimum=0,
        definition="Certificates earned in the 90 days to the date less those earned in the 90 days before, "
        "renewals included, at the partner where they were earned. Where none was ever earned, there is no "
        "value.",
        rows=earned_rows,
        rows_label="certificates",
        columns=(CERTIFICATE, HOLDER, AWARDED, WHEN),
        totals=(RECENT, BEFORE),
        beside=(
            Beside("earned", "in the last 90 days"),
            Beside("earned_before", "in the 90 days before"),
        ),
        working=_difference,
        missing=_nothing_earned,
        events=_EARNED,
        floor=-5,
        target=5,
        weight=10,
    ),
]

declare_metrics(readiness, METRICS)

# What may come late ------------------------------------------------------------------------------------

wording.declare_wording(
    "enablement.award", Wording("Certificate", {"awarded_at": "earned", "revoked_at": "revoked"})
)
wording.declare_wording(
    "enablement.enrolment", Wording("Course", {"enrolled_at": "begun", "completed_at": "finished"})
)
wording.declare_wording("enablement.attempt", Wording("Test", {"submitted_at": "handed in"}))
