"""`manage.py score` over an imported pipeline, and the script that checks it against DuckDB."""

import json
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from scorecards.models import Scorecard, ScoringRun

PROJECT = Path(__file__).resolve().parents[2]
MAPS, SAMPLE = PROJECT / "docs/import", PROJECT / "tests/data/maven"
FILES = {
    "partners": "sales_teams.csv",
    "customers": "accounts.csv",
    "products": "products.csv",
    "deals": "sales_pipeline.csv",
}
DAY = "2017-12-31"
AS_OF = f"--as-of={DAY}"

NUMBER, MAYBE = {"type": "number"}, {"type": ["number", "null"]}
COUNT = {"type": "integer", "minimum": 0}


def exactly(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


METRIC = exactly(
    value=MAYBE,
    numerator=MAYBE,
    denominator=MAYBE,
    beside={"type": "object", "additionalProperties": MAYBE},
    n=COUNT,
    score=MAYBE,
    points=MAYBE,
    possible=MAYBE,
    version=COUNT,
)
QUADRANT = exactly(score=MAYBE, weight=NUMBER, points=MAYBE, possible=MAYBE)
SCHEMA = exactly(
    vendor={"const": "sample"},
    as_of={"const": DAY},
    computed_at={"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT"},
    totals=exactly(
        won=COUNT, lost=COUNT, win_rate=MAYBE, won_amount=NUMBER, mean_won=MAYBE, mean_cycle_days=MAYBE
    ),
    partners={
        "type": "array",
        "items": exactly(
            key={"type": "string"},
            health=MAYBE,
            coverage=NUMBER,
            known_now={"type": "null"},
            sums=exactly(booked=MAYBE, booked_quarter=MAYBE, pipeline=MAYBE),
            quadrants=exactly(sales=QUADRANT, enablement=QUADRANT, marketing=QUADRANT, engagement=QUADRANT),
            metrics={"type": "object", "additionalProperties": METRIC, "minProperties": 9},
        ),
    },
)


@pytest.fixture
def sample(db: None) -> Vendor:
    """The made-up pipeline, imported the way the real one is."""
    for kind, file in FILES.items():
        call_command(
            "load", kind, SAMPLE / file, vendor="sample", map=MAPS / "maven.toml", create_vendor=True,
            stdout=StringIO(), stderr=StringIO(),
        )  # fmt: skip
    return Vendor.objects.get(slug="sample")


def score(*options: str) -> str:
    out = StringIO()
    call_command("score", "--vendor=sample", *options, stdout=out)
    return out.getvalue()


def verify(scores: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "scores.json"
    file.write_text(scores, encoding="utf-8")
    command = [sys.executable, MAPS / "verify_maven.py", SAMPLE / "sales_pipeline.csv", file]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_scores_agree_with_duckdb_over_the_csv(sample: Vendor, tmp_path: Path) -> None:
    checked = verify(score(AS_OF, "--json"), tmp_path)
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.startswith("27 of 27 figures")


def test_the_script_notices_a_wrong_figure(sample: Vendor, tmp_path: Path) -> None:
    scores = json.loads(score(AS_OF, "--json"))
    scores["partners"][0]["metrics"]["deal_size"]["value"] += 0.01
    checked = verify(json.dumps(scores), tmp_path)
    assert checked.returncode == 1
    assert checked.stdout.startswith("Ada Quill: median_won: ")


def test_json_has_the_promised_shape_and_the_figures_of_the_file(sample: Vendor) -> None:
    report = json.loads(score(AS_OF, "--json"))
    jsonschema.validate(report, SCHEMA)
    keys = [partner["key"] for partner in report["partners"]]
    assert keys == ["ada-quill", "bert-osei", "cleo-varga", "dina-frost"]
    assert (report["totals"]["won"], report["totals"]["lost"]) == (32, 24), "one of the file is lost later"
    ada, _, cleo, dina = report["partners"]
    assert ada["coverage"] == 28, "her one open deal has no amount"
    assert ada["metrics"]["open_pipeline"]["value"] is None
    assert cleo["metrics"]["win_rate"]["value"] is None, "four closed deals are too few"
    assert dina["metrics"]["win_rate"]["value"] is None
    assert ada["metrics"]["open_pipeline"]["beside"] == {"without_amount": 1}
    points = [metric["points"] for metric in ada["metrics"].values() if metric["points"] is not None]
    assert round(sum(points), 2) == ada["health"] == ada["quadrants"]["sales"]["points"]


def test_the_cards_and_the_run_are_kept(sample: Vendor) -> None:
    score(AS_OF, "--backfill=2")
    with entered(system_scope(sample.pk)), transaction.atomic():
        kept = [(run.as_of.isoformat(), run.partners) for run in ScoringRun.objects.order_by("as_of")]
        assert kept == [("2017-10-31", 4), ("2017-11-30", 4), (DAY, 4)]
        assert Scorecard.objects.count() == 12


def test_one_partner_alone(sample: Vendor) -> None:
    report = json.loads(score(AS_OF, "--partner=bert-osei", "--json"))
    assert [partner["key"] for partner in report["partners"]] == ["bert-osei"]
    rate = report["partners"][0]["metrics"]["win_rate"]
    assert (report["totals"]["won"], report["totals"]["lost"]) == (
        rate["numerator"],
        rate["denominator"] - rate["numerator"],
    )
    with entered(system_scope(sample.pk)), transaction.atomic():
        assert Scorecard.objects.count() == 1
        assert not ScoringRun.objects.exists()


def test_without_json_it_is_a_table(sample: Vendor) -> None:
    lines = score(AS_OF).splitlines()
    assert lines[0] == "Maven as of 2017-12-31, amounts in USD"
    assert lines[1].startswith("won 32, lost 24, win rate 0.571429, ")
    assert lines[-1].split() == ["dina-frost", "0.00", "17.50", "0.00", "-", "-", "-", "0.00", "0.00", "0.00"]


def test_a_vendor_without_anything_has_empty_totals(db: None) -> None:
    Vendor.objects.create(slug="sample", name="Sample")
    report = json.loads(score("--json"))
    assert report["partners"] == []
    assert report["totals"] == {
        "won": 0, "lost": 0, "win_rate": None, "won_amount": 0, "mean_won": None, "mean_cycle_days": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ("--vendor=nobody", "There is no vendor 'nobody'."),
        ("--partner=nobody", "has no partner 'nobody'"),
        ("--as-of=31.12.2017", "invalid date value: '31.12.2017'"),
        ("--backfill=-1", "invalid number value: '-1'"),
    ],
)
def test_what_cannot_be_scored_is_said(sample: Vendor, option: str, complaint: str) -> None:
    with pytest.raises(CommandError, match=complaint):
        score(option)


def test_a_day_that_has_not_come_is_refused(sample: Vendor) -> None:
    tomorrow = timezone.localdate(timezone=sample.zone) + timedelta(days=1)
    with pytest.raises(CommandError, match="has not come yet"):
        score(f"--as-of={tomorrow}")
