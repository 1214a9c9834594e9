"""The sales quadrant: nine metrics, from the timestamps of deals, as of any day.

Each result's `n` is the number of rows its drill-down lists. A win that needs a proof of sale counts from
the moment its proof is accepted (`counted_at`), in the period of its win. Of a deal that two partners share,
each has its part of the amounts from the moment they agreed; who registered it has the deal itself, and with
it all that is counted: wins, losses, registrations, cycles, sizes. See docs/credit.md.

A deal's status is never read. Amounts are minor units of the vendor's currency; medians and weighted sums
of money are rounded to whole minor units, halves up. Days are calendar days in the vendor's time zone, so
that neither the hour of a click nor a change of the clocks moves them.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import (
    Avg,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
)
from django.db.models.functions import Coalesce, TruncDate

from deals.deal.models import Deal, StageChange
from deals.shared_credit.models import CreditLine
from portal.metrics.declarations import AsOf, Better, Metric, Quadrant, Result, Unit, declare
from portal.tenancy.scope import current_vendor_id

YEAR, HALF_YEAR, QUARTER = 365, 180, 90  # days
LEAST_CLOSED = 5
LEAST_WON = 3

# ------------------------------------------------------------------------------------ the query

#: Each part reads one narrow index. A deal is open until the first of its win, loss, withdrawal and expiry.
#: It has expired when it was still open at its expiry and nothing else has become of it by the day.
_SQL = """
with
won as (
    select
        partner_id,
        count(*) as won,
        sum(amount)::bigint as amount,
        percentile_cont(0.5) within group (order by amount) as median_amount,
        count(days) as cycles,
        sum(days) as days,
        percentile_cont(0.5) within group (order by days) as median_days,
        coalesce(sum(amount) filter (where won_at >= %(quarter)s), 0)::bigint as amount_90,
        coalesce(sum(amount) filter (where won_at >= %(fiscal_quarter)s), 0)::bigint as amount_fiscal_quarter,
        count(*) filter (where won_at >= %(half_year)s) as won_180,
        coalesce(sum(amount) filter (where won_at >= %(half_year)s), 0)::bigint as amount_180,
        count(*) filter (where won_at >= %(two_halves)s and won_at < %(half_year)s) as won_before,
        coalesce(sum(amount) filter (where won_at >= %(two_halves)s and won_at < %(half_year)s), 0)::bigint
            as amount_before
    from (
        select
            partner_id,
            won_at,
            won_amount_vendor as amount,
            case when approved_at < %(end)s then
                (won_at at time zone %(zone)s)::date - (approved_at at time zone %(zone)s)::date
            end as days
        from deals_deal
        where vendor_id = %(vendor)s and won_at >= %(year)s and won_at < %(end)s and counted_at < %(end)s
            {of_partners}
        offset 0 -- or each of the three uses of `days` would work it out again
    ) deal
    group by partner_id
),
unproven as (
    select partner_id, count(*) as unproven, sum(won_amount_vendor)::bigint as unproven_amount
    from deals_deal
    where vendor_id = %(vendor)s and proof_needed and won_at >= %(year)s and won_at < %(end)s
        and (counted_at is null or counted_at >= %(end)s) {of_partners}
    group by partner_id
),
lost as (
    select partner_id, count(*) as lost
    from deals_deal
    where vendor_id = %(vendor)s and lost_at >= %(year)s and lost_at < %(end)s {of_partners}
    group by partner_id
),
withdrawn as (
    select partner_id, count(*) as withdrawn
    from deals_deal
    where vendor_id = %(vendor)s and withdrawn_at >= %(year)s and withdrawn_at < %(end)s {of_partners}
    group by partner_id
),
expired as (
    select partner_id, count(*) as expired
    from deals_deal
    where vendor_id = %(vendor)s and open_until = expires_at
        and expires_at >= %(year)s and expires_at < %(end)s
        and (won_at is null or won_at >= %(end)s)
        and (lost_at is null or lost_at >= %(end)s)
        and (withdrawn_at is null or withdrawn_at >= %(end)s) {of_partners}
    group by partner_id
),
open as (
    select
        deal.partner_id,
        count(*) as open,
        count(*) filter (where amount_vendor is null) as without_amount,
        coalesce(sum(amount_vendor), 0)::bigint as open_amount,
        count(*) filter (where probability is null) as without_stage,
        coalesce(sum(amount_vendor * probability), 0)::bigint as weighted_percents
    from deals_deal deal
    left join lateral (
        select stage_id
        from deals_stagechange change
        where change.vendor_id = %(vendor)s and change.deal_id = deal.id and change.changed_at < %(end)s
        order by change.changed_at desc, change.id desc
        limit 1
    ) entered on true
    left join deals_stage stage on stage.vendor_id = %(vendor)s and stage.id = entered.stage_id
    where deal.vendor_id = %(vendor)s and approved_at < %(end)s and open_until >= %(end)s {of_deal_partners}
    group by deal.partner_id
),
registered as (
    select partner_id, count(*) as registrations
    from deals_deal
    where vendor_id = %(vendor)s and submitted_at >= %(quarter)s and submitted_at < %(end)s {of_partners}
    group by partner_id
),
-- What sharing moves from one partner to another; over both of them it is nothing. Few deals are shared.
shared as (
    select
        partner_id,
        coalesce(sum(booked_shift) filter (where booked_now), 0)::bigint as shift,
        coalesce(sum(booked_shift) filter (where booked_now and won_at >= %(quarter)s), 0)::bigint
            as shift_90,
        coalesce(sum(booked_shift) filter (where booked_now and won_at >= %(fiscal_quarter)s), 0)::bigint
            as shift_fiscal_quarter,
        coalesce(sum(booked_shift) filter (where booked_now and won_at >= %(half_year)s), 0)::bigint
            as shift_180,
        coalesce(sum(booked_shift) filter (
            where booked_now and won_at >= %(two_halves)s and won_at < %(half_year)s
        ), 0)::bigint as shift_before,
        count(*) filter (where booked_now and kind = 'influenced') as influenced,
        coalesce(sum(booked) filter (where booked_now and kind = 'influenced'), 0)::bigint
            as influenced_amount,
        coalesce(sum(amount_shift) filter (where open_now), 0)::bigint as open_shift,
        coalesce(sum(amount) filter (where open_now and kind = 'influenced'), 0)::bigint as influenced_open,
        coalesce(sum(amount_shift * probability) filter (where open_now), 0)::bigint as percents_shift
    from (
        select
            line.*,
            won_at >= %(year)s and won_at < %(end)s and counted_at < %(end)s as booked_now,
            approved_at < %(end)s and open_until >= %(end)s as open_now,
            (
                select probability
                from deals_stagechange change
                join deals_stage stage on stage.vendor_id = %(vendor)s and stage.id = change.stage_id
                where change.vendor_id = %(vendor)s and change.deal_id = line.deal_id
                    and change.changed_at < %(end)s
                order by change.changed_at desc, change.id desc
                limit 1
            ) as probability
        from deals_creditline line
        where vendor_id = %(vendor)s and agreed_at < %(end)s and (ended_at is null or ended_at >= %(end)s)
            {of_partners}
    ) line
    group by partner_id
)
select
    partner_id,
    coalesce(won, 0), coalesce(amount, 0), median_amount, coalesce(cycles, 0), days, median_days,
    coalesce(amount_90, 0), coalesce(amount_fiscal_quarter, 0),
    coalesce(won_180, 0), coalesce(amount_180, 0), coalesce(won_before, 0), coalesce(amount_before, 0),
    coalesce(lost, 0), coalesce(withdrawn, 0), coalesce(expired, 0),
    coalesce(open, 0), coalesce(without_amount, 0), coalesce(open_amount, 0),
    coalesce(without_stage, 0), coalesce(weighted_percents, 0),
    coalesce(registrations, 0),
    coalesce(unproven, 0), coalesce(unproven_amount, 0),
    coalesce(shift, 0), coalesce(shift_90, 0), coalesce(shift_fiscal_quarter, 0), coalesce(shift_180, 0),
    coalesce(shift_before, 0), coalesce(influenced, 0), coalesce(influenced_amount, 0),
    coalesce(open_shift, 0), coalesce(percents_shift, 0), coalesce(influenced_open, 0)
from won
full join unproven using (partner_id)
full join lost using (partner_id)
full join withdrawn using (partner_id)
full join expired using (partner_id)
full join open using (partner_id)
full join registered using (partner_id)
full join shared using (partner_id)
"""


class Figures(NamedTuple):
    """What the query says of one partner: counts, minor units and calendar days.

    Amounts are those of the partner's own deals; shifts are what sharing adds to them, or takes away.
    """

    partner_id: int
    won: int
    won_amount: int
    median_amount: float | None
    cycles: int
    days: int | None
    median_days: float | None
    amount_90: int
    amount_fiscal_quarter: int
    won_180: int
    amount_180: int
    won_before: int
    amount_before: int
    lost: int
    withdrawn: int
    expired: int
    open: int
    without_amount: int
    open_amount: int
    without_stage: int
    weighted_percents: int
    registrations: int
    unproven: int
    unproven_amount: int
    shift: int
    shift_90: int
    shift_fiscal_quarter: int
    shift_180: int
    shift_before: int
    influenced: int
    influenced_amount: int
    open_shift: int
    percents_shift: int
    influenced_open: int


def figures(as_of: AsOf, partner_ids: Iterable[int] | None = None) -> list[Figures]:
    """One row per partner that has any deal in any window. Runs under the current scope, one statement."""
    chosen = None if partner_ids is None else list(partner_ids)
    query = _SQL.format(
        of_partners="" if chosen is None else "and partner_id = any(%(partners)s)",
        of_deal_partners="" if chosen is None else "and deal.partner_id = any(%(partners)s)",
    )
    parameters = {
        "vendor": current_vendor_id(),
        "partners": chosen,
        "zone": str(as_of.zone),
        "end": as_of.end,
        "year": as_of.trailing(YEAR),
        "quarter": as_of.trailing(QUARTER),
        "half_year": as_of.trailing(HALF_YEAR),
        "two_halves": as_of.trailing(2 * HALF_YEAR),
        "fiscal_quarter": as_of.quarter_start,
    }
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return [Figures._make(row) for row in cursor.fetchall()]


# ------------------------------------------------------------------------------------ the values


def half_up(numerator: int, denominator: int) -> int:
    """The nearest whole number, halves up; both positive."""
    return (2 * numerator + denominator) // (2 * denominator)


def ratio(numerator: int, denominator: int) -> Decimal:
    """Eight decimals: exact enough for everybody, and it survives being kept as JSON."""
    return Decimal(half_up(numerator * 10**8, denominator)).scaleb(-8)


def win_rate(of: Figures) -> Result:
    closed = of.won + of.lost
    value = ratio(of.won, closed) if closed >= LEAST_CLOSED else None
    beside = {"won": of.won, "lost": of.lost, "withdrawn": of.withdrawn, "expired": of.expired}
    return Result(value, of.won, closed, closed, beside)


def deal_size(of: Figures) -> Result:
    if of.won < LEAST_WON or of.median_amount is None:
        return Result(None, n=of.won)
    return Result(int(of.median_amount + 0.5), n=of.won, beside={"mean": half_up(of.won_amount, of.won)})


def sales_cycle(of: Figures) -> Result:
    if of.cycles < LEAST_WON or of.median_days is None or of.days is None:
        return Result(None, n=of.cycles)
    return Result(Decimal(of.median_days), n=of.cycles, beside={"mean": round(of.days / of.cycles, 4)})


def open_pipeline(of: Figures) -> Result:
    beside = {"without_amount": of.without_amount}
    if of.influenced_open:
        beside |= {"influenced": of.influenced_open}
    return Result(of.open_amount + of.open_shift, n=of.open, beside=beside)


def weighted_pipeline(of: Figures) -> Result:
    beside = {"without_amount": of.without_amount, "without_stage": of.without_stage}
    return Result(half_up(of.weighted_percents + of.percents_shift, 100), n=of.open, beside=beside)


def bookings(of: Figures) -> Result:
    beside = {
        "trailing_90": of.amount_90 + of.shift_90,
        "fiscal_quarter": of.amount_fiscal_quarter + of.shift_fiscal_quarter,
    }
    if of.influenced:
        beside |= {"influenced": of.influenced_amount, "influenced_deals": of.influenced}
    if of.unproven:
        beside |= {"unproven": of.unproven_amount, "unproven_deals": of.unproven}
    return Result(of.won_amount + of.shift, n=of.won, beside=beside)


def bookings_growth(of: Figures) -> Result:
    now, before = of.amount_180 + of.shift_180, of.amount_before + of.shift_before
    known = min(of.won_180, of.won_before) >= LEAST_WON and before > 0
    value = ratio(now, before) - 1 if known else None
    beside = {"won": of.won_180, "won_before": of.won_before}
    return Result(value, now, before, of.won_180 + of.won_before, beside)


def pipeline_velocity(of: Figures) -> Result:
    """Open deals x win rate x mean won amount / cycle; the number of wins cancels out of the middle two."""
    closed = of.won + of.lost
    if closed < LEAST_CLOSED or of.cycles < LEAST_WON or not of.median_days or of.median_days < 0:
        return Result(None, n=of.open + closed)
    half_days = int(2 * of.median_days)  # a median of whole days may end in a half
    beside = {
        "open": of.open,
        "win_rate": of.won / closed,
        "mean_won": half_up(of.won_amount, of.won),
        "sales_cycle": of.median_days,
    }
    value = half_up(2 * of.open * of.won_amount, closed * half_days)
    return Result(value, n=of.open + closed, beside=beside)


def registrations(of: Figures) -> Result:
    return Result(of.registrations, n=of.registrations)


VALUES = {
    "win_rate": win_rate,
    "bookings": bookings,
    "open_pipeline": open_pipeline,
    "weighted_pipeline": weighted_pipeline,
    "sales_cycle": sales_cycle,
    "pipeline_velocity": pipeline_velocity,
    "bookings_growth": bookings_growth,
    "deal_size": deal_size,
    "registrations": registrations,
}


def sales(as_of: AsOf, partner_ids: Iterable[int] | None = None) -> dict[str, dict[int, Result]]:
    """The source of the sales quadrant; partners without any deal in a window are left out."""
    found = figures(as_of, partner_ids)
    return {key: {of.partner_id: value(of) for of in found} for key, value in VALUES.items()}


class Totals(NamedTuple):
    """Everything ever closed up to a day; minor units and calendar days. Means are None without a win."""

    won: int
    lost: int
    won_amount: int
    mean_won: Decimal | None
    mean_cycle: Decimal | None

    @property
    def win_rate(self) -> Decimal | None:
        closed = self.won + self.lost
        return ratio(self.won, closed) if closed else None


def totals(as_of: AsOf, partner_ids: Iterable[int] | None = None) -> Totals:
    """Over all deals closed before the end of the day, however long ago; amounts before they are shared.

    Two statements.
    """
    deals = Deal.objects.all() if partner_ids is None else Deal.objects.filter(partner__in=partner_ids)
    won = deals.filter(won_at__lt=as_of.end, counted_at__lt=as_of.end)
    found = won.aggregate(n=Count("pk"), amount=Sum("won_amount_vendor", default=0), cycle=Avg(_cycle(as_of)))
    won_n, amount, cycle = found["n"], int(found["amount"]), found["cycle"]
    return Totals(
        won=won_n,
        lost=deals.filter(lost_at__lt=as_of.end).count(),
        won_amount=amount,
        mean_won=Decimal(amount) / won_n if won_n else None,
        mean_cycle=None if cycle is None else Decimal(str(cycle / timedelta(days=1))),
    )


# ------------------------------------------------------------------------------------ the rows behind


def _within(moment: str, start: datetime, end: datetime) -> Q:
    return Q(**{f"{moment}__gte": start, f"{moment}__lt": end})


def _of(partner_id: int) -> QuerySet[Deal]:
    return Deal.objects.filter(partner=partner_id)


def _won(start: datetime, end: datetime) -> Q:
    """Won in this time, and counted by its end."""
    return _within("won_at", start, end) & Q(counted_at__lt=end)


def _closed(as_of: AsOf) -> Q:
    start = as_of.trailing(YEAR)
    return _won(start, as_of.end) | _within("lost_at", start, as_of.end)


def with_credit(rows: QuerySet[Deal], as_of: AsOf, amount: str, shift: str) -> QuerySet[Deal]:
    """Each with `.credited`: its partner's part of `amount` at the end of the day; all of it if unshared."""
    lines = CreditLine.objects.filter(
        Q(ended_at=None) | Q(ended_at__gte=as_of.end),
        vendor=OuterRef("vendor"),
        deal=OuterRef("pk"),
        partner=OuterRef("partner"),
        agreed_at__lt=as_of.end,
    )
    return rows.annotate(credited=F(amount) + Coalesce(Subquery(lines.values(shift)[:1]), 0))


def _open(as_of: AsOf) -> Q:
    return Q(approved_at__lt=as_of.end, open_until__gte=as_of.end)


def closed_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    return _of(partner_id).filter(_closed(as_of))


def won_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    return _of(partner_id).filter(_won(as_of.trailing(YEAR), as_of.end))


def booked_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    return with_credit(won_rows(partner_id, as_of), as_of, "won_amount_vendor", "booked_shift")


def cycle_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    """Each with `.cycle`, the time from approval to win in whole calendar days (a timedelta)."""
    return won_rows(partner_id, as_of).filter(approved_at__lt=as_of.end).annotate(cycle=_cycle(as_of))


def _cycle(as_of: AsOf) -> "ExpressionWrapper[Any]":
    won, approved = (TruncDate(moment, tzinfo=as_of.zone) for moment in ("won_at", "approved_at"))
    return ExpressionWrapper(won - approved, output_field=DurationField())


def growth_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    won = _of(partner_id).filter(_won(as_of.trailing(2 * HALF_YEAR), as_of.end))
    return with_credit(won, as_of, "won_amount_vendor", "booked_shift")


def open_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    rows = _of(partner_id).filter(_open(as_of))
    return with_credit(rows, as_of, "amount_vendor", "amount_shift")


def weighted_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    """Each with `.stage_then` and `.probability`: its stage at the end of the day; None before the first."""
    changes = StageChange.objects.filter(
        vendor=OuterRef("vendor"), deal=OuterRef("pk"), changed_at__lt=as_of.end
    ).order_by("-changed_at", "-id")
    return open_rows(partner_id, as_of).annotate(
        stage_then=Subquery(changes.values("stage__name")[:1]),
        probability=Subquery(changes.values("stage__probability")[:1]),
    )


def velocity_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    return _of(partner_id).filter(_open(as_of) | _closed(as_of))


def registered_rows(partner_id: int, as_of: AsOf) -> QuerySet[Deal]:
    return _of(partner_id).filter(_within("submitted_at", as_of.trailing(QUARTER), as_of.end))


# ------------------------------------------------------------------------------------ the declarations


_NOTHING = Figures(0, *[0] * (len(Figures._fields) - 1))._replace(
    median_amount=None, days=None, median_days=None
)


def _sales(
    key: str,
    label: str,
    unit: Unit,
    better: Better,
    floor: int,
    target: int,
    weight: int,
    version: int = 2,  # since wins wait for their proof and amounts are shared
    **rest: Any,
) -> Metric:
    rest |= {"version": version}
    rest |= {"floor": Decimal(floor), "target": Decimal(target), "weight": Decimal(weight)}
    return Metric(key, Quadrant.SALES, label, unit, better, **rest, nothing=VALUES[key](_NOTHING))


METRICS = [
    _sales(
        "win_rate",
        "Win rate",
        Unit.PERCENT,
        Better.UP,
        window="trailing 365 days",
        minimum=LEAST_CLOSED,
        definition="Won ÷ (won + lost), over deals closed in the 365 days to the date. Withdrawn and expired "
        "registrations are reported beside it, not in it. A deal that is shared counts for the partner who "
        "registered it, a win that needs a proof of sale once that is accepted.",
        rows=closed_rows,
        rows_label="closed deals",
        beside=dict.fromkeys(("won", "lost", "withdrawn", "expired"), Unit.COUNT),
        floor=10,
        target=45,
        weight=20,
    ),
    _sales(
        "bookings",
        "Bookings",
        Unit.MONEY,
        Better.UP,
        window="trailing 365 days",
        minimum=0,
        definition="Sum of won amounts in the 365 days to the date, each in the vendor's currency at the "
        "rate of the day it was fixed, and of deals that are shared the partner's part. A win that needs a "
        "proof of sale counts once that is accepted. The trailing 90 days and the fiscal quarter to date "
        "stand beside it, and so does what is credited of other partners' deals or waits for its proof.",
        rows=booked_rows,
        rows_label="won deals",
        beside=dict.fromkeys(("trailing_90", "fiscal_quarter", "influenced", "unproven"), Unit.MONEY)
        | dict.fromkeys(("influenced_deals", "unproven_deals"), Unit.COUNT),
        floor=0,
        target=900_000,
        weight=20,
    ),
    _sales(
        "open_pipeline",
        "Open pipeline",
        Unit.MONEY,
        Better.UP,
        window="on the day",
        minimum=0,
        definition="Sum of the amounts of approved, open and unexpired registrations at the end of the date, "
        "and of deals that are shared the partner's part. "
        "A registration without an amount counts as 0; how many there are stands beside it.",
        rows=open_rows,
        rows_label="open deals",
        beside={"without_amount": Unit.COUNT, "influenced": Unit.MONEY},
        floor=0,
        target=600_000,
        weight=10,
    ),
    _sales(
        "weighted_pipeline",
        "Weighted pipeline",
        Unit.MONEY,
        Better.UP,
        window="on the day",
        minimum=0,
        definition="The open pipeline, each amount times the probability of the stage the deal was in at the "
        "end of the date. A deal that had entered no stage yet counts as 0.",
        rows=weighted_rows,
        rows_label="open deals",
        beside=dict.fromkeys(("without_amount", "without_stage"), Unit.COUNT),
        floor=0,
        target=300_000,
        weight=10,
    ),
    _sales(
        "sales_cycle",
        "Sales cycle",
        Unit.DAYS,
        Better.DOWN,
        window="median, trailing 365 days",
        minimum=LEAST_WON,
        definition="Median calendar days from approval to win, over deals won in the 365 days to the date. "
        "Fewer days score higher; the mean stands beside it.",
        rows=cycle_rows,
        rows_label="won deals",
        beside={"mean": Unit.DAYS},
        floor=120,
        target=45,
        weight=10,
    ),
    _sales(
        "pipeline_velocity",
        "Pipeline velocity",
        Unit.MONEY_PER_DAY,
        Better.UP,
        window="trailing 365 days",
        minimum=LEAST_CLOSED,
        definition="Open deals × win rate × mean won amount ÷ sales cycle. It needs all four, and a cycle "
        "longer than 0 days.",
        rows=velocity_rows,
        rows_label="open and closed deals",
        beside={
            "open": Unit.COUNT,
            "win_rate": Unit.PERCENT,
            "mean_won": Unit.MONEY,
            "sales_cycle": Unit.DAYS,
        },
        floor=0,
        target=4_000,
        weight=10,
    ),
    _sales(
        "bookings_growth",
        "Bookings growth",
        Unit.PERCENT,
        Better.UP,
        window="180 days against the 180 before",
        minimum=LEAST_WON,
        definition="Won amounts of the 180 days to the date ÷ those of the 180 days before, less 1. It needs "
        "3 won deals in each half.",
        rows=growth_rows,
        rows_label="won deals",
        parts=Unit.MONEY,
        beside=dict.fromkeys(("won", "won_before"), Unit.COUNT),
        floor=-25,
        target=25,
        weight=5,
    ),
    _sales(
        "deal_size",
        "Deal size",
        Unit.MONEY,
        Better.UP,
        window="median, trailing 365 days",
        minimum=LEAST_WON,
        definition="Median won amount of the deals won in the 365 days to the date; the mean stands beside "
        "it.",
        rows=won_rows,
        rows_label="won deals",
        beside={"mean": Unit.MONEY},
        floor=0,
        target=50_000,
        weight=5,
    ),
    _sales(
        "registrations",
        "Registrations",
        Unit.COUNT,
        Better.UP,
        window="trailing 90 days",
        minimum=0,
        definition="Registrations submitted for the first time in the 90 days to the date, whatever became "
        "of them. Drafts do not count.",
        rows=registered_rows,
        rows_label="registrations",
        floor=0,
        target=12,
        weight=10,
        version=1,
    ),
]

declare(sales, METRICS)
