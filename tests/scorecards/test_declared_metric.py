"""A metric declared in one place appears everywhere; the scorecards app knows none by name."""

import ast
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from partners.models import Partner
from portal.events.log import record
from portal.metrics import declarations
from portal.metrics.declarations import (
    AsOf,
    Beside,
    Better,
    Column,
    Found,
    Link,
    Look,
    Metric,
    Quadrant,
    Result,
    Total,
    Unit,
    all_metrics,
    moves_scores,
)
from portal.tenancy.scope import entered, system_scope
from scorecards import services
from scorecards.models import MetricTarget, StalePartner
from tests.support.worlds import PortalClient, VendorWorld

pytestmark = pytest.mark.django_db

# The metric: how many partners buy through a distributor ----------------------------------------------------


def _below(as_of: AsOf) -> QuerySet[Partner]:
    return Partner.objects.filter(parent__isnull=False, joined_on__lte=as_of.day)


def _rows(partner_id: int, as_of: AsOf) -> QuerySet[Partner]:
    return _below(as_of).filter(parent=partner_id).order_by("name")


def _source(as_of: AsOf, partner_ids: Iterable[int] | None = None) -> dict[str, dict[int, Result]]:
    counted = _below(as_of).order_by().values_list("parent").annotate(n=Count("pk"))
    return {"sub_partners": {parent: Result(n, n=n, beside={"asked_for": 4}) for parent, n in counted}}


def _working(found: Found) -> str:
    return f"{found.rows} of {found.beside['asked_for']} asked for"


SUB_PARTNERS = Metric(
    "sub_partners",
    Quadrant.MARKETING,
    "Sub-partners",
    Unit.COUNT,
    Better.UP,
    window="on the day",
    minimum=0,
    definition="Partners that buy through this one.",
    rows=_rows,
    rows_label="sub-partners",
    columns=(
        Column("Partner", lambda row: Link("partners:detail", row.slug, row.name), Look.LINK, named="Called"),
        Column("Type", attrgetter("type")),
    ),
    totals=(Total("In all", lambda as_of: Count("pk"), Look.COUNT),),
    beside=(Beside("asked_for", "asked for by the programme"),),
    working=_working,
    events={"partners.changed"},
    target=Decimal(2),
    nothing=Result(0, n=0),
)


@pytest.fixture
def declared() -> Iterator[Metric]:
    declarations.declare_metrics(_source, [SUB_PARTNERS])
    yield SUB_PARTNERS
    declarations.forget(_source, [SUB_PARTNERS])


@pytest.fixture
def scored(declared: Metric, world: VendorWorld) -> VendorWorld:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Partner.objects.update(joined_on=timezone.localdate() - timedelta(days=900))
        services.programme_defaults(world.vendor)
    services.nightly(vendor=world.vendor, as_of=services.day_that_ended(world.vendor))
    return world


class TestItAppears:
    def test_on_the_scorecard(self, scored: VendorWorld, client_as: Any) -> None:
        page = client_as(scored.people["program_admin"]).get("/partners/alpha/scorecard/").content.decode()
        for text in (
            "Sub-partners",
            "Partners that buy through this one.",
            "1 sub-partner of 4 asked for = 1",
            "asked for by the programme 4",
            "Weight 100% of marketing",
        ):
            assert text in page

    def test_with_the_rows_behind_it(self, scored: VendorWorld, client_as: Any) -> None:
        client: PortalClient = client_as(scored.people["program_admin"])
        page = client.get("/partners/alpha/scorecard/sub_partners/").content.decode()
        assert f"Gamma of {scored.vendor.slug}" in page
        assert "In all" in page
        file = client.get("/partners/alpha/scorecard/sub_partners/export/").content.decode("utf-8-sig")
        assert file.splitlines()[0] == "Partner,Called,Type,Currency"
        assert file.splitlines()[1].startswith(f"gamma,Gamma of {scored.vendor.slug},reseller")

    def test_on_a_day_that_was_not_kept(self, scored: VendorWorld, client_as: Any) -> None:
        day = timezone.localdate() - timedelta(days=400)
        page = client_as(scored.people["program_admin"]).get(
            f"/partners/alpha/scorecard/sub_partners/?as_of={day}"
        )
        assert "Sub-partners is 1" in page.content.decode()

    def test_in_what_is_printed(self, scored: VendorWorld) -> None:
        out = StringIO()
        call_command("score", "--json", vendor=scored.vendor.slug, partner="alpha", stdout=out)
        [card] = json.loads(out.getvalue())["partners"]
        found = card["metrics"]["sub_partners"]
        assert (found["value"], found["score"], found["beside"]) == (1, 50, {"asked_for": 4})
        assert card["quadrants"]["marketing"]["score"] == 50

    def test_among_the_targets(self, scored: VendorWorld, client_as: Any) -> None:
        with entered(system_scope(scored.vendor.pk)), transaction.atomic():
            assert MetricTarget.objects.get(metric="sub_partners").target == 2
        page = client_as(scored.people["program_admin"]).get("/admin/scorecards/metrictarget/add/")
        assert "Sub-partners (count, higher is better)" in page.content.decode()


class TestWhatMovesIt:
    def test_an_event_that_a_metric_reads_marks_the_partner(self, scored: VendorWorld) -> None:
        assert self.marked_by(scored, "deals.won") == 1

    def test_an_event_that_none_reads_does_not(self, scored: VendorWorld) -> None:
        """A draft, a note or a reminder is of the sales quadrant by its colour, and moves nothing."""
        for key in ("deals.drafted", "deals.noted", "deals.protection_ending", "portal.exported"):
            assert not moves_scores(key)
            assert self.marked_by(scored, key) == 0

    def test_every_event_that_is_read_exists(self) -> None:
        known = {kind.key for kind in _event_types()}
        for metric in all_metrics():
            assert metric.events, metric.key
            assert set(metric.events) <= known, metric.key

    @staticmethod
    def marked_by(world: VendorWorld, key: str) -> int:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            before = StalePartner.objects.count()
            record(key, partner_id=world.partners["beta"].pk)
            return StalePartner.objects.count() - before


def _event_types() -> Iterable[Any]:
    from portal.events.log import event_types

    return event_types()


def test_one_figure_asks_no_source_but_its_own(
    scored: VendorWorld, client_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither on a day that was kept nor on another."""

    def refuse(*_: Any) -> Any:
        raise AssertionError("the rows behind one figure must not compute the others")

    monkeypatch.setattr("scorecards.engine.sources", lambda: [refuse])
    monkeypatch.setattr("scorecards.models.detailed", refuse)
    client = client_as(scored.people["program_admin"])
    for asked in ("", f"?as_of={timezone.localdate() - timedelta(days=400)}"):
        assert client.get(f"/partners/alpha/scorecard/sub_partners/{asked}").status_code == 200


# The house --------------------------------------------------------------------------------------------------

HERE = Path(settings.BASE_DIR) / "scorecards"
MODULES = [path for path in HERE.rglob("*.py") if "migrations" not in path.parts]
ABOVE_ALL = ("deals", "enablement", "mdf")


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HERE)))
def test_no_metric_and_no_model_of_another_app_is_known_by_name(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    keys = {metric.key for metric in all_metrics()}
    named = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)} & keys
    assert not named, f"{path.name} names metrics"
    for module in imported(tree):
        app, last = module.partition(".")[0], module.rpartition(".")[2]
        assert app not in ABOVE_ALL or last not in ("models", "metrics", "rows", "figures"), module
    tables = [f"{app}_{name}" for app in ABOVE_ALL for name in ("deal", "lead", "stage", "award", "claim")]
    assert not [name for name in tables if name in path.read_text(encoding="utf-8")]
