"""Reads of conflict cases: the list, one case side by side, a partner's own side, and how cases come out."""

from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import JSONObject

from deals.deal.models import Deal
from deals.disputes.models import CaseFile, CaseOutcome, CaseSide, CaseState, ConflictCase
from deals.protection.models import Protection
from portal.metrics.declarations import AsOf
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.scope import ALL
from portal.tenancy.wall import across_the_wall
from portal.ui.formatting import format_date

_MOMENTS: Final = ("due_at", "appeal_until", "appealed_at", "changed_at")
_PLAIN: Final = ("id", "case_id", "state", "won", "told", "appeal", "outcome")
_TIMES: Final = ("opened_at", "decided_at", "appealed_at", "closed_at", "outcome", "state")
QUARTERS: Final = 4
DAY: Final = timedelta(days=1)


def cases_visible(actor: Actor) -> QuerySet[ConflictCase]:
    """Those with a partner of the actor's on either side."""
    rows: QuerySet[ConflictCase] = ConflictCase.objects.all()
    if actor.scope.partner_ids is ALL:
        return rows
    ids = sorted(actor.scope.partner_ids)  # type: ignore[arg-type]
    return rows.filter(Q(partner_id__in=ids) | Q(rival_partner_id__in=ids))


@contextmanager
def both_sides() -> Any:
    """The other side's partner may be one the reader does not manage."""
    with across_the_wall("show who decides both claims of a conflict case"):
        yield


def with_both(cases: QuerySet[ConflictCase]) -> QuerySet[ConflictCase]:
    """To be read `both_sides`."""
    return cases.select_related("deal__partner", "rival__partner", "account", "owner")


def case_for_page(actor: Actor, pk: int) -> ConflictCase:
    """The case with everybody its page names, sides and files; ConflictCase.DoesNotExist for who may not."""
    files = Prefetch("files", CaseFile.objects.select_related("uploaded_by"))
    sides = Prefetch("sides", CaseSide.objects.prefetch_related(files))
    rows = with_both(cases_visible(actor)).select_related(
        "account__customer", "opened_by", "decided_by", "appealed_by", "closed_by"
    )
    protected = Protection.objects.filter(deal=OuterRef("rival"), released_at=None).order_by()
    protected_now = ArraySubquery(protected.values("product__name"))
    with both_sides():
        return rows.annotate(rival_protects=protected_now).prefetch_related(sides).get(pk=pk)


# A partner's own side -----------------------------------------------------------------------------------


def with_sides(deals: QuerySet[Any]) -> QuerySet[Any]:
    """The same deals with what `sides_of` needs, as JSON: the deal's page has no statement to spare."""
    files = CaseFile.objects.filter(side=OuterRef("pk")).order_by("id")
    shown: dict[str, Any] = {name: F(name) for name in (*_PLAIN, *_MOMENTS)}
    shown["files"] = ArraySubquery(files.values(paper=JSONObject(id=F("id"), name=F("name"))))
    rows = CaseSide.objects.filter(deal=OuterRef("pk")).order_by("-changed_at", "-id")
    with_sides_read: QuerySet[Any] = deals.annotate(
        sides_read=ArraySubquery(rows.values(row=JSONObject(**shown)))
    )
    return with_sides_read


def sides_of(deal: Any) -> list[CaseSide]:
    """Of a deal read `with_sides`, the latest first; each with `shown_files` ({id, name})."""
    return [_side(deal, dict(row)) for row in deal.sides_read]


def _side(deal: Deal, row: dict[str, Any]) -> CaseSide:
    """To be shown, never saved."""
    moments = {name: datetime.fromisoformat(row[name]) for name in _MOMENTS if row[name]}
    side = CaseSide(deal=deal, partner_id=deal.partner_id, **{name: row[name] for name in _PLAIN}, **moments)
    side.shown_files = row["files"]  # type: ignore[attr-defined]
    return side


# How cases come out ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Period:
    """A fiscal quarter: registrations sent, cases that arose, and those decided in it.

    `days` is the median from the conflict's beginning to the last word, in days; None without a decision.
    """

    label: str
    registrations: int
    cases: int
    decided: int
    reversed: int
    days: float | None

    @property
    def per_hundred(self) -> float | None:
        return 100 * self.cases / self.registrations if self.registrations else None

    @property
    def reversal_rate(self) -> float | None:
        return self.reversed / self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class Record:
    """How cases come out, the newest quarter first, and how many wait for the vendor now."""

    periods: list[Period]
    waiting: int


def record_of(actor: Actor, vendor: Vendor, now: datetime) -> Record:
    """The running fiscal quarter and those before it; of what the actor reads.

    Two statements. A case counts by when the conflict arose, a decision by when it was made.
    """
    starts = _quarter_starts(vendor, now)
    bounds = list(zip(starts, [now + DAY, *starts[:-1]], strict=True))
    sent = {
        f"q{n}": Count("pk", filter=Q(submitted_at__gte=a, submitted_at__lt=b))
        for n, (a, b) in enumerate(bounds)
    }
    deals = Deal.objects.order_by().filter(submitted_at__gte=starts[-1])
    if actor.scope.partner_ids is not ALL:
        deals = deals.filter(partner_id__in=sorted(actor.scope.partner_ids))  # type: ignore[arg-type]
    registrations = deals.aggregate(**sent)
    waits = Q(state__in=(CaseState.OPEN, CaseState.APPEALED))
    rows = cases_visible(actor).filter(Q(opened_at__gte=starts[-1]) | Q(decided_at__gte=starts[-1]) | waits)
    cases = list(rows.order_by().values_list(*_TIMES))
    quarters = [
        _period(vendor, start, end, registrations[f"q{n}"], cases) for n, (start, end) in enumerate(bounds)
    ]
    return Record(quarters, sum(case[-1] in (CaseState.OPEN, CaseState.APPEALED) for case in cases))


def _quarter_starts(vendor: Vendor, now: datetime) -> list[datetime]:
    """First moments, the newest first."""
    starts: list[datetime] = []
    day = now.astimezone(vendor.zone).date()
    for _ in range(QUARTERS):
        start = AsOf.of(vendor, day).quarter_start
        starts.append(start)
        day = start.date() - DAY
    return starts


def _period(
    vendor: Vendor, start: datetime, end: datetime, registrations: int, cases: Sequence[tuple[Any, ...]]
) -> Period:
    number = (start.month - vendor.fiscal_year_start) % 12 // 3 + 1
    decided = [case for case in cases if case[1] and start <= case[1] < end]
    return Period(
        label=f"Q{number}, from {format_date(start, 'month')}",
        registrations=registrations,
        cases=sum(start <= case[0] < end for case in cases),
        decided=len(decided),
        reversed=sum(case[4] == CaseOutcome.REVERSED for case in decided),
        days=_median_days(decided),
    )


def _median_days(decided: Iterable[tuple[Any, ...]]) -> float | None:
    """To the last word: the answer to an appeal where there was one. An appeal that waits has none yet."""
    ends = [(opened, closed if appealed else made) for opened, made, appealed, closed, *_ in decided]
    spans = [(end - opened) / DAY for opened, end in ends if end]
    return median(spans) if spans else None


def waiting_for_decision(actor: Actor) -> QuerySet[ConflictCase]:
    """Cases and appeals about registrations of the actor's partners, the most urgent first."""
    rows: QuerySet[ConflictCase] = ConflictCase.objects.filter(state__in=(CaseState.OPEN, CaseState.APPEALED))
    if actor.scope.partner_ids is not ALL:
        rows = rows.filter(partner_id__in=sorted(actor.scope.partner_ids))  # type: ignore[arg-type]
    return rows.select_related("deal__partner", "owner").order_by("due_at", "id")
