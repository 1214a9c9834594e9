"""Check `manage.py score --json` against the CSV it came from, computed independently by DuckDB.

    manage.py score --vendor maven --as-of 2017-12-31 --json > scores.json
    python docs/import/verify_maven.py sales_pipeline.csv scores.json

Compares the totals, and of every agent the win rate, the median and mean won deal and the sales cycle, with
the metrics' own windows and least numbers. Exit status 1 where anything differs. Needs `duckdb`.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

#: Money is kept in cents, ratios with eight decimals; means are shown with fewer.
TOLERANCE = {"win_rate": 1e-6, "mean_won": 0.005, "mean_cycle_days": 0.0005}
LEAST_CLOSED, LEAST_WON = 5, 3

TOTALS = """
    select
        count(*) filter (where deal_stage = 'Won') as won,
        count(*) filter (where deal_stage = 'Lost') as lost,
        won / (won + lost) as win_rate,
        sum(close_value) filter (where deal_stage = 'Won') as won_amount,
        avg(close_value) filter (where deal_stage = 'Won') as mean_won,
        avg(close_date - engage_date) filter (where deal_stage = 'Won') as mean_cycle_days
    from pipeline
    where close_date <= $day
"""
AGENTS = """
    select
        sales_agent,
        count(*) filter (where deal_stage = 'Won') as won,
        count(*) as closed,
        won / closed as win_rate,
        median(close_value) filter (where deal_stage = 'Won') as median_won,
        avg(close_value) filter (where deal_stage = 'Won') as mean_won,
        median(close_date - engage_date) filter (where deal_stage = 'Won') as median_cycle,
        avg(close_date - engage_date) filter (where deal_stage = 'Won') as mean_cycle
    from pipeline
    where deal_stage in ('Won', 'Lost') and close_date > $start and close_date <= $day
    group by sales_agent
"""
Found = tuple[str, Any, Any]  # what, as the CSV has it, as the scores have it


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pipeline", type=Path, help="sales_pipeline.csv")
    parser.add_argument("scores", type=Path, help="what `manage.py score --json` printed")
    arguments = parser.parse_args()
    scores = json.loads(arguments.scores.read_text(encoding="utf-8"))
    found = list(compare(arguments.pipeline, scores))
    wrong = [(what, ours, theirs) for what, ours, theirs in found if not agrees(what, ours, theirs)]
    for what, ours, theirs in wrong:
        print(f"{what}: {theirs} should be {ours}")
    print(f"{len(found) - len(wrong)} of {len(found)} figures of {scores['as_of']} agree")
    return 1 if wrong else 0


def compare(pipeline: Path, scores: dict[str, Any]) -> Iterator[Found]:
    day = date.fromisoformat(scores["as_of"])
    database = duckdb.connect()
    database.read_csv(str(pipeline)).create("pipeline")
    totals = rows(database, TOTALS, day=day)[0]
    yield from ((f"totals.{what}", ours, scores["totals"][what]) for what, ours in totals.items())
    partners = {partner["key"]: partner["metrics"] for partner in scores["partners"]}
    for agent in rows(database, AGENTS, day=day, start=day - timedelta(days=365)):
        yield from of_agent(agent, partners[slug(agent["sales_agent"])])


def rows(database: duckdb.DuckDBPyConnection, query: str, **parameters: date) -> list[dict[str, Any]]:
    answer = database.execute(query, parameters)
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def of_agent(agent: dict[str, Any], metrics: dict[str, Any]) -> Iterator[Found]:
    """Below the least number of deals there is no value."""
    name, enough = agent["sales_agent"], agent["won"] >= LEAST_WON
    rate, size, cycle = (metrics[key] for key in ("win_rate", "deal_size", "sales_cycle"))
    yield f"{name}: won", agent["won"], rate["numerator"]
    yield f"{name}: closed", agent["closed"], rate["denominator"]
    yield f"{name}: win_rate", agent["win_rate"] if agent["closed"] >= LEAST_CLOSED else None, rate["value"]
    yield f"{name}: median_won", agent["median_won"] if enough else None, size["value"]
    yield f"{name}: mean_won", agent["mean_won"] if enough else None, size["beside"].get("mean")
    yield f"{name}: median_cycle", agent["median_cycle"] if enough else None, cycle["value"]
    yield f"{name}: mean_cycle_days", agent["mean_cycle"] if enough else None, cycle["beside"].get("mean")


def slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def agrees(what: str, ours: Any, theirs: Any) -> bool:
    if ours is None or theirs is None:
        return ours is None and theirs is None
    tolerance = next((width for name, width in TOLERANCE.items() if what.endswith(name)), 1e-9)
    return abs(float(ours) - float(theirs)) <= tolerance


if __name__ == "__main__":
    sys.exit(main())
