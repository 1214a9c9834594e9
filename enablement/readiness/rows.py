"""The very rows behind each figure of the enablement quadrant, as they stood at the end of a day."""

from operator import attrgetter
from typing import Any, Final

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from enablement.certifications.models import (
    AccreditationRule,
    AccreditationVersion,
    Award,
    Certification,
)
from enablement.courses.models import Enrolment
from enablement.quizzes.models import Attempt, AttemptVersion
from enablement.readiness.figures import HALF_YEAR, QUARTER, YEAR, last_moment, soon
from partners.models import Partner, PartnerVersion, Seat, SeatVersion
from portal.history.models import held_at
from portal.metrics.declarations import AsOf, Column, Link, Look, Status
from portal.people.models import MembershipVersion

# What counts --------------------------------------------------------------------------------------------


def _in_force(as_of: AsOf) -> Q:
    """Awards that count at the end of the day: given, not over, not revoked."""
    return (
        Q(awarded_at__lt=as_of.end)
        & (Q(expires_at=None) | Q(expires_at__gte=last_moment(as_of)))
        & _stands(as_of)
    )


def _stands(as_of: AsOf) -> Q:
    return Q(revoked_at=None) | Q(revoked_at__gte=as_of.end)


def _there(as_of: AsOf) -> Q:
    return Q(since__lt=as_of.end) & (Q(left_at=None) | Q(left_at__gte=as_of.end))


def seated(partner_id: int, as_of: AsOf) -> QuerySet[Seat]:
    """The seats of the people who sat there with access at the end of the day."""
    changed = SeatVersion.objects.filter(held_at(as_of.end), _there(as_of), partner=partner_id)
    moved = SeatVersion.objects.filter(held_at(as_of.end), seat=OuterRef("pk"))
    access = MembershipVersion.objects.filter(held_at(as_of.end), membership=OuterRef("membership"))
    rows: Any = Seat.objects.filter(
        (Q(partner=partner_id) & _there(as_of) & ~Exists(moved)) | Q(pk__in=changed.values("seat"))
    )
    rows = rows.annotate(
        had_access=Coalesce(Subquery(access.values("is_active")[:1]), F("membership__is_active"))
    )
    return rows.filter(had_access=True)


def _place(partner_id: int) -> Subquery:
    return Subquery(Partner.objects.filter(pk=partner_id).values("slug")[:1])


# The rows -----------------------------------------------------------------------------------------------


def people_rows(partner_id: int, as_of: AsOf) -> QuerySet[Seat]:
    """By name, each with `certificates`, how many in force they held."""
    held = Award.objects.filter(_in_force(as_of), user=OuterRef("user")).order_by().values("user")
    rows: QuerySet[Seat] = seated(partner_id, as_of).annotate(
        place=_place(partner_id),
        certificates=Coalesce(
            Subquery(held.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
        ),
    )
    return rows.select_related("user").order_by("user__last_name", "user__first_name", "user__email", "pk")


def required_rows(partner_id: int, as_of: AsOf) -> QuerySet[Certification]:
    """What the tier of that day asked for, each with `asked` and `heads`, the people who held it."""
    people = seated(partner_id, as_of).values("user")
    held = Award.objects.filter(_in_force(as_of), certification=OuterRef("pk"), user__in=people)
    heads = held.order_by().values("certification").annotate(n=Count("user", distinct=True)).values("n")
    rows: Any = Certification.objects.annotate(
        asked=_asked(partner_id, as_of),
        heads=Coalesce(Subquery(heads, output_field=IntegerField()), 0),
        place=_place(partner_id),
    )
    return rows.filter(asked__isnull=False).order_by("name", "pk")


def _asked(partner_id: int, as_of: AsOf) -> Coalesce:
    """How many people the partner's tier asked for in a certification; None where it asked for none."""
    version = PartnerVersion.objects.filter(held_at(as_of.end), partner=partner_id)
    now = Partner.objects.filter(pk=partner_id).exclude(Exists(version))
    tier = Q(tier__in=now.values("tier")) | Q(tier__in=version.values("tier"))
    since = Q(since=None) | Q(since__lt=as_of.end)
    gone = AccreditationVersion.objects.filter(held_at(as_of.end), rule_id=OuterRef("pk"))
    rules: Any = AccreditationRule.objects.filter(tier, since, ~Exists(gone), certification=OuterRef("pk"))
    then = AccreditationVersion.objects.filter(held_at(as_of.end), tier, since, certification=OuterRef("pk"))
    return Coalesce(
        Subquery(rules.order_by().values("people")[:1], output_field=IntegerField()),
        Subquery(then.order_by().values("people")[:1], output_field=IntegerField()),
    )


def started_rows(partner_id: int, as_of: AsOf) -> QuerySet[Enrolment]:
    rows = Enrolment.objects.filter(
        partner=partner_id, enrolled_at__gte=as_of.trailing(HALF_YEAR), enrolled_at__lt=as_of.end
    )
    rows = rows.annotate(completed_then=_before("completed_at", as_of), left_then=_before("left_at", as_of))
    return rows.select_related("course").order_by("-enrolled_at", "-pk")


def first_try_rows(partner_id: int, as_of: AsOf) -> QuerySet[Attempt]:
    """Each with `marks` and `passed_then` as they were known on the day."""
    window = Q(
        partner=partner_id,
        number=1,
        score__isnull=False,
        submitted_at__gte=as_of.trailing(YEAR),
        submitted_at__lt=as_of.end,
    )
    then = AttemptVersion.objects.filter(held_at(as_of.end))
    own = then.filter(attempt=OuterRef("pk"))
    rows: Any = Attempt.objects.filter(
        (window & ~Exists(own)) | Q(pk__in=then.filter(window).values("attempt"))
    )
    rows = rows.annotate(
        marks=Coalesce(Subquery(own.values("score")[:1]), F("score")),
        passed_then=Coalesce(Subquery(own.values("passed")[:1]), F("passed")),
        tried_at=Coalesce(Subquery(own.values("submitted_at")[:1]), F("submitted_at")),
    )
    rows = rows.select_related("enrolment__course", "module")
    return rows.order_by("-tried_at", "-pk")


def expiring_rows(partner_id: int, as_of: AsOf) -> QuerySet[Award]:
    renewed = Award.objects.filter(_stands(as_of), renews=OuterRef("pk"), awarded_at__lt=as_of.end)
    people = seated(partner_id, as_of).values("user")
    rows = Award.objects.filter(_in_force(as_of), user__in=people, expires_at__lt=soon(as_of))
    rows = rows.filter(~Exists(renewed)).select_related("certification", "user")
    return rows.order_by("expires_at", "pk")


def earned_rows(partner_id: int, as_of: AsOf) -> QuerySet[Award]:
    """Of both quarters, the newest first; `is_recent` those of the last."""
    start, middle = as_of.trailing(HALF_YEAR), as_of.trailing(QUARTER)
    rows = Award.objects.filter(
        _stands(as_of), partner=partner_id, awarded_at__gte=start, awarded_at__lt=as_of.end
    )
    rows = rows.annotate(is_recent=_is(Q(awarded_at__gte=middle)))
    return rows.select_related("certification", "user").order_by("-awarded_at", "-pk")


def _is(condition: Q) -> Case:
    return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())


def _before(moment: str, as_of: AsOf) -> Case:
    return _is(Q(**{f"{moment}__lt": as_of.end}))


# Their columns ------------------------------------------------------------------------------------------


def _stood(row: Any) -> Status:
    if row.completed_then:
        return Status("Finished", "ok", "circle-check")
    return Status("Given up", "watch", "door-exit") if row.left_then else Status("Under way")


def _met(row: Any) -> Status:
    missing = row.asked - row.heads
    return Status(f"{missing} missing", "watch", "user-plus") if missing > 0 else Status("Met", "ok", "check")


def _held(row: Any) -> Status:
    return Status("Certified", "ok", "certificate") if row.certificates else Status("Not certified")


def _result(row: Any) -> Status:
    words = {True: Status("Passed", "ok", "check"), False: Status("Not passed", "watch", "circle-x")}
    return words.get(row.passed_then, Status("Not stated"))


PERSON: Final = Column(
    "Person",
    lambda row: Link("enablement:team_certificates", row.place, str(row.user)),
    Look.LINK,
    named="Name",
)
HELD: Final = Column("On the day", _held, Look.STATUS)
HOW_MANY: Final = Column("Certificates in force", attrgetter("certificates"), Look.COUNT)

REQUIRED: Final = Column(
    "Certification",
    lambda row: Link("enablement:team_certificates", row.place, row.name),
    Look.LINK,
    named="Name",
)
ASKED: Final = Column("People asked for", attrgetter("asked"), Look.COUNT)
HEADS: Final = Column("People certified", attrgetter("heads"), Look.COUNT)
MET: Final = Column("On the day", _met, Look.STATUS)

COURSE: Final = Column(
    "Course",
    lambda row: Link("enablement:course", row.course.slug, row.course.title),
    Look.LINK,
    named="Title",
)
BEGUN: Final = Column("Begun", attrgetter("enrolled_at"), Look.DAY)
FINISHED: Final = Column("Finished", lambda row: row.completed_at if row.completed_then else None, Look.DAY)
STOOD: Final = Column("On the day", _stood, Look.STATUS)

# A first try tells no name: colleagues need not know of each other's.
TEST_OF: Final = Column(
    "Course",
    lambda row: Link("enablement:course", row.enrolment.course.slug, row.enrolment.course.title),
    Look.LINK,
    named="Title",
)
MODULE: Final = Column("Test", lambda row: row.module.title if row.module else "Whole course")
TRIED: Final = Column("Handed in", attrgetter("tried_at"), Look.DAY)
RESULT: Final = Column("Result", _result, Look.STATUS)
MARKS: Final = Column("Score", lambda row: row.marks / 100, Look.PERCENT)

CERTIFICATE: Final = Column(
    "Certificate",
    lambda row: Link("enablement:certificate", row.reference, row.certification.name),
    Look.LINK,
    named="Certification",
)
HOLDER: Final = Column("Person", lambda row: str(row.user))
AWARDED: Final = Column("Earned", attrgetter("awarded_at"), Look.DAY)
EXPIRES: Final = Column("In force until", attrgetter("expires_at"), Look.DAY)
WHEN: Final = Column(
    "Counts in", lambda row: "the 90 days to the date" if row.is_recent else "the 90 days before"
)
