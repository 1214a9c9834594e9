"""The sales quadrant: nine metrics, from the timestamps of deals, as of any day.

Each result's `n` is the number of rows its drill-down lists. A win that needs a proof of sale counts from
the moment its proof is accepted (`counted_at`), in the period of its win. Of a deal that two partners share,
each has its part of the amounts from the moment they agreed; who registered it has the deal itself, and with
it all that is counted: wins, losses, registrations, cycles, sizes. See docs/credit.md.

Medians and weighted sums of money are rounded to whole minor units, halves up.
"""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, DecimalField, F, Q, Sum
from django.db.models.functions import Coalesce

from deals.deal.models import Deal
from deals.sales.figures import FIGURES, HALF_YEAR, Figures
from deals.sales.rows import (
    AMOUNT,
    APPROVED,
    CLOSED,
    CYCLE,
    DEAL,
    LIKELIHOOD,
    PROTECTED,
    REGISTERED,
    STAGE,
    STOOD,
    WEIGHTED,
    booked_rows,
    closed_rows,
    cycle_of,
    cycle_rows,
    growth_rows,
    open_rows,
    registered_rows,
    velocity_rows,
    weighted_rows,
    won_rows,
)
from portal.history import wording
from portal.history.wording import Wording
from portal.metrics.declarations import (
    AsOf,
    Beside,
    Better,
    Figure,
    Found,
    Look,
    Metric,
    Quadrant,
    Result,
    Summary,
    Total,
    Unit,
    declare_metrics,
    declare_programme,
    middle_of_rows,
)
from portal.metrics.rounding import half_up, ratio
from portal.metrics.statements import StatementSource

LEAST_CLOSED = 5
LEAST_WON = 3

# The values --------------------------------------------------------------------------------------------


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


def _is_stated(of: Figures) -> bool:
    """Whether the worth of the open deals is known: none are worth nothing, but not those without amounts."""
    return not of.open or of.without_amount < of.open or bool(of.influenced_deals_open)


def _at_list(of: Figures) -> dict[str, int]:
    """How many stand in the sum at list price, where there are any."""
    return {"at_list_price": of.at_list_price} if of.at_list_price else {}


def open_pipeline(of: Figures) -> Result:
    beside = {"without_amount": of.without_amount} | _at_list(of)
    if of.influenced_open:
        beside |= {"influenced": of.influenced_open}
    value = of.open_amount + of.open_shift if _is_stated(of) else None
    return Result(value, n=of.open, beside=beside)


def weighted_pipeline(of: Figures) -> Result:
    beside = {"without_amount": of.without_amount, "without_stage": of.without_stage} | _at_list(of)
    value = half_up(of.weighted_percents + of.percents_shift, 100) if _is_stated(of) else None
    return Result(value, n=of.open, beside=beside)


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


#: The source of the sales quadrant; partners without any deal in a window are left out.
sales = StatementSource(FIGURES, VALUES)


# What a programme won in all ---------------------------------------------------------------------------


def totals(as_of: AsOf, partner_ids: Iterable[int] | None = None) -> list[Figure]:
    """Over all deals closed before the end of the day, however long ago; amounts before they are shared.

    Means are None without a win. Two statements.
    """
    deals = Deal.objects.all() if partner_ids is None else Deal.objects.filter(partner__in=partner_ids)
    wins = deals.filter(won_at__lt=as_of.end, counted_at__lt=as_of.end)
    found = wins.aggregate(
        n=Count("pk"),
        amount=Sum("won_amount_vendor", default=0),
        cycle=Avg(cycle_of(as_of, "won_at", "approved_at")),
    )
    lost = deals.filter(lost_at__lt=as_of.end).count()
    won, amount = found["n"], int(found["amount"])
    return [
        Figure("won", "won", won, Unit.COUNT),
        Figure("lost", "lost", lost, Unit.COUNT),
        Figure("win_rate", "win rate", ratio(won, won + lost) if won + lost else None, Unit.PERCENT),
        Figure("won_amount", "won amount", amount, Unit.MONEY),
        Figure("mean_won", "mean won", Decimal(amount) / won if won else None, Unit.MONEY),
        Figure("mean_cycle_days", "mean cycle", _in_days(found["cycle"]), Unit.DAYS),
    ]


def _in_days(span: timedelta | None) -> Decimal | None:
    return None if span is None else Decimal(str(span / timedelta(days=1)))


# What moves them ---------------------------------------------------------------------------------------

#: Whatever another system tells, and what a decided case does to a claim, may concern any figure.
_ANY = frozenset(
    {"deals.imported", "deals.conflict_decided", "deals.conflict_closed", "deals.amendment_granted_at_once"}
    | {"deals.amendment_granted"}
)
_WINS = _ANY | {"deals.won", "deals.proof_granted", "deals.proof_granted_at_once"}
_CLOSINGS = _WINS | {"deals.lost"}
_SHARES = frozenset(
    {"deals.credit_agreed", "deals.credit_ended", "deals.share_agreed", "deals.share_ended"}
    | {"deals.share_won", "deals.share_counted", "deals.share_lost"}
)
_OPENINGS = _CLOSINGS | {
    "deals.approved",
    "deals.withdrawn",
    "deals.expired",
    "deals.extension_granted",
    "deals.extension_granted_at_once",
}

# Their workings ----------------------------------------------------------------------------------------


def _won_of_closed(found: Found) -> str:
    won, lost = found.beside["won"], found.beside["lost"]
    return f"{found.numerator:.0f} won ÷ ({won} won + {lost} lost)"


def _sum(found: Found) -> str:
    shared = found.beside.get("influenced")
    more = f" and {found.money(shared)} credited of other partners' deals" if shared else ""
    return f"Sum of {found.rows}{_unstated(found)}{more}"


def _weighted(found: Found) -> str:
    return f"Sum of {found.rows}{_unstated(found)}, each times its likelihood,"


def _unstated(found: Found) -> str:
    """How many of the rows the sum does not know."""
    without, at_list = found.beside.get("without_amount"), found.beside.get("at_list_price")
    told = [f"{without} of them without an amount"] if without else []
    told += [f"{at_list} of them at list price times quantity"] if at_list else []
    return f", {', '.join(told)}," if told else ""


def _not_stated(found: Found) -> str:
    without = found.beside.get("without_amount")
    return f"{without} of {found.n} without an amount" if without else ""


def _growth(found: Found) -> str:
    return f"{found.money(found.numerator)} ÷ {found.money(found.denominator)} − 1"


def _velocity(found: Found) -> str:
    of = found.beside
    rate, cycle = found.text(of["win_rate"], Unit.PERCENT), found.text(of["sales_cycle"], Unit.DAYS)
    return f"{of['open']} open × {rate} × {found.money(of['mean_won'])} ÷ {cycle}"


# Their totals ------------------------------------------------------------------------------------------


def _half(as_of: AsOf) -> Q:
    return Q(won_at_then__gte=as_of.trailing(HALF_YEAR))


def _weighted_sum(as_of: AsOf) -> Sum:
    weighted = F("amount_then") * Coalesce("probability", 0) / Decimal(100)
    return Sum(weighted, output_field=DecimalField())


WON = Total("Won", lambda as_of: Count("pk", filter=Q(won_at_then__lt=as_of.end)), Look.COUNT)
LOST = Total("Lost", lambda as_of: Count("pk", filter=Q(lost_at_then__lt=as_of.end)), Look.COUNT)
SUM = Total("Sum of amounts", lambda as_of: Sum("amount_then"))
MEAN = Total("Mean", lambda as_of: Avg("amount_then"))
THIS_HALF = Total("Last 180 days", lambda as_of: Sum("amount_then", filter=_half(as_of)))
HALF_BEFORE = Total("180 days before", lambda as_of: Sum("amount_then", filter=~_half(as_of)))
WEIGHTED_SUM = Total("Weighted sum", _weighted_sum)
MEAN_CYCLE = Total("Mean", lambda as_of: Avg("cycle"), Look.DAYS)

# The declarations --------------------------------------------------------------------------------------

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
    rest |= {"own_rows": "registered_by", "nothing": VALUES[key](_NOTHING)}
    return Metric(key, Quadrant.SALES, label, unit, better, **rest)


WITHOUT_AMOUNT = Beside("without_amount", "without an amount", shows_zero=False)
AT_LIST_PRICE = Beside("at_list_price", "at list price times quantity", shows_zero=False)

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
        columns=(DEAL, STOOD, CLOSED, AMOUNT),
        totals=(WON, LOST),
        beside=[Beside(key, key) for key in ("won", "lost", "withdrawn", "expired")],
        working=_won_of_closed,
        events=_CLOSINGS | {"deals.withdrawn", "deals.expired"},
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
        columns=(DEAL, REGISTERED, CLOSED, AMOUNT),
        totals=(SUM, MEAN),
        beside=(
            Beside("trailing_90", "trailing 90 days", Unit.MONEY),
            Beside("fiscal_quarter", "fiscal quarter to date", Unit.MONEY),
            Beside("influenced", "credited of other partners' deals", Unit.MONEY),
            Beside("influenced_deals", "of other partners' deals"),
            Beside("unproven", "waiting for proof of sale", Unit.MONEY),
            Beside("unproven_deals", "wins waiting for proof of sale"),
        ),
        working=_sum,
        events=_WINS | _SHARES,
        summaries={Summary.BOOKED: "", Summary.BOOKED_QUARTER: "fiscal_quarter"},
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
        "Of registrations without an amount only the number is told; where none has one, there is no score. "
        "Where the programme says so, they count at the list price of their products times the quantity.",
        rows=open_rows,
        rows_label="open deals",
        columns=(DEAL, APPROVED, PROTECTED, AMOUNT),
        totals=(SUM, MEAN),
        beside=(
            WITHOUT_AMOUNT,
            AT_LIST_PRICE,
            Beside("influenced", "credited of other partners' deals", Unit.MONEY),
        ),
        working=_sum,
        missing=_not_stated,
        events=_OPENINGS | _SHARES,
        summaries={Summary.PIPELINE: ""},
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
        "end of the date. A deal that had entered no stage yet counts as 0; of deals without an amount only "
        "the number is told, and where none has one, there is no score. Where the programme says so, they "
        "count at the list price of their products times the quantity.",
        rows=weighted_rows,
        rows_label="open deals",
        columns=(DEAL, STAGE, LIKELIHOOD, AMOUNT, WEIGHTED),
        totals=(SUM, WEIGHTED_SUM),
        beside=(WITHOUT_AMOUNT, AT_LIST_PRICE, Beside("without_stage", "in no stage yet", shows_zero=False)),
        working=_weighted,
        missing=_not_stated,
        events=_OPENINGS | _SHARES | {"deals.stage_changed"},
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
        columns=(DEAL, APPROVED, CLOSED, CYCLE),
        totals=(MEAN_CYCLE,),
        beside=(Beside("mean", "mean", Unit.DAYS),),
        working=middle_of_rows,
        events=_WINS,
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
        columns=(DEAL, STOOD, APPROVED, CLOSED, AMOUNT),
        totals=(WON, LOST),
        beside=(
            Beside("open", "open deals"),
            Beside("win_rate", "win rate", Unit.PERCENT),
            Beside("mean_won", "mean won deal", Unit.MONEY),
            Beside("sales_cycle", "sales cycle", Unit.DAYS),
        ),
        working=_velocity,
        events=_OPENINGS,
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
        columns=(DEAL, CLOSED, AMOUNT),
        totals=(THIS_HALF, HALF_BEFORE),
        beside=(Beside("won", "won"), Beside("won_before", "won in the 180 days before")),
        working=_growth,
        events=_WINS | _SHARES,
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
        columns=(DEAL, CLOSED, AMOUNT),
        totals=(SUM, MEAN),
        beside=(Beside("mean", "mean", Unit.MONEY),),
        working=middle_of_rows,
        events=_WINS,
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
        columns=(DEAL, REGISTERED, STOOD, AMOUNT),
        events=_ANY | {"deals.submitted"},
        floor=0,
        target=12,
        weight=10,
        version=1,
    ),
]

declare_metrics(sales, METRICS)
declare_programme(totals)

# What may come late ------------------------------------------------------------------------------------

wording.declare_wording(
    "deals.deal",
    Wording(
        "Deal",
        {
            "submitted_at": "registered",
            "approved_at": "approved",
            "won_at": "won",
            "lost_at": "lost",
            "withdrawn_at": "withdrawn",
            "proof_accepted_at": "proof accepted",
            "expires_at": "protection ended",
        },
    ),
)
wording.declare_wording("deals.stagechange", Wording("Stage of a deal", {"changed_at": "entered"}))
wording.declare_wording(
    "deals.creditline",
    Wording(
        "Share of deal",
        {"agreed_at": "agreed", "won_at": "won", "counted_at": "counted"},
    ),
)
