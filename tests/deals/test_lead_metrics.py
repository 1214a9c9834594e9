"""Lead acceptance and speed to lead against DuckDB over the same rows, by hand, and through time."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from deals.leads.metrics import METRICS, handling
from deals.leads.models import Lead, LeadOffer
from partners.models import Partner
from portal.metrics.declarations import AsOf, Quadrant, all_metrics
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from tests.support.factories import LeadFactory, LeadOfferFactory, PartnerFactory, VendorFactory

pytestmark = pytest.mark.django_db

VIENNA, NEW_YORK = ZoneInfo("Europe/Vienna"), ZoneInfo("America/New_York")
#: Clocks go forward, clocks go back, an ordinary day.
DAYS = {
    VIENNA: [date(2026, 3, 29), date(2025, 10, 26), date(2026, 6, 30)],
    NEW_YORK: [date(2026, 3, 8), date(2025, 11, 2), date(2026, 1, 31)],
}
NUMBERS = count(1)
MOMENTS = (
    "offered_at", "answer_due_at", "accepted_at", "declined_at", "timed_out_at", "withdrawn_at",
    "contacted_at",
)  # fmt: skip


@pytest.fixture(params=[VIENNA, NEW_YORK], ids=["Vienna", "New York"])
def zoned(request: pytest.FixtureRequest, db: None) -> Iterator[Vendor]:
    vendor = VendorFactory(slug="zoned", time_zone=str(request.param))
    with entered(system_scope(vendor.pk)), transaction.atomic():
        yield vendor


@pytest.fixture
def here(db: None) -> Iterator[Vendor]:
    vendor = VendorFactory(slug="here", time_zone="Europe/Vienna")
    with entered(system_scope(vendor.pk)), transaction.atomic():
        yield vendor


class Generator:
    """Offers whose moments are likely to lie right on the edge of a window."""

    def __init__(self, vendor: Vendor, seed: int) -> None:
        self.random = random.Random(seed)
        tick, self.edges = timedelta(microseconds=1), []
        for day in DAYS[vendor.zone]:
            as_of = AsOf.of(vendor, day)
            for moment in (as_of.trailing(60), as_of.trailing(90), as_of.end, as_of.start_of(day)):
                self.edges += [moment - tick, moment, moment + tick]
        self.first = AsOf.of(vendor, date(2025, 6, 1)).end

    def moment(self) -> datetime:
        if self.random.random() < 0.35:
            return self.random.choice(self.edges)
        return self.first + timedelta(seconds=self.random.randrange(400 * 86_400))

    def offer(self, partner: Partner, lead: Lead) -> LeadOffer:
        offered = self.moment()
        due = offered + timedelta(hours=self.random.choice((2, 40, 96)))
        fields: dict[str, Any] = {"closed_at": None, "outcome": ""}
        within = offered + (due - offered) * self.random.random() * 0.999
        match self.random.random():
            case chance if chance < 0.5:
                fields = {"outcome": "accepted", "accepted_at": within, "closed_at": None}
                if self.random.random() < 0.7:
                    fields["contacted_at"] = within + timedelta(hours=self.random.randrange(300))
            case chance if chance < 0.7:
                fields = {"outcome": "declined", "declined_at": within, "closed_at": within}
            case chance if chance < 0.85:
                fields = {"outcome": "timed_out", "timed_out_at": due, "closed_at": due}
            case chance if chance < 0.93:
                fields = {"outcome": "withdrawn", "withdrawn_at": within, "closed_at": within}
        return LeadOffer(
            partner=partner, lead=lead, reference=lead.reference, customer_name="Somebody", currency="EUR",
            offered_at=offered, answer_due_at=due, **fields,
        )  # fmt: skip


def fill(vendor: Vendor, partners: int = 10, offers: int = 50, seed: int = 5) -> list[Partner]:
    generator = Generator(vendor, seed)
    rows = [PartnerFactory() for _ in range(partners)]
    wanted = [row for row in rows for _ in range(generator.random.randrange(offers))]
    leads = Lead.objects.bulk_create(
        [
            Lead(reference=f"L-{number:06d}", customer_name="Somebody", currency="EUR")
            for number in range(1, len(wanted) + 1)
        ]
    )
    LeadOffer.objects.bulk_create(
        [generator.offer(partner, lead) for partner, lead in zip(wanted, leads, strict=True)]
    )
    return rows


#: By calendar days in the vendor's zone, where the portal compares moments.
DUCKDB = """
select
    partner_id,
    count(*) filter (answer_due_at::date between $day - 59 and $day and withdrawn_at is null) as closed,
    count(*) filter (
        answer_due_at::date between $day - 59 and $day and withdrawn_at is null and accepted_at is not null
    ) as accepted,
    count(*) filter (counted) as offered,
    count(*) filter (counted and contacted_at::date <= $day) as contacted,
    median(
        epoch_us(case when contacted_at::date <= $day then contacted_at else $end end) - epoch_us(offered_at)
    ) filter (counted) as median_us
from (
    select *,
        offered_at::date between $day - 89 and $day
        and coalesce(withdrawn_at::date > $day, true) and coalesce(declined_at::date > $day, true) as counted
    from offers
)
group by partner_id
"""


def expected(vendor: Vendor, day: date) -> dict[int, dict[str, Any]]:
    database = duckdb.connect()
    database.execute(f"set timezone = '{vendor.time_zone}'")
    made = ", ".join(f"{name} timestamptz" for name in MOMENTS)
    database.execute(f"create table offers (partner_id bigint, {made})")
    database.executemany(
        "insert into offers values (?" + ", make_timestamptz(?)" * len(MOMENTS) + ")",
        [[_microseconds(v) for v in row] for row in LeadOffer.objects.values_list("partner_id", *MOMENTS)],
    )
    answer = database.execute(DUCKDB, {"day": day, "end": AsOf.of(vendor, day).end})
    names = [column[0] for column in answer.description]
    found = [dict(zip(names, row, strict=True)) for row in answer.fetchall()]
    return {row.pop("partner_id"): row for row in found}


def _microseconds(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return (value - datetime.fromtimestamp(0, tz=value.tzinfo)) // timedelta(microseconds=1)


def test_both_agree_with_duckdb_on_three_days(zoned: Vendor) -> None:
    partners = fill(zoned)
    compared = 0
    for day in DAYS[zoned.zone]:
        found, wanted = handling(AsOf.of(zoned, day)), expected(zoned, day)
        for partner in partners:
            of = wanted.get(partner.pk)
            acceptance, speed = (found[key].get(partner.pk) for key in ("lead_acceptance", "speed_to_lead"))
            if of is None or not (of["closed"] or of["offered"]):
                assert acceptance is None
                continue
            assert acceptance
            assert speed
            assert (acceptance.numerator, acceptance.denominator) == (of["accepted"], of["closed"])
            assert (speed.n, speed.beside) == (of["offered"], {"waiting": of["offered"] - of["contacted"]})
            if of["closed"] >= 3:
                assert float(acceptance.value) == pytest.approx(of["accepted"] / of["closed"], abs=1e-7)
            else:
                assert acceptance.value is None
            if of["offered"] >= 3:
                assert float(speed.value) == pytest.approx(of["median_us"] / 3_600e6, abs=0.0051)
                compared += 1
            else:
                assert speed.value is None
    assert compared > 10


def test_the_rows_behind_are_as_many_as_counted(zoned: Vendor) -> None:
    partners = fill(zoned, partners=4)
    for day in DAYS[zoned.zone]:
        as_of = AsOf.of(zoned, day)
        found = handling(as_of)
        for metric in METRICS:
            for partner in partners:
                result = found[metric.key].get(partner.pk, metric.nothing)
                rows = metric.rows(partner.pk, as_of)
                assert rows.count() == result.n
                if metric.key == "lead_acceptance":
                    assert rows.filter(accepted_then=True).count() == result.numerator


def test_later_data_changes_no_past_day(here: Vendor) -> None:
    partners = fill(here)
    day = DAYS[VIENNA][1]
    as_of = AsOf.of(here, day)
    before = handling(as_of)
    later = as_of.end + timedelta(minutes=1)
    for offer in LeadOffer.objects.filter(outcome="", answer_due_at__gt=later):
        offer.outcome, offer.declined_at, offer.closed_at = "declined", later, later
        offer.save()
    LeadOffer.objects.filter(outcome="accepted", contacted_at=None).update(contacted_at=later)
    for partner in partners[:3]:
        LeadOfferFactory(partner=partner, lead=LeadFactory(), offered_at=later)
    assert handling(as_of) == before


def test_by_hand(here: Vendor) -> None:
    """Four leads: one contacted after 10 hours, one after 30, one timed out, one declined."""
    partner, as_of = PartnerFactory(), AsOf.of(here, date(2026, 6, 30))
    start = as_of.end - timedelta(days=10)
    common = {"partner": partner, "offered_at": start, "answer_due_at": start + timedelta(days=2)}
    for hours in (10, 30):
        at = start + timedelta(hours=hours)
        LeadOfferFactory(
            **common, outcome="accepted", accepted_at=start + timedelta(hours=1), contacted_at=at
        )
    due = start + timedelta(days=2)
    LeadOfferFactory(**common, outcome="timed_out", timed_out_at=due, closed_at=due)
    LeadOfferFactory(**common, outcome="declined", declined_at=start, closed_at=start)
    found = {key: of[partner.pk] for key, of in handling(as_of).items()}
    assert found["lead_acceptance"].value == Decimal("0.5")
    assert found["lead_acceptance"].beside == {"not_accepted": 2}
    # 10, 30 and 240 hours so far; the declined one does not count.
    assert (found["speed_to_lead"].value, found["speed_to_lead"].n) == (Decimal("30.00"), 3)
    assert found["speed_to_lead"].beside == {"waiting": 1}


def test_one_statement_whatever_the_number_of_partners(here: Vendor) -> None:
    fill(here, partners=30)
    with CaptureQueriesContext(connection) as captured:
        handling(AsOf.of(here, DAYS[VIENNA][2]))
    assert len(captured) == 1


def test_some_partners_only(here: Vendor) -> None:
    partners = fill(here)
    as_of = AsOf.of(here, DAYS[VIENNA][2])
    everybody, chosen = handling(as_of), [partners[0].pk, partners[1].pk]
    some = handling(as_of, chosen)
    for key, results in some.items():
        assert results == {pk: of for pk, of in everybody[key].items() if pk in chosen}


def test_they_stand_in_the_engagement_quadrant() -> None:
    keys = {metric.key for metric in all_metrics() if metric.quadrant == Quadrant.ENGAGEMENT}
    assert {"lead_acceptance", "speed_to_lead"} <= keys
