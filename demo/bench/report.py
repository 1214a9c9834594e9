"""The figures as tables for people, each beside its budget."""

from collections.abc import Iterator
from typing import Any

from demo.bench.pages import CLIENTS, FLOOR

#: What "good" means: (group, key, most or least allowed, description).
BUDGETS = (
    ("recompute", "vs_sql", "<=", 2.0, "nightly run / SQL by hand, kept"),
    ("recompute", "vs_duckdb", "<=", 5.0, "nightly run / DuckDB over Parquet"),
    ("recompute", "vs_orm_loop", ">=", 50.0, "loop over partners / nightly run"),
    ("recompute", "growth_3x", "<=", 2.6, "nightly run at 3x the data / at 1x"),
    ("rls", "aggregate_ratio", "<=", 1.1, "aggregate under row security / by hand"),
    ("rls", "dashboard_cpu_share", "<=", 0.2, "row security's share of a dashboard"),
)
MOST_VS_FLOOR, LEAST_OF_FLOOR, MOST_SQL, MOST_KB = 4.0, 0.25, 12, 150


def lines(figures: dict[str, Any]) -> Iterator[str]:
    scale = figures["scale"]
    yield ""
    yield f"{scale['partners']:,} partners, {scale['deals']:,} deals, {scale['events']:,} events"
    yield ", ".join(f"{name}: {value}" for name, value in figures["machine"].items())
    yield ""
    for group, key, sign, budget, what in BUDGETS:
        yield _budgeted(figures[group][key], sign, budget, what)
    yield ""
    for group in ("recompute", "rls"):
        yield ", ".join(f"{name} {value}" for name, value in figures[group].items())
    yield ""
    yield from _page_lines(figures["pages"])


def _budgeted(value: float, sign: str, budget: float, what: str) -> str:
    kept = value <= budget if sign == "<=" else value >= budget
    return f"{what:<42} {value:>9}   budget {sign} {budget:<6} {'' if kept else 'MISSED'}"


def _page_lines(pages: dict[str, Any]) -> Iterator[str]:
    crowd_heading = f"of floor at {CLIENTS}"
    yield f"{'page':<42}{'p50 ms':>8}{'p95 ms':>8}{'floor x':>9}{'sql':>5}{'kB gz':>7}{crowd_heading:>17}"
    for name, told in pages.items():
        crowd = told[f"at_{CLIENTS}"]
        yield (
            f"{name:<42}{told['ms_p50']:>8.1f}{told['ms_p95']:>8.1f}{told['vs_floor']:>9.2f}{told['sql']:>5}"
            f"{told['html_kb_gz']:>7.1f}{crowd['share_of_floor']:>17.2f}  {_missed(name, told)}"
        )


def _missed(name: str, told: dict[str, Any]) -> str:
    """What of this page is over its budget; empty when all is well."""
    over = {
        "time": told["vs_floor"] > MOST_VS_FLOOR,
        "crowd": told[f"at_{CLIENTS}"]["share_of_floor"] < LEAST_OF_FLOOR,
        "statements": told["sql"] > MOST_SQL,
        "weight": told["html_kb_gz"] > MOST_KB,
    }
    missed = [what for what, is_over in over.items() if is_over and not name.startswith(FLOOR)]
    return f"MISSED: {', '.join(missed)}" if missed else ""
