"""The bench on tiny data: it runs, agrees with itself, and writes what is promised."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from django.conf import settings

from demo.bench import recompute, report
from demo.bench.recompute import Disagreement
from demo.bench.scratch import database_url
from tests.support.patience import patient

TIME_LIMIT = 300  # seconds

pytestmark = pytest.mark.bench

PAGE_NAMES = {
    "bench_floor", "home", "home (partner admin)", "scorecards:portfolio", "partners:detail",
    "scorecards:detail", "deals:list", "deals:list?filtered", "deals:list?last",
}  # fmt: skip


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What `manage.py bench` writes, run as people run it."""
    output = tmp_path_factory.mktemp("bench") / "bench.json"
    sizes = ["--quick", "--partners=60", "--deals=1200", "--events=3000"]
    argv = [sys.executable, "manage.py", "bench", *sizes, f"--output={output}"]
    done = subprocess.run(
        argv,
        cwd=settings.BASE_DIR,
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=patient(TIME_LIMIT),
        check=False,  # what it said comes first
    )
    assert done.returncode == 0, done.stderr[-4000:]
    written = json.loads(output.read_text())
    assert str(output) in done.stdout
    for name in written["pages"]:
        assert name in done.stdout
    yield written
    assert _scratch_databases() == []


def _scratch_databases() -> list[str]:
    with psycopg2.connect(os.environ["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("select datname from pg_database where datname like 'portal_bench_%'")
        return [name for (name,) in cursor.fetchall()]


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _numbers(part)
    elif isinstance(value, int | float):
        yield value


def test_every_group_is_there_with_finite_numbers(figures: dict[str, Any]) -> None:
    assert figures["scale"] == {"partners": 60, "deals": 1200, "events": 3000}
    ratios = {"vs_sql", "vs_sql_values", "vs_duckdb", "vs_orm_loop", "growth_3x", "sql_growth_3x"}
    assert {"seconds", *ratios} <= set(figures["recompute"])
    assert {"aggregate_ratio", "dashboard_cpu_share"} <= set(figures["rls"])
    assert {"cores", "python", "postgresql"} <= set(figures["machine"])
    assert all(math.isfinite(number) for number in _numbers(figures))
    assert all(number > 0 for number in _numbers(figures["recompute"]))


def test_every_page_is_measured_against_the_floor(figures: dict[str, Any]) -> None:
    pages = figures["pages"]
    assert set(pages) >= PAGE_NAMES
    for name, page in pages.items():
        assert {"ms_p50", "ms_p95", "vs_floor", "sql", "html_kb_gz", "at_16"} == set(page), name
        assert 0 < page["ms_p50"] <= page["ms_p95"]
        assert page["at_16"]["per_second"] > 0
    floor = pages["bench_floor"]
    assert floor["vs_floor"] == 1
    assert floor["at_16"]["share_of_floor"] == 1
    assert pages["home"]["sql"] > floor["sql"] > 0
    assert pages["home"]["html_kb_gz"] > 1 > floor["html_kb_gz"]


def test_the_report_names_every_missed_budget(figures: dict[str, Any]) -> None:
    slow = json.loads(json.dumps(figures))
    slow["recompute"]["vs_sql"] = 2.01
    slow["pages"]["home"] |= {"vs_floor": 4.01, "sql": 13}
    told = {line.split("  ")[0]: line for line in report.lines(slow)}
    assert "MISSED" in told["nightly run / SQL by hand, kept"]
    assert "time" in told["home"].split("MISSED")[1]
    assert "statements" in told["home"].split("MISSED")[1]
    well = json.loads(json.dumps(figures))
    well["recompute"]["vs_sql"] = 2.0
    assert "MISSED" not in next(line for line in report.lines(well) if line.startswith("nightly run / SQL"))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({1: {"bookings": 100}}, {1: {"bookings": 101}}),
        ({1: {"win_rate": 0.5}}, {1: {"win_rate": 0.500001}}),
        ({1: {"win_rate": None}}, {1: {"win_rate": 0.5}}),
        ({}, {1: {"registrations": 1}}),
    ],
)
def test_other_numbers_are_a_disagreement(ours: recompute.Values, theirs: recompute.Values) -> None:
    with pytest.raises(Disagreement, match="partner 1"):
        recompute._compare("theirs", ours, theirs)


def test_the_same_numbers_in_other_types_agree() -> None:
    ours = {1: {"bookings": 100, "win_rate": 0.33333333, "deal_size": None}}
    theirs = {1: {"bookings": 100.0, "win_rate": 1 / 3, "deal_size": None}, 2: {"registrations": 0}}
    recompute._compare("theirs", ours, theirs)


@pytest.mark.django_db
def test_the_address_of_the_database_leads_back_to_it() -> None:
    from portal import environment

    os.environ["BENCH_TEST_URL"] = database_url("default")
    try:
        told = environment.database("BENCH_TEST_URL")
    finally:
        del os.environ["BENCH_TEST_URL"]
    now = settings.DATABASES["default"]
    assert (told["USER"], told["HOST"]) == (now["USER"], now["HOST"])
