"""The past does not move: what was computed for a day comes out the same, unless a fact came late."""

import csv
import io
import json
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from deals.deal.models import Deal, DealLine, Stage, StageChange
from deals.registration.list_values import list_prices_count
from deals.registration.models import DealTerms
from deals.sales.metrics import METRICS, sales
from deals.sales.models import CreditLineVersion, DealVersion
from deals.shared_credit.models import CoSell, CreditLine
from partners import grants
from partners.models import Partner, PartnerVersion, Region, Tier
from portal.history.models import LateFact
from portal.metrics.declarations import AsOf
from portal.money.models import ExchangeRate
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from scorecards import selectors, services
from scorecards.engine import Card
from scorecards.models import (
    MetricTarget,
    ProgrammeVersion,
    QuadrantWeight,
    RestatedScorecard,
    Scorecard,
)
from tests.support.clocks import stopped_at
from tests.support.factories import (
    DealFactory,
    PartnerFactory,
    ProductFactory,
    RegionFactory,
    StageFactory,
    TierFactory,
    VendorFactory,
)
from tests.support.imports import SHARED

pytestmark = pytest.mark.django_db

SEEDS = (1, 2)
#: {partner slug: [health, measured, places, spread of the peers]}
Past = dict[str, list[Any]]


@contextmanager
def at_desk(vendor: Vendor, day: date, hour: int = 9) -> Iterator[datetime]:
    """A transaction of the vendor's machinery at that hour of a day."""
    moment = datetime.combine(day, time(hour), tzinfo=vendor.zone)
    with stopped_at(moment), entered(system_scope(vendor.pk)), transaction.atomic():
        yield moment


def computed(vendor: Vendor, day: date) -> Past:
    """Every figure of a day, computed anew."""
    slugs = dict(Partner.objects.values_list("pk", "slug"))
    return {slugs[card.partner_id]: plain(card) for card in services.compute(vendor=vendor, as_of=day)}


def plain(card: Card) -> list[Any]:
    return json.loads(
        json.dumps(
            [card.health, card.measured, card.places, card.peer_spread, card.scheme.as_json()], default=str
        )
    )


def changed_figures(before: Past, after: Past) -> set[tuple[str, str]]:
    """(partner, metric) of every figure that is not what it was; a new partner changes nobody's."""
    return {
        (slug, key)
        for slug, (_, measured, *_) in before.items()
        for key in measured
        if after[slug][1][key] != measured[key]
    }


# A generated year, loaded month by month ----------------------------------------------------------------


@dataclass
class Year:
    """A channel as another system tells of it: one file a month, with whatever was edited since."""

    vendor: Vendor
    dice: random.Random
    rows: dict[str, dict[str, str]] = field(default_factory=dict)

    def month(self, start: date, days: int) -> None:
        partners = [f"p{n}" for n in range(7)]
        for key in self.open_ones():
            self.go_on(self.rows[key], start, days, partners)
        for _ in range(12):
            day = start + timedelta(days=self.dice.randrange(days))
            self.rows[f"K{len(self.rows)}"] = {
                "partner": self.dice.choice(partners),
                "status": self.dice.choice(["submitted", "approved", "approved", "approved"]),
                "stage": self.dice.choice(["Talk", "Offer"]),
                "amount": self.dice.choice(["", "1200", "54000", "8000"]),
                "submitted_on": str(day),
            }

    def open_ones(self) -> list[str]:
        return [key for key, row in self.rows.items() if row["status"] in ("submitted", "approved")]

    def go_on(self, row: dict[str, str], start: date, days: int, partners: list[str]) -> None:
        """Most stay; some are edited, moved, won or lost."""
        chance = self.dice.random()
        day = str(start + timedelta(days=self.dice.randrange(days)))
        if chance < 0.15:
            row["amount"] = str(self.dice.randrange(1, 90) * 1000)
        elif chance < 0.25:
            row["partner"] = self.dice.choice(partners)
        elif chance < 0.35:
            row["stage"] = self.dice.choice(["Talk", "Offer"])
        elif chance < 0.5 and row["status"] == "approved":
            row |= {"status": "won", "closed_on": day, "won_amount": str(self.dice.randrange(1, 60) * 700)}
        elif chance < 0.6 and row["status"] == "approved":
            row |= {"status": "lost", "closed_on": day, "reason": "Price"}
        elif row["status"] == "submitted":
            row |= {"status": "approved", "approved_on": day}

    def file(self, folder: Path) -> Path:
        columns = [
            "id", "partner", "customer", "status", "stage", "amount", "won_amount", "submitted_on",
            "approved_on", "closed_on", "reason",
        ]  # fmt: skip
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="")
        writer.writeheader()
        for key, row in self.rows.items():
            writer.writerow({"id": key, "customer": f"Customer {key}", **row})
        path = folder / "deals.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
        return path


@pytest.fixture
def vendor(db: None) -> Vendor:
    vendor = VendorFactory(slug="past", time_zone="Europe/Vienna")
    with at_desk(vendor, date(2025, 1, 2)):
        silver, gold = TierFactory(name="Silver", rank=1), TierFactory(name="Gold", rank=2)
        north, south = RegionFactory(name="North"), RegionFactory(name="South")
        for n in range(7):
            PartnerFactory(
                slug=f"p{n}",
                name=f"P{n}",
                tier=gold if n < 2 else silver,
                region=north if n < 6 else south,
                joined_on=date(2024, 6, 1),
            )
        StageFactory(name="Talk", position=1, probability=20)
        StageFactory(name="Offer", position=2, probability=60)
        services.programme_defaults(vendor)
    return vendor


def load(vendor: Vendor, file: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    call_command("load", "deals", file, vendor=vendor.slug, stdout=out, stderr=err)
    assert "rejected" not in err.getvalue().lower(), err.getvalue()


def reopen_and_retune(year: Year) -> None:
    """What no file does: lost deals open again, tiers and regions change, targets and likelihoods move."""
    dice = year.dice
    lost = list(Deal.objects.filter(lost_at__isnull=False).order_by("pk"))
    for deal in dice.sample(lost, min(2, len(lost))):
        deal.status, deal.lost_at = "approved", None
        deal.save()
        year.rows[deal.external_key] |= {"status": "approved", "closed_on": "", "reason": ""}
    partner = Partner.objects.get(slug=f"p{dice.randrange(7)}")
    partner.tier = dice.choice(list(Tier.objects.order_by("pk")))
    partner.region = dice.choice(list(Region.objects.order_by("pk")))
    partner.save()
    Stage.objects.filter(name="Offer").update(probability=dice.randrange(40, 80))
    target = dice.choice(list(MetricTarget.objects.order_by("metric", "tier")))
    target.weight, target.target = dice.randrange(1, 30), target.target + 1
    target.save()
    QuadrantWeight.objects.filter(quadrant="sales").update(weight=dice.randrange(20, 60))
    if dice.random() < 0.5:
        gold = Tier.objects.get(name="Gold")
        MetricTarget.objects.update_or_create(
            metric="registrations", tier=gold, defaults={"floor": 1, "target": dice.randrange(5, 30)}
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_no_month_end_of_a_year_moves(vendor: Vendor, tmp_path: Path, seed: int) -> None:
    year, ends = Year(vendor, random.Random(seed)), selectors.month_ends(date(2026, 1, 5), 12)
    known: dict[date, Past] = {}
    compared = 0
    for end in ends:
        year.month(end.replace(day=1), end.day)
        with stopped_at(datetime.combine(end, time(20), tzinfo=vendor.zone)):
            load(vendor, year.file(tmp_path))
        with at_desk(vendor, end + timedelta(days=1), hour=1):
            known[end] = computed(vendor, end)
            services.score(vendor=vendor, as_of=end)
        with at_desk(vendor, end + timedelta(days=1), hour=11):
            reopen_and_retune(year)
            for day, past in known.items():
                again = computed(vendor, day)
                assert changed_figures(past, again) == set(), f"{day} moved in the load after {end}"
                assert again == past, f"{day} moved in the load after {end}"
                compared += len(past)
    assert compared == 7 * 78
    with at_desk(vendor, date(2026, 1, 5)):
        assert Deal.objects.filter(won_at__isnull=False).count() > 10
        assert DealVersion.objects.count() > 20, "there was something to keep"
        assert PartnerVersion.objects.count() > 5
        assert ProgrammeVersion.objects.count() > 10
        assert not RestatedScorecard.objects.exists()


# What holds from when ---------------------------------------------------------------------------------


@dataclass
class Story:
    """One open deal of p0 since 1 February, worth 10,000; the clock stands where it is put."""

    vendor: Vendor
    deal: Deal

    def value(self, key: str, day: date, slug: str = "p0") -> Any:
        partner = Partner.objects.get(slug=slug)
        found = sales(AsOf.of(self.vendor, day))[key].get(partner.pk)
        return None if found is None else found.value

    def rows(self, key: str, day: date, slug: str = "p0") -> list[tuple[str, int | None]]:
        """(how it stood, amount) of each row behind the figure."""
        metric = next(one for one in METRICS if one.key == key)
        partner = Partner.objects.get(slug=slug)
        found: Any = metric.rows(partner.pk, AsOf.of(self.vendor, day))
        return [(row.stood, row.amount_then) for row in found]


@pytest.fixture
def story(vendor: Vendor) -> Story:
    with at_desk(vendor, date(2025, 2, 1)) as moment:
        deal = DealFactory(
            partner=Partner.objects.get(slug="p0"),
            customer=None,
            status="approved",
            amount=10_000_00,
            submitted_at=moment,
            approved_at=moment,
        )
        stage = Stage.objects.get(name="Talk")
        StageChange.objects.create(partner=deal.partner, deal=deal, stage=stage, changed_at=moment)
    return Story(vendor, deal)


FEBRUARY, MARCH, APRIL = date(2025, 2, 28), date(2025, 3, 31), date(2025, 4, 30)


def test_an_amount_holds_from_when_it_was_changed(story: Story) -> None:
    with at_desk(story.vendor, date(2025, 3, 10)):
        Deal.objects.filter(pk=story.deal.pk).update(amount=30_000_00, amount_vendor=30_000_00)
    with at_desk(story.vendor, date(2025, 5, 1)):
        assert [story.value("open_pipeline", day) for day in (FEBRUARY, MARCH)] == [10_000_00, 30_000_00]
        assert story.value("weighted_pipeline", FEBRUARY) == 2_000_00
        assert story.rows("open_pipeline", FEBRUARY) == [("Open", 10_000_00)]
        assert story.rows("open_pipeline", MARCH) == [("Open", 30_000_00)]


def test_the_last_change_of_a_day_is_what_the_day_says(story: Story) -> None:
    for hour, amount in ((9, 11_000_00), (12, 12_000_00), (18, 13_000_00)):
        with at_desk(story.vendor, MARCH, hour=hour):
            Deal.objects.filter(pk=story.deal.pk).update(amount_vendor=amount)
    with at_desk(story.vendor, date(2025, 5, 1)):
        assert story.value("open_pipeline", MARCH - timedelta(days=1)) == 10_000_00
        assert story.value("open_pipeline", MARCH) == 13_000_00


def test_a_deal_counts_for_the_partner_it_belonged_to(story: Story) -> None:
    with at_desk(story.vendor, date(2025, 3, 10)):
        Deal.objects.filter(pk=story.deal.pk).update(partner=Partner.objects.get(slug="p1"))
    with at_desk(story.vendor, date(2025, 5, 1)):
        assert story.value("open_pipeline", FEBRUARY) == 10_000_00
        assert story.value("open_pipeline", FEBRUARY, "p1") is None
        assert story.value("open_pipeline", MARCH) is None
        assert story.value("open_pipeline", MARCH, "p1") == 10_000_00
        assert story.rows("open_pipeline", FEBRUARY) == [("Open", 10_000_00)]
        assert story.rows("open_pipeline", FEBRUARY, "p1") == []


def test_a_deal_opened_again_was_lost_until_then(story: Story) -> None:
    with at_desk(story.vendor, date(2025, 3, 10)) as moment:
        Deal.objects.filter(pk=story.deal.pk).update(status="lost", lost_at=moment)
    with at_desk(story.vendor, date(2025, 4, 10)):
        Deal.objects.filter(pk=story.deal.pk).update(status="approved", lost_at=None)
    with at_desk(story.vendor, date(2025, 5, 1)):
        assert [story.value("open_pipeline", day) for day in (FEBRUARY, APRIL)] == [10_000_00, 10_000_00]
        assert story.value("open_pipeline", MARCH) == 0
        assert story.rows("win_rate", MARCH) == [("Lost", 10_000_00)]
        assert story.rows("win_rate", APRIL) == []


def test_protection_that_ended_and_was_extended_had_ended(story: Story) -> None:
    with at_desk(story.vendor, date(2025, 2, 2)) as moment:
        Deal.objects.filter(pk=story.deal.pk).update(expires_at=moment + timedelta(days=40))  # 14 March
    with at_desk(story.vendor, date(2025, 2, 20)) as moment:  # in time: nothing of the past is touched
        Deal.objects.filter(pk=story.deal.pk).update(expires_at=moment + timedelta(days=30))  # 22 March
    with at_desk(story.vendor, date(2025, 4, 10)) as moment:
        Deal.objects.filter(pk=story.deal.pk).update(expires_at=moment + timedelta(days=90))
    with at_desk(story.vendor, date(2025, 5, 1)):
        days = (FEBRUARY, date(2025, 3, 20), MARCH, APRIL)
        assert [story.value("open_pipeline", day) for day in days] == [10_000_00, 10_000_00, 0, 10_000_00]
        assert DealVersion.objects.count() == 1


def test_a_win_entered_late_is_known_on_its_day_whatever_was_edited_since(story: Story) -> None:
    with at_desk(story.vendor, date(2025, 4, 2)):
        Deal.objects.filter(pk=story.deal.pk).update(amount_vendor=20_000_00)
    with at_desk(story.vendor, date(2025, 4, 20)):
        won = datetime(2025, 3, 20, 12, tzinfo=UTC)
        Deal.objects.filter(pk=story.deal.pk).update(
            status="won", won_at=won, won_amount=15_000_00, won_amount_vendor=15_000_00
        )
    with at_desk(story.vendor, date(2025, 5, 1)):
        assert [story.value("bookings", day) for day in (FEBRUARY, MARCH, APRIL)] == [0, 15_000_00, 15_000_00]
        assert [story.value("open_pipeline", day) for day in (FEBRUARY, MARCH)] == [10_000_00, 0]
        assert story.rows("bookings", MARCH) == [("Won", 15_000_00)]


def test_a_won_amount_changed_later_holds_from_then(story: Story) -> None:
    with at_desk(story.vendor, date(2025, 3, 10)) as moment:
        Deal.objects.filter(pk=story.deal.pk).update(
            status="won", won_at=moment, won_amount=9_000_00, won_amount_vendor=9_000_00
        )
    with at_desk(story.vendor, date(2025, 4, 10)):
        Deal.objects.filter(pk=story.deal.pk).update(won_amount=8_000_00, won_amount_vendor=8_000_00)
    with at_desk(story.vendor, date(2025, 5, 1)):
        assert [story.value("bookings", day) for day in (MARCH, APRIL)] == [9_000_00, 8_000_00]
        assert not LateFact.objects.exists()


def test_parts_of_a_shared_deal_follow_the_amount_it_had(story: Story) -> None:
    with at_desk(story.vendor, date(2025, 2, 3)) as moment:
        other = Partner.objects.get(slug="p1")
        common = {"deal": story.deal, "partner": story.deal.partner}
        cosell = CoSell.objects.create(
            **common,
            status="granted",
            named="P1",
            other=other,
            share=3000,
            due_at=moment,
            decided_at=moment,
            agreed_at=moment,
        )
        for partner, kind, share in ((story.deal.partner, "sourced", 7000), (other, "influenced", 3000)):
            CreditLine.objects.create(
                partner=partner, deal=story.deal, cosell=cosell, kind=kind, share=share, agreed_at=moment,
                lead_name="P0",
            )  # fmt: skip
    with at_desk(story.vendor, date(2025, 3, 10)):
        Deal.objects.filter(pk=story.deal.pk).update(amount_vendor=20_000_00)
    with at_desk(story.vendor, date(2025, 5, 1)):
        assert CreditLineVersion.objects.exists()
        for day, whole in ((FEBRUARY, 10_000_00), (MARCH, 20_000_00)):
            assert story.value("open_pipeline", day) == whole * 7 // 10
            assert story.value("open_pipeline", day, "p1") == whole * 3 // 10
            assert story.rows("open_pipeline", day) == [("Open", whole * 7 // 10)]


def test_a_likelihood_holds_from_when_it_was_changed(story: Story) -> None:
    with at_desk(story.vendor, date(2025, 3, 10)):
        Stage.objects.filter(name="Talk").update(probability=50)
    with at_desk(story.vendor, date(2025, 5, 1)):
        values = [story.value("weighted_pipeline", day) for day in (FEBRUARY, MARCH)]
        assert values == [2_000_00, 5_000_00]


def test_list_prices_hold_from_when_the_vendor_says_so(story: Story) -> None:
    """Open deals without an amount: not stated, then list price x quantity; what was said before stays."""
    with at_desk(story.vendor, date(2025, 2, 10)) as moment:
        partner = Partner.objects.get(slug="p3")
        arm, cart = ProductFactory(list_price=500_00), ProductFactory(list_price=None)
        for products in ([arm], [arm, cart]):
            deal = DealFactory(
                partner=partner, customer=None, status="approved", amount=None, amount_vendor=None,
                submitted_at=moment, approved_at=moment,
            )  # fmt: skip
            DealLine.objects.bulk_create(
                DealLine(partner=partner, deal=deal, product=product, quantity=3) for product in products
            )
    with at_desk(story.vendor, date(2025, 3, 10)):
        DealTerms.objects.create(counts_list_prices=True)
        list_prices_count()
    with at_desk(story.vendor, date(2025, 4, 10)):
        ProductFactory._meta.model.objects.update(list_price=900_00)
        assert story.value("open_pipeline", FEBRUARY, "p3") is None
        assert story.value("open_pipeline", MARCH, "p3") == 1_500_00, (
            "the other has a product without a price"
        )
        beside = sales(AsOf.of(story.vendor, MARCH))["open_pipeline"][partner.pk].beside
        assert beside == {"without_amount": 1, "at_list_price": 1}
        assert sorted(story.rows("open_pipeline", MARCH, "p3"), key=str) == [
            ("Open", 1_500_00),
            ("Open", None),
        ]
        DealTerms.objects.update(counts_list_prices=False)
        list_prices_count()
    with at_desk(story.vendor, date(2025, 5, 10)):
        assert [story.value("open_pipeline", day, "p3") for day in (FEBRUARY, MARCH, APRIL)] == [
            None, 1_500_00, None,
        ]  # fmt: skip


def test_rates_products_and_who_manages_move_no_day_that_is_over(
    story: Story, django_user_model: Any
) -> None:
    """What no metric reads as it is now: amounts are converted once, lines and grants are in none."""
    with at_desk(story.vendor, date(2025, 2, 10)) as moment:
        partner = Partner.objects.get(slug="p4")
        ExchangeRate.objects.create(currency="USD", day=moment.date(), rate="0.90")
        deal = DealFactory(
            partner=partner, customer=None, status="approved", currency="USD", amount=1_000_00,
            amount_vendor=900_00, submitted_at=moment, approved_at=moment,
        )  # fmt: skip
        line = DealLine.objects.create(partner=partner, deal=deal, product=ProductFactory(), quantity=3)
    with at_desk(story.vendor, date(2025, 3, 10)):
        before = computed(story.vendor, FEBRUARY)
        ExchangeRate.objects.update(rate="0.50")
        ExchangeRate.objects.create(currency="USD", day=date(2025, 3, 1), rate="0.70")
        DealLine.objects.filter(pk=line.pk).update(quantity=900)
        ProductFactory._meta.model.objects.update(list_price=1, is_active=False)
        grants.grant_partner(django_user_model.objects.create(email="cam@vendor.example"), partner)
        assert changed_figures(before, computed(story.vendor, FEBRUARY)) == set()
        assert story.value("open_pipeline", MARCH, "p4") == 900_00


def test_drafts_and_first_submissions_leave_no_versions(vendor: Vendor) -> None:
    """A history holds changes: what is written for the first time is none, or every deal would have one."""
    with at_desk(vendor, date(2025, 3, 1)) as moment:
        draft = DealFactory(partner=Partner.objects.get(slug="p0"), amount_vendor=None)
        draft.amount = 7
        draft.save()
        draft.amount_vendor, draft.submitted_at, draft.status = 7, moment, "submitted"
        draft.save()
        draft.approved_at, draft.expires_at, draft.status = moment, moment + timedelta(days=90), "approved"
        draft.save()
        draft.won_at, draft.won_amount, draft.won_amount_vendor = moment, 7, 7
        draft.save()
        assert not DealVersion.objects.exists()
        draft.refresh_from_db()
        assert draft.revised_at is None


def test_a_row_written_back_whole_keeps_the_mark_of_an_edit(story: Story) -> None:
    with at_desk(story.vendor, date(2025, 3, 9)):
        stale = Deal.objects.get(pk=story.deal.pk)
    with at_desk(story.vendor, date(2025, 3, 10)):
        Deal.objects.filter(pk=story.deal.pk).update(partner=Partner.objects.get(slug="p1"))
    with at_desk(story.vendor, date(2025, 3, 11)):
        stale.partner = Partner.objects.get(slug="p1")
        stale.notes = "Read before the edit, written after it."
        stale.save()
    with at_desk(story.vendor, date(2025, 5, 1)):
        assert story.value("open_pipeline", FEBRUARY) == 10_000_00
        assert story.value("open_pipeline", FEBRUARY, "p1") is None


def test_one_statement_still(story: Story) -> None:
    with at_desk(story.vendor, date(2025, 5, 1)), CaptureQueriesContext(connection) as queries:
        sales(AsOf.of(story.vendor, FEBRUARY))
    assert len(queries) == 1


# What came late ----------------------------------------------------------------------------------------


@pytest.fixture
def kept(story: Story) -> Story:
    """Scorecards kept for three month-ends, each in the night after."""
    for end in (FEBRUARY, MARCH, APRIL):
        with at_desk(story.vendor, end + timedelta(days=1), hour=1):
            services.nightly(vendor=story.vendor, as_of=end)
    return story


def restated(story: Story) -> dict[tuple[str, date], set[str]]:
    return restated_of()


def restated_of() -> dict[tuple[str, date], set[str]]:
    """{(partner, day): metrics that differ from what was known then}."""
    found: dict[tuple[str, date], set[str]] = {}
    for now in RestatedScorecard.objects.select_related("partner"):
        then = Scorecard.objects.get(partner=now.partner, as_of=now.as_of)
        found[now.partner.slug, now.as_of] = {
            key for key in then.measured if then.measured[key] != now.measured[key]
        }
    return found


def win_late(story: Story) -> None:
    Deal.objects.filter(pk=story.deal.pk).update(
        status="won", won_at=datetime(2025, 3, 20, 12, tzinfo=UTC), won_amount=5_00, won_amount_vendor=5_00
    )


OF_A_WIN = {
    "win_rate", "bookings", "open_pipeline", "weighted_pipeline", "sales_cycle", "deal_size",
    "bookings_growth", "pipeline_velocity",
}  # fmt: skip


class TestLateFacts:
    def test_a_back_dated_win_restates_the_days_from_its_own_on(self, kept: Story) -> None:
        with at_desk(kept.vendor, date(2025, 5, 5)):
            before = {card.pk: (card.health, card.measured) for card in Scorecard.objects.all()}
            win_late(kept)
            assert services.late_facts_settle(vendor=kept.vendor) == 2
            changed = restated(kept)
            assert set(changed) == {("p0", MARCH), ("p0", APRIL)}
            assert changed["p0", MARCH] <= OF_A_WIN
            assert {"bookings", "open_pipeline", "win_rate"} <= changed["p0", MARCH]
            after = {card.pk: (card.health, card.measured) for card in Scorecard.objects.all()}
            assert after == before, "what was known then stays"
            card = Scorecard.objects.get(partner__slug="p0", as_of=MARCH)
            [late] = selectors.late_facts(card, kept.vendor)
            assert (late.label, late.kind) == (kept.deal.reference, "changed")
            assert list(late.facts) == ["won_at"]
            assert services.late_facts_settle(vendor=kept.vendor) == 0, "twice is once"

    def test_a_corrected_date_restates_the_days_between(self, kept: Story) -> None:
        with at_desk(kept.vendor, date(2025, 5, 5)):
            Deal.objects.filter(pk=kept.deal.pk).update(approved_at=datetime(2025, 3, 15, tzinfo=UTC))
            services.late_facts_settle(vendor=kept.vendor)
            changed = restated(kept)
            assert set(changed) == {("p0", FEBRUARY)}
            assert {"open_pipeline", "weighted_pipeline"} <= changed["p0", FEBRUARY]

    def test_a_deletion_restates_the_days_since(self, kept: Story) -> None:
        with at_desk(kept.vendor, date(2025, 5, 5)):
            kept.deal.delete()
            services.late_facts_settle(vendor=kept.vendor)
            assert {day for _, day in restated(kept)} == {FEBRUARY, MARCH, APRIL}
            card = Scorecard.objects.get(partner__slug="p0", as_of=FEBRUARY)
            assert "deleted" in {fact.kind for fact in selectors.late_facts(card, kept.vendor)}

    def test_a_deal_entered_late_restates_the_days_since(self, kept: Story) -> None:
        with at_desk(kept.vendor, date(2025, 5, 5)):
            DealFactory(
                partner=Partner.objects.get(slug="p3"),
                status="approved",
                submitted_at=datetime(2025, 3, 3, tzinfo=UTC),
                approved_at=datetime(2025, 3, 4, tzinfo=UTC),
            )
            services.late_facts_settle(vendor=kept.vendor)
            assert set(restated(kept)) == {("p3", MARCH), ("p3", APRIL)}

    def test_what_is_taken_back_is_restated_no_more(self, kept: Story) -> None:
        with at_desk(kept.vendor, date(2025, 5, 5)):
            was = kept.deal.approved_at
            for moment in (datetime(2025, 3, 15, tzinfo=UTC), was):
                Deal.objects.filter(pk=kept.deal.pk).update(approved_at=moment)
                services.late_facts_settle(vendor=kept.vendor)
            assert restated(kept) == {}

    def test_an_edit_and_a_fact_of_today_are_not_late(self, kept: Story) -> None:
        with at_desk(kept.vendor, date(2025, 5, 5), hour=15) as moment:
            Deal.objects.filter(pk=kept.deal.pk).update(amount_vendor=1)
            Deal.objects.filter(pk=kept.deal.pk).update(
                status="lost", lost_at=moment - timedelta(hours=3), loss_reason="Price"
            )
            assert not LateFact.objects.exists()
            assert services.late_facts_settle(vendor=kept.vendor) == 0

    def test_scoring_a_kept_day_again_never_overwrites_it(self, kept: Story) -> None:
        with at_desk(kept.vendor, date(2025, 5, 5)):
            win_late(kept)
            services.score(vendor=kept.vendor, as_of=MARCH)
            then = Scorecard.objects.get(partner__slug="p0", as_of=MARCH)
            now = RestatedScorecard.objects.get(partner__slug="p0", as_of=MARCH)
            assert (then.values["bookings"], now.values["bookings"]) == (0, 5_00)

    def test_a_day_that_still_goes_on_is_simply_scored_again(self, kept: Story) -> None:
        with at_desk(kept.vendor, date(2025, 5, 5), hour=10) as moment:
            services.score(vendor=kept.vendor, as_of=moment.date())
            Deal.objects.filter(pk=kept.deal.pk).update(amount_vendor=1)
        with at_desk(kept.vendor, date(2025, 5, 5), hour=11) as moment:
            services.score(vendor=kept.vendor, as_of=moment.date())
            card = Scorecard.objects.get(partner__slug="p0", as_of=moment.date())
            assert card.values["open_pipeline"] == 1
            assert not RestatedScorecard.objects.exists()

    def test_it_is_said_in_what_is_printed(self, kept: Story) -> None:
        with at_desk(kept.vendor, date(2025, 5, 5)):
            win_late(kept)
        with stopped_at(datetime(2025, 5, 5, 12, tzinfo=UTC)):
            out = io.StringIO()
            call_command("score", "--json", "--as-of=2025-03-31", vendor="past", stdout=out)
        cards = {card["key"]: card for card in json.loads(out.getvalue())["partners"]}
        now = cards["p0"]["known_now"]
        assert cards["p0"]["metrics"]["bookings"]["value"] == 0
        assert now["metrics"]["bookings"]["value"] == 5
        assert {"bookings", "open_pipeline"} <= set(now["changed"])
        assert now["late"][0]["label"] == kept.deal.reference
        assert now["late"][0]["moments"]["won_at"]["before"] is None
        assert cards["p1"]["known_now"] is None


# The real file ----------------------------------------------------------------------------------------

#: A sample of the file, and the file itself where it is at hand.
MAVEN = [
    folder
    for folder in (Path(settings.BASE_DIR) / "tests/data/maven", SHARED / "maven_crm")
    if (folder / "sales_pipeline.csv").exists()
]
CUTS = [date(2017, 5, 20), date(2017, 7, 15), date(2017, 10, 1)]


def cut(rows: list[dict[str, str]], day: date) -> list[dict[str, str]]:
    """The pipeline as it stood at the end of a day."""
    stood = []
    for row in rows:
        if row["engage_date"] and row["engage_date"] > str(day):
            continue
        is_open_still = row["close_date"] > str(day)
        before = {"deal_stage": "Engaging", "close_date": "", "close_value": ""} if is_open_still else {}
        stood.append(row | before)
    return stood


def maven(folder: Path, place: Path) -> tuple[Vendor, list[dict[str, str]]]:
    """The vendor with everything but deals, and the lines of its pipeline."""
    for name in ("sales_teams.csv", "accounts.csv", "products.csv"):
        shutil.copyfile(folder / name, place / name)
    with (folder / "sales_pipeline.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for kind, name in (
        ("partners", "sales_teams.csv"), ("customers", "accounts.csv"), ("products", "products.csv"),
    ):  # fmt: skip
        load_maven(kind, place / name)
    return Vendor.objects.get(slug="maven-past"), rows


def load_cut(rows: list[dict[str, str]], day: date, place: Path) -> None:
    with (place / "cut.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(cut(rows, day))
    load_maven("deals", place / "cut.csv")


@pytest.mark.parametrize("folder", MAVEN, ids=lambda folder: folder.name)
def test_a_real_pipeline_cut_and_loaded_on_changes_no_figure(folder: Path, tmp_path: Path) -> None:
    vendor, rows = maven(folder, tmp_path)
    known: dict[date, Past] = {}
    for day in [*CUTS, date(2017, 12, 31)]:
        load_cut(rows, day, tmp_path)
        with entered(system_scope(vendor.pk)), transaction.atomic():
            for earlier, past in known.items():
                assert changed_figures(past, computed(vendor, earlier)) == set(), earlier
            known[day] = computed(vendor, day)
    with entered(system_scope(vendor.pk)), transaction.atomic():
        closed = Deal.objects.filter(won_at__isnull=False)
        assert closed.count() == sum(row["deal_stage"] == "Won" for row in rows)
        assert not closed.filter(amount__isnull=False).exists(), "a won amount is no expected amount"


@pytest.mark.parametrize("folder", MAVEN, ids=lambda folder: folder.name)
def test_back_dated_facts_of_a_real_pipeline_touch_what_they_are_about(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kept month-ends; then a win of May entered in August and a deal deleted: those days, those partners."""
    vendor, rows = maven(folder, tmp_path)
    with stopped_at(datetime(2017, 7, 15, 20, tzinfo=UTC)):
        load_cut(rows, CUTS[1], tmp_path)
    services.late_facts_settle(vendor=vendor)  # all of it came late, and no day was kept yet
    monkeypatch.setattr(services, "LATE_FACTS", 1)  # batch by batch, as after large loads
    ends = [date(2017, 4, 30), date(2017, 5, 31), date(2017, 6, 30), date(2017, 7, 31)]
    for end in ends:
        with stopped_at(datetime.combine(end + timedelta(days=1), time(1), tzinfo=vendor.zone)):
            services.nightly(vendor=vendor, as_of=end)
    with at_desk(vendor, date(2017, 8, 20)):
        running = Deal.objects.filter(status="approved", approved_at__lt=datetime(2017, 4, 10, tzinfo=UTC))
        won = running.order_by("approved_at", "pk").first()
        gone = Deal.objects.exclude(partner=won.partner).filter(submitted_at__isnull=False)
        gone = gone.filter(won_at__gt=datetime(2017, 6, 3, tzinfo=UTC)).order_by("won_at", "pk").first()
        assert won is not None
        assert gone is not None
        before = {card.pk: (card.health, card.measured) for card in Scorecard.objects.all()}
        Deal.objects.filter(pk=won.pk).update(
            status="won", won_at=datetime(2017, 5, 10, 12, tzinfo=UTC), won_amount=900_00,
            won_amount_vendor=900_00,
        )  # fmt: skip
        of_gone = {end for end in ends if AsOf.of(vendor, end).end > gone.submitted_at}
        gone.delete()
    services.late_facts_settle(vendor=vendor)
    with at_desk(vendor, date(2017, 8, 21)):
        changed = restated_of()
        of_won = {(won.partner.slug, end) for end in ends[1:]}
        assert {key for key in changed if key[0] == won.partner.slug} == of_won
        assert all(changed[key] <= OF_A_WIN for key in of_won)
        others = {key for key in changed if key not in of_won}
        assert {slug for slug, _ in others} == {gone.partner.slug}
        assert {end for _, end in others} <= of_gone
        assert {ends[-1], ends[-2]} <= {end for _, end in others}, "it was won in June"
        assert before == {card.pk: (card.health, card.measured) for card in Scorecard.objects.all()}
        late = LateFact.objects.filter(settled_at__isnull=False)
        assert {fact.label for fact in late} >= {won.reference, gone.reference}
        assert not LateFact.objects.filter(settled_at=None).exists()


def load_maven(kind: str, file: Path) -> None:
    call_command(
        "load", kind, file, vendor="maven-past", map=Path(settings.BASE_DIR) / "docs/import/maven.toml",
        create_vendor=True, stdout=io.StringIO(), stderr=io.StringIO(),
    )  # fmt: skip
