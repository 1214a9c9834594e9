"""The very deals behind each figure of the sales quadrant, as they stood at the end of a day."""

from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Round, TruncDate

from deals.deal.models import Deal, StageChange
from deals.sales.figures import HALF_YEAR, QUARTER, YEAR
from deals.sales.models import CreditLineVersion, DealVersion, StageVersion
from deals.shared_credit.models import CreditLine
from portal.history.models import held_at
from portal.metrics.declarations import AsOf, Column, Link, Look, Status

# What counts --------------------------------------------------------------------------------------------


def _within(moment: str, start: datetime, end: datetime) -> Q:
    return Q(**{f"{moment}__gte": start, f"{moment}__lt": end})


def _won(start: datetime, end: datetime) -> Q:
    """Won in this time, and counted by its end."""
    return _within("won_at", start, end) & Q(counted_at__lt=end)


def _closed(as_of: AsOf) -> Q:
    start = as_of.trailing(YEAR)
    return _won(start, as_of.end) | _within("lost_at", start, as_of.end)


def _open(as_of: AsOf) -> Q:
    return Q(approved_at__lt=as_of.end, open_until__gte=as_of.end)


def _deals(partner_id: int, counts: Q, as_of: AsOf) -> QuerySet[Deal]:
    """The deals that counted for the partner on the day, the newest first.

    Each with its amounts and moments as they were known then, under their names with `_then`, and with
    `.amount_then`, `.closed_then` and `.stood` ("Won", "Open" ...): nothing that came after it.
    """
    unchanged = Q(revised_at=None) | Q(revised_at__lt=as_of.end)
    changed = DealVersion.objects.filter(held_at(as_of.end), counts, partner=partner_id)
    rows: Any = Deal.objects.filter(
        Q(unchanged, counts, partner=partner_id) | Q(pk__in=changed.values("deal"))
    )
    rows = rows.annotate(**{f"{name}_then": _then(name, as_of) for name in _KEPT})
    won = When(won_at_then__lt=as_of.end, then=F("won_amount_vendor_then"))
    closed = (When(**{f"{at}__lt": as_of.end}, then=F(at)) for at in ("won_at_then", "lost_at_then"))
    rows = rows.annotate(
        amount_then=Case(won, default=F("amount_vendor_then")),
        closed_then=Case(*closed),
        stood=_stood(as_of),
    )
    ordered: QuerySet[Deal] = rows.order_by(
        F("closed_then").desc(nulls_last=True), "-submitted_at_then", "-pk"
    )
    return ordered


#: Columns of a deal that may have said something else on an earlier day.
_KEPT = (
    "amount_vendor", "won_amount_vendor", "submitted_at", "approved_at", "rejected_at", "expires_at",
    "won_at", "lost_at", "withdrawn_at",
)  # fmt: skip


def _then(name: str, as_of: AsOf) -> Case:
    """What a column said at the end of the day: its own value, or that of the version in force."""
    version = DealVersion.objects.filter(held_at(as_of.end), vendor=OuterRef("vendor"), deal=OuterRef("pk"))
    return Case(When(revised_at__gte=as_of.end, then=Subquery(version.values(name)[:1])), default=F(name))


#: Where a deal stands from the first of these moments on; the order decides where several have passed.
_ENDS = {
    "won_at": Status("Won", "ok", "trophy"),
    "lost_at": Status("Lost", "neutral", "x"),
    "withdrawn_at": Status("Withdrawn", "neutral", "arrow-back-up"),
    "rejected_at": Status("Rejected", "neutral", "ban"),
    "expires_at": Status("Expired", "neutral", "hourglass"),
    "approved_at": Status("Open"),
}
_WAITING = Status("Waiting", "neutral", "clock")
_STATUSES = {status.word: status for status in (*_ENDS.values(), _WAITING)}


def _stood(as_of: AsOf) -> Case:
    ends = (
        When(**{f"{at}_then__lt": as_of.end}, then=Value(status.word, CharField()))
        for at, status in _ENDS.items()
    )
    return Case(*ends, default=Value(_WAITING.word))


def _credited(rows: QuerySet[Deal], partner_id: int, as_of: AsOf, amount: str, shift: str) -> QuerySet[Deal]:
    """With the partner's part of `amount` as `.amount_then`: all of it where the deal is not shared."""
    in_force = Q(ended_at=None) | Q(ended_at__gte=as_of.end)
    here = {"vendor": OuterRef("vendor"), "deal": OuterRef("pk"), "partner": partner_id}
    changed = CreditLineVersion.objects.filter(held_at(as_of.end), vendor=OuterRef("vendor"))
    versions = CreditLineVersion.objects.filter(
        held_at(as_of.end), in_force, **here, agreed_at__lt=as_of.end
    ).values(shift)[:1]
    lines = CreditLine.objects.filter(in_force, **here, agreed_at__lt=as_of.end)
    unchanged = lines.exclude(Exists(changed.filter(line=OuterRef("pk")))).values(shift)[:1]
    part = Coalesce(Subquery(versions), Subquery(unchanged), 0)
    return rows.annotate(amount_then=F(f"{amount}_then") + part)


# The rows of each metric --------------------------------------------------------------------------------


def closed_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    return _deals(partner_id, _closed(as_of), as_of)


def won_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    return _deals(partner_id, _won(as_of.trailing(YEAR), as_of.end), as_of)


def booked_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    return _credited(won_rows(partner_id, as_of), partner_id, as_of, "won_amount_vendor", "booked_shift")


def cycle_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    """Each with `.cycle`, the time from approval to win in whole calendar days (a timedelta)."""
    rows: Any = won_rows(partner_id, as_of)
    rows = rows.filter(approved_at_then__lt=as_of.end)
    return rows.annotate(cycle=cycle_of(as_of, "won_at_then", "approved_at_then"))


def cycle_of(as_of: AsOf, won_at: str, approved_at: str) -> "ExpressionWrapper[Any]":
    won, approved = (TruncDate(moment, tzinfo=as_of.zone) for moment in (won_at, approved_at))
    return ExpressionWrapper(won - approved, output_field=DurationField())


def growth_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    won = _deals(partner_id, _won(as_of.trailing(2 * HALF_YEAR), as_of.end), as_of)
    return _credited(won, partner_id, as_of, "won_amount_vendor", "booked_shift")


def open_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    opened = _deals(partner_id, _open(as_of), as_of)
    return _credited(opened, partner_id, as_of, "amount_vendor", "amount_shift")


def weighted_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    """Each with `.stage_then`, `.probability` (None before the first stage) and `.weighted_then`."""
    changes = StageChange.objects.filter(
        vendor=OuterRef("vendor"), deal=OuterRef("pk"), changed_at__lt=as_of.end
    ).order_by("-changed_at", "-id")
    rows = open_rows(partner_id, as_of).annotate(
        stage_then=Subquery(changes.values("stage__name")[:1]),
        probability=Subquery(changes.values(likelihood=_likelihood(as_of))[:1]),
    )
    weighted = F("amount_then") * Coalesce("probability", 0)
    return rows.annotate(weighted_then=Round(weighted / Value(100.0), output_field=BigIntegerField()))


def _likelihood(as_of: AsOf) -> Coalesce:
    """Of a stage change: what its stage promised at the end of the day."""
    versions = StageVersion.objects.filter(
        held_at(as_of.end), vendor=OuterRef("vendor"), stage=OuterRef("stage")
    )
    return Coalesce(Subquery(versions.values("probability")[:1]), "stage__probability")


def velocity_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    return _deals(partner_id, _open(as_of) | _closed(as_of), as_of)


def registered_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    submitted = _within("submitted_at", as_of.trailing(QUARTER), as_of.end)
    return _deals(partner_id, submitted, as_of)


# Their columns ------------------------------------------------------------------------------------------


def _page(deal: Deal) -> Link:
    return Link("deals:detail", deal.reference, deal.customer_name)


DEAL = Column("Deal", _page, Look.LINK, named="Customer")
STOOD = Column("On that day", lambda deal: _STATUSES[deal.stood], Look.STATUS)
REGISTERED = Column("Registered", attrgetter("submitted_at_then"), Look.DAY)
APPROVED = Column("Approved", attrgetter("approved_at_then"), Look.DAY)
PROTECTED = Column("Protected until", attrgetter("expires_at_then"), Look.DAY)
CLOSED = Column("Closed", attrgetter("closed_then"), Look.DAY)
CYCLE = Column("Approval to win", attrgetter("cycle"), Look.DAYS)
STAGE = Column("Stage", attrgetter("stage_then"))
LIKELIHOOD = Column("Likelihood", lambda deal: deal.probability or 0, Look.PERCENT)
AMOUNT = Column("Amount", attrgetter("amount_then"), Look.MONEY)
WEIGHTED = Column("Weighted", attrgetter("weighted_then"), Look.MONEY, strong=True)
