"""The nightly sales quadrant four ways: ours, SQL by hand, DuckDB over Parquet, a loop over partners.

All four give the same numbers, or `Disagreement` says where they differ.

What a night leaves behind are kept scorecards, so its opponent by hand works out the nine values and keeps a
row per partner in a table with the columns and indexes of the scorecards: `vs_sql`. It has no scores, no
peers, no latest scores and no foreign keys, all of which the night has. Against the bare query, whose rows
are only fetched, stands `vs_sql_values`; that one compares a night with a part of itself.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from django.db import connections, transaction

from deals.deal.models import StageChange
from deals.sales.figures import HALF_YEAR, QUARTER, YEAR
from deals.sales.metrics import METRICS, sales
from deals.shared_credit.models import CreditLine
from demo.bench.timing import seconds
from partners.models import Partner
from portal.metrics.declarations import AsOf
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from scorecards import services

KEYS = (
    "win_rate", "deal_size", "sales_cycle", "open_pipeline", "weighted_pipeline", "bookings",
    "bookings_growth", "pipeline_velocity", "registrations",
)  # fmt: skip
ROUNDED = 1e-7  # our ratios are kept with eight decimals
LOOPED = 200  # partners of the loop; the others are extrapolated
#: {partner id: {metric key: value}}; partners without a deal in any window may be missing.
Values = dict[int, dict[str, Any]]


class Disagreement(Exception):
    """Two computations of one number differ."""


def measure(vendor: Vendor, day: date, say: Callable[[str], object] = lambda text: None) -> dict[str, Any]:
    """Seconds of each way and our ratio to the others. `seconds` holds scoring, comparing and keeping."""
    as_of = AsOf.of(vendor, day)
    say("values, by our query under row security")
    values_seconds, ours = seconds(lambda: _ours(vendor, as_of))
    say("values, by SQL written by hand")
    sql_seconds, by_hand = seconds(lambda: _by_hand(vendor, as_of))
    _compare("SQL by hand", ours, by_hand)
    say("values, by DuckDB over Parquet")
    with _parquet(vendor) as files:
        duckdb_seconds, by_duckdb = seconds(lambda: _by_duckdb(files, as_of))
    _compare("DuckDB", ours, by_duckdb)
    say(f"values, by a loop over {LOOPED} partners")
    loop_seconds, looped = _by_loop(vendor, as_of)
    _compare("the loop", {pk: ours.get(pk, {}) for pk in looped}, looped)
    say("the whole nightly run, and values kept by hand")
    compute_seconds, _ = seconds(lambda: _computed(vendor, day))
    nightly_seconds, kept_seconds = _in_turns(
        lambda: _nightly(vendor, day), lambda: _kept_by_hand(vendor, day)
    )
    return {
        "seconds": round(nightly_seconds, 3),
        "vs_sql": round(nightly_seconds / kept_seconds, 2),
        "vs_sql_values": round(nightly_seconds / sql_seconds, 2),
        "vs_duckdb": round(nightly_seconds / duckdb_seconds, 2),
        "vs_orm_loop": round(loop_seconds / nightly_seconds, 1),
        "values_seconds": round(values_seconds, 3),
        "values_vs_sql": round(values_seconds / sql_seconds, 2),
        "values_vs_duckdb": round(values_seconds / duckdb_seconds, 2),
        "without_storing_seconds": round(compute_seconds, 3),
        "sql_seconds": round(kept_seconds, 3),
        "sql_values_seconds": round(sql_seconds, 3),
        "duckdb_seconds": round(duckdb_seconds, 3),
        "orm_loop_seconds": round(loop_seconds, 1),
    }


def growth(small: Vendor, large: Vendor, day: date) -> tuple[float, float]:
    """How many times longer the large vendor takes: our nightly run, and the values kept by hand."""
    ours, ours_small, by_hand, by_hand_small = _in_turns(
        lambda: _nightly(large, day),
        lambda: _nightly(small, day),
        lambda: _kept_by_hand(large, day),
        lambda: _kept_by_hand(small, day),
    )
    return round(ours / ours_small, 2), round(by_hand / by_hand_small, 2)


def _in_turns(*runs: Callable[[], float], rounds: int = 3) -> list[float]:
    """The median seconds of each, taken in turns: a slow moment of the machine then meets all alike."""
    taken = [[run() for run in runs] for _ in range(rounds)]
    return [median(times) for times in zip(*taken, strict=True)]


# Ours -----------------------------------------------------------------------------------------------


def _ours(vendor: Vendor, as_of: AsOf) -> Values:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        found = sales(as_of)
    values: Values = {}
    for key in KEYS:
        for partner_id, result in found[key].items():
            values.setdefault(partner_id, {})[key] = result.value
    return values


def _computed(vendor: Vendor, day: date) -> int:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        return len(services.compute(vendor=vendor, as_of=day))


def _nightly(vendor: Vendor, day: date) -> float:
    """Seconds of a whole run, each for a day that was not computed before."""
    fresh = _fresh_day("ours", vendor, day)
    return seconds(lambda: services.nightly(vendor=vendor, as_of=fresh), times=1)[0]


def _fresh_day(whose: str, vendor: Vendor, day: date) -> date:
    """This day, and one day earlier each time it is asked again."""
    return day - timedelta(days=next(_days_back.setdefault((whose, vendor.pk), count())))


_days_back: "dict[tuple[str, int], count[int]]" = {}


# SQL by hand ----------------------------------------------------------------------------------------


def _moments(as_of: AsOf) -> dict[str, Any]:
    return {
        "zone": str(as_of.zone),
        "end": as_of.end,
        "year": as_of.trailing(YEAR),
        "quarter": as_of.trailing(QUARTER),
        "half_year": as_of.trailing(HALF_YEAR),
        "two_halves": as_of.trailing(2 * HALF_YEAR),
    }


def _by_hand(vendor: Vendor, as_of: AsOf) -> Values:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(_statement("sales.postgres.sql"), {"vendor": vendor.pk, **_moments(as_of)})
        return _by_partner(cursor.fetchall())


_KEEP = """
create table if not exists bench_scorecard (like scorecards_scorecard including all);
insert into bench_scorecard (
    vendor_id, partner_id, scheme_id, as_of, computed_at, coverage,
    booked, pipeline, booked_quarter, measured, places, peer_spread
)
select
    %(vendor)s, partner_id, 0, %(day)s, now(), 0, bookings, open_pipeline, 0,
    json_build_object(
        'win_rate', win_rate, 'deal_size', deal_size, 'sales_cycle', sales_cycle,
        'open_pipeline', open_pipeline, 'weighted_pipeline', weighted_pipeline, 'bookings', bookings,
        'bookings_growth', bookings_growth, 'pipeline_velocity', pipeline_velocity,
        'registrations', registrations
    ), '', ''
from ({values}) found
"""


def _kept_by_hand(vendor: Vendor, day: date) -> float:
    """Seconds of the same values kept as a row per partner, each for a day that was not kept before."""
    fresh = _fresh_day("by hand", vendor, day)
    keep = _KEEP.format(values=_statement("sales.postgres.sql"))
    parameters = {"vendor": vendor.pk, "day": fresh, **_moments(AsOf.of(vendor, fresh))}

    def run() -> None:
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute(keep, parameters)

    return seconds(run, times=1)[0]


def _statement(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _by_partner(rows: list[tuple[Any, ...]]) -> Values:
    return {partner_id: dict(zip(KEYS, values, strict=True)) for partner_id, *values in rows}


# DuckDB ---------------------------------------------------------------------------------------------

_DEALS = """
copy (select id, partner_id, submitted_at, approved_at, won_at, lost_at, open_until, amount_vendor as amount,
    won_amount_vendor as won_amount, proof_needed, proof_accepted_at
    from deals_deal where vendor_id = {vendor}
) to stdout (format csv, header)
"""
_CHANGES = """
copy (select c.id, deal_id, changed_at, probability from deals_stagechange c
    join deals_stage s on s.id = c.stage_id where c.vendor_id = {vendor}
) to stdout (format csv, header)
"""
_CREDIT = """
copy (select id, cosell_id, deal_id, partner_id, kind = 'sourced' as sourced, share, agreed_at, ended_at
    from deals_creditline where vendor_id = {vendor}
) to stdout (format csv, header)
"""
_MOMENT = "timestamptz"
_TYPES = {
    "deals": {
        "id": "bigint", "partner_id": "bigint", "submitted_at": _MOMENT, "approved_at": _MOMENT,
        "won_at": _MOMENT, "lost_at": _MOMENT, "open_until": _MOMENT, "amount": "bigint",
        "won_amount": "bigint", "proof_needed": "boolean", "proof_accepted_at": _MOMENT,
    },
    "changes": {"id": "bigint", "deal_id": "bigint", "changed_at": _MOMENT, "probability": "integer"},
    "credit": {
        "id": "bigint", "cosell_id": "bigint", "deal_id": "bigint", "partner_id": "bigint",
        "sourced": "boolean", "share": "bigint", "agreed_at": _MOMENT, "ended_at": _MOMENT,
    },
}  # fmt: skip


@contextmanager
def _parquet(vendor: Vendor) -> Iterator[dict[str, str]]:
    """The vendor's deals, stage changes and credit as Parquet files, only the columns that are needed."""
    with TemporaryDirectory(prefix="portal-bench-") as folder:
        files = {}
        for name, copy in (("deals", _DEALS), ("changes", _CHANGES), ("credit", _CREDIT)):
            text, files[name] = Path(folder) / f"{name}.csv", f"{folder}/{name}.parquet"
            with text.open("wb") as file, connections["owner"].cursor() as cursor:
                cursor.cursor.copy_expert(copy.format(vendor=int(vendor.pk)), file)
            rows = duckdb.read_csv(str(text), dtype=_TYPES[name], header=True)
            rows.write_parquet(files[name])
            text.unlink()
        yield files


def _by_duckdb(files: dict[str, str], as_of: AsOf) -> Values:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        rows = connection.execute(_statement("sales.duckdb.sql"), {**files, **_moments(as_of)}).fetchall()
    return _by_partner(rows)


# The loop -------------------------------------------------------------------------------------------


def _by_loop(vendor: Vendor, as_of: AsOf) -> tuple[float, Values]:
    """(seconds extrapolated to all partners, values): each partner's rows fetched metric by metric."""
    with entered(system_scope(vendor.pk)), transaction.atomic():
        everybody = list(Partner.objects.order_by("pk").values_list("pk", flat=True))
        some = everybody[:: max(1, len(everybody) // LOOPED)][:LOOPED]
        taken, values = seconds(lambda: {pk: _looped(pk, as_of) for pk in some}, times=1)
    return taken * len(everybody) / len(some), values


def _looped(partner_id: int, as_of: AsOf) -> dict[str, Any]:
    """From the very rows each metric shows as its drill-down, and its credit of other partners' deals."""
    rows = {metric.key: list(metric.rows(partner_id, as_of)) for metric in METRICS}
    booked, pipeline, likely = _influenced(partner_id, as_of)
    since, before = as_of.trailing(HALF_YEAR), as_of.trailing(2 * HALF_YEAR)
    closed = len(rows["win_rate"])
    won = [deal.won_amount_vendor for deal in rows["bookings"]]
    credited = [(deal.won_at, deal.amount_then) for deal in rows["bookings"]] + booked
    cycles = [deal.cycle.days for deal in rows["sales_cycle"]]
    grown = [(deal.won_at, deal.amount_then) for deal in rows["bookings_growth"]]
    halves = [sum(at >= since for at, _ in grown), sum(before <= at < since for at, _ in grown)]
    now = [amount for at, amount in grown + booked if at >= since]
    then = [amount for at, amount in grown + booked if before <= at < since]
    cycle = median(cycles) if len(cycles) >= 3 else None
    weighted = sum((deal.amount_then or 0) * (deal.probability or 0) for deal in rows["weighted_pipeline"])
    opened = [deal.amount_then or 0 for deal in rows["open_pipeline"]]
    pace = (closed * cycle) if closed >= 5 and cycle else None
    return {
        "win_rate": len(won) / closed if closed >= 5 else None,
        "deal_size": math.floor(median(won) + 0.5) if len(won) >= 3 else None,
        "sales_cycle": cycle,
        "open_pipeline": sum(opened) + pipeline,
        "weighted_pipeline": (weighted + likely + 50) // 100,
        "bookings": sum(amount for _, amount in credited),
        "bookings_growth": sum(now) / sum(then) - 1 if min(halves) >= 3 else None,
        "pipeline_velocity": math.floor(len(opened) * sum(won) / pace + 0.5) if pace else None,
        "registrations": len(rows["registrations"]),
    }


def _influenced(partner_id: int, as_of: AsOf) -> tuple[list[tuple[datetime, int]], int, int]:
    """(wins as (moment, credit), open pipeline, the same times likelihood in per cent) of others' deals."""
    lines = CreditLine.objects.filter(partner=partner_id, kind="influenced", agreed_at__lt=as_of.end)
    here = [line for line in lines if line.ended_at is None or line.ended_at >= as_of.end]
    won = [line for line in here if line.counted_at and line.counted_at < as_of.end]
    won = [line for line in won if line.won_at and line.won_at >= as_of.trailing(YEAR)]
    opened = [line for line in here if line.approved_at and line.approved_at < as_of.end <= line.open_until]
    likely = sum((line.amount or 0) * _likelihood(line.deal_id, as_of) for line in opened)
    booked = [(line.won_at, line.booked) for line in won if line.won_at and line.booked is not None]
    return booked, sum(line.amount or 0 for line in opened), likely


def _likelihood(deal_id: int, as_of: AsOf) -> int:
    changes = StageChange.objects.filter(deal=deal_id, changed_at__lt=as_of.end).select_related("stage")
    latest = changes.order_by("-changed_at", "-id").first()
    return latest.stage.probability if latest else 0


# The same numbers? ----------------------------------------------------------------------------------

_NOTHING = dict.fromkeys(KEYS)


def _compare(whose: str, ours: Values, theirs: Values) -> None:
    """Raise `Disagreement` at the first number that differs. No deal at all is the same as 0 or nothing."""
    for partner_id in ours.keys() | theirs.keys():
        mine, other = ours.get(partner_id, _NOTHING), theirs.get(partner_id, _NOTHING)
        for key in KEYS:
            if not _same(mine.get(key), other.get(key)):
                raise Disagreement(
                    f"{key} of partner {partner_id}: ours {mine.get(key)}, {whose} {other.get(key)}"
                )


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return not one and not other
    if isinstance(one, int):  # money, counts
        return one == int(other)
    return math.isclose(float(one), float(other), rel_tol=0, abs_tol=ROUNDED)
