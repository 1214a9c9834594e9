"""The nightly run, rescoring after an event and back-filling: once, whatever happens in between."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections, transaction
from django.utils import timezone

from deals.deal.models import Deal
from partners.models import Partner
from portal.events.log import record
from portal.metrics.declarations import all_metrics
from portal.tenancy.models import Vendor
from portal.tenancy.new_vendor import create_vendor
from portal.tenancy.scope import entered, system_scope
from scorecards import engine, selectors, services, tasks
from scorecards.models import MetricTarget, QuadrantWeight, Scorecard, ScoringRun, ScoringScheme, StalePartner
from tests.support.factories import DealFactory, PartnerFactory, TierFactory, VendorFactory
from tests.support.patience import patient
from tests.support.processes import wait_until
from tests.support.worlds import VendorWorld, acting_as

PATIENCE = 60  # seconds, before `patient`
DAY = date(2026, 6, 30)
SPRING = datetime(2026, 5, 4, 12, tzinfo=UTC)

one_connection = pytest.mark.django_db
own_connections = pytest.mark.django_db(transaction=True)


@pytest.fixture
def channel(db: None) -> Vendor:
    """A vendor with seven partners in one tier, the first of which has won and lost."""
    vendor = VendorFactory(slug="channel", time_zone="Europe/Vienna")
    with inside(vendor):
        tier = TierFactory(name="Silver")
        for number in range(7):
            partner = PartnerFactory(slug=f"partner-{number}", tier=tier, joined_on=date(2024, 1, 1))
            for place in range(5 if number < 6 else 0):
                won = SPRING - timedelta(days=20 * place)
                win(partner, won, 1_000_00 * (number + 1))
    return vendor


def inside(vendor: Vendor) -> Any:
    return _Inside(vendor)


class _Inside:
    """`with inside(vendor):` a transaction under the vendor's system scope."""

    def __init__(self, vendor: Vendor) -> None:
        self.scope, self.transaction = entered(system_scope(vendor.pk)), transaction.atomic()

    def __enter__(self) -> None:
        self.scope.__enter__()
        self.transaction.__enter__()

    def __exit__(self, *trouble: Any) -> None:
        self.transaction.__exit__(*trouble)
        self.scope.__exit__(*trouble)


def win(partner: Partner, on: datetime, amount: int) -> Deal:
    approved = on - timedelta(days=30)
    return DealFactory(
        partner=partner,
        customer=None,
        status="won",
        submitted_at=approved,
        approved_at=approved,
        won_at=on,
        amount=amount,
        won_amount=amount,
        won_amount_vendor=amount,
    )


def cards(vendor: Vendor, day: date = DAY) -> dict[str, Scorecard]:
    with inside(vendor):
        rows = Scorecard.objects.filter(as_of=day).select_related("partner", "scheme")
        return {card.partner.slug: card for card in rows}


def runs(vendor: Vendor) -> list[tuple[date, bool, int]]:
    with inside(vendor):
        rows = ScoringRun.objects.order_by("as_of")
        return [(run.as_of, run.finished_at is not None, run.partners) for run in rows]


def marks(vendor: Vendor) -> list[str]:
    with inside(vendor):
        return sorted(StalePartner.objects.values_list("partner__slug", flat=True))


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    start = threading.Barrier(len(actions), timeout=patient(PATIENCE))
    results: list[Any] = [None] * len(actions)

    def run(place: int) -> None:
        try:
            start.wait()
            results[place] = actions[place]()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[place]) for place in range(len(actions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(patient(PATIENCE))
    assert not any(thread.is_alive() for thread in threads)
    return results


# ------------------------------------------------------------------------------------ a night


@one_connection
def test_a_run_leaves_a_card_for_every_partner(channel: Vendor) -> None:
    run = services.nightly(vendor=channel, as_of=DAY)
    assert run is not None
    assert runs(channel) == [(DAY, True, 7)]
    found = cards(channel)
    assert sorted(found) == [f"partner-{number}" for number in range(7)]
    richest = found["partner-5"]
    assert (richest.booked, richest.coverage) == (30_000_00, 35 * 95 / 100)  # all but the growth
    assert richest.results["win_rate"]["value"] == 1
    assert richest.sales == richest.health
    assert richest.enablement is None
    assert sum(round(100 * part["points"]) for part in richest.results.values() if part["points"]) == round(
        100 * richest.health
    )
    assert found["partner-6"].health == 0, "joined and without a deal: nothing booked is 0, not unknown"


@one_connection
def test_peers_are_the_tier_and_know_no_names(channel: Vendor) -> None:
    services.nightly(vendor=channel, as_of=DAY)
    found = cards(channel)
    peers = [found[f"partner-{number}"].results["bookings"]["peers"] for number in range(7)]
    assert [place["percentile"] for place in peers] == [21, 36, 50, 64, 79, 93, 7]
    assert peers[0] | {"group": "Silver", "n": 7, "min": 0, "median": 15_000_00, "max": 30_000_00} == peers[0]
    assert "partner" not in str(found["partner-0"].peer_spread)


@one_connection
def test_a_region_with_five_of_the_tier_is_the_closer_group(world: VendorWorld) -> None:
    silver, north = world.tiers[0], world.regions["north"]
    with inside(world.vendor):
        for number in range(4):
            PartnerFactory(slug=f"north-{number}", tier=silver, region=north)
        PartnerFactory(slug="elsewhere", tier=silver)
        Partner.objects.update(joined_on=date(2024, 1, 1))  # who has just joined has no score to compare
        day = today(world.vendor)
        services.score(vendor=world.vendor, as_of=day)
    groups = {slug: card.peers and card.peers["group"] for slug, card in cards(world.vendor, day).items()}
    assert groups["beta"] == groups["north-0"] == "Silver North"
    assert groups["elsewhere"] == groups["delta"] == "Silver"
    assert groups["alpha"] is None, "one gold partner has nobody to be compared with"


@one_connection
def test_who_has_not_joined_yet_has_no_score_and_spoils_no_peers(channel: Vendor) -> None:
    with inside(channel):
        tier = Partner.objects.get(slug="partner-0").tier
        PartnerFactory(slug="later", tier=tier, joined_on=DAY + timedelta(days=1))
    services.nightly(vendor=channel, as_of=DAY)
    found = cards(channel)
    assert (found["later"].health, found["later"].coverage) == (None, 0)
    assert found["partner-0"].peers is not None
    assert found["partner-0"].peers["n"] == 7


@one_connection
def test_a_tiers_own_target_comes_before_the_vendors(channel: Vendor) -> None:
    with inside(channel):
        tier = Partner.objects.get(slug="partner-0").tier
        PartnerFactory(slug="untiered")
        MetricTarget.objects.create(metric="registrations", floor=0, target=10, weight=1)
        MetricTarget.objects.create(metric="registrations", tier=tier, floor=0, target=4, weight=1)
        for slug in ("partner-6", "untiered"):
            for _ in range(2):
                DealFactory(partner=Partner.objects.get(slug=slug), submitted_at=SPRING, customer=None)
    services.nightly(vendor=channel, as_of=DAY)
    found = {slug: card.results["registrations"] for slug, card in cards(channel).items()}
    assert (found["partner-6"]["score"], found["untiered"]["score"]) == (50, 20)
    assert (found["partner-6"]["target"], found["untiered"]["target"]) == (4, 10)


@one_connection
def test_a_card_remembers_what_it_was_measured_by(channel: Vendor) -> None:
    services.nightly(vendor=channel, as_of=DAY)
    before = cards(channel)["partner-3"].results
    with inside(channel):
        MetricTarget.objects.create(metric="win_rate", floor=0, target=1000, weight=50)
        QuadrantWeight.objects.create(quadrant="sales", weight=1)
        assert ScoringScheme.objects.count() == 1, "one for all who are measured by the same"
    assert cards(channel)["partner-3"].results == before
    with inside(channel):
        services.score(vendor=channel, as_of=DAY)
        services.score(vendor=channel, as_of=today(channel))
        assert ScoringScheme.objects.count() == 2
    assert cards(channel)["partner-3"].results == before, "a day is scored by the targets it had"
    now = cards(channel, today(channel))["partner-3"].results
    assert now["win_rate"]["target"] == 1000


@one_connection
def test_a_night_takes_as_many_statements_for_fifty_partners_as_for_one(
    channel: Vendor, django_assert_num_queries: Any
) -> None:
    """Partners, four sources, targets and weights, tiers, regions, histories; what is kept already, scheme,
    cards, two runs and the latest."""
    for more in (1, 49):
        with inside(channel):
            for _ in range(more):
                PartnerFactory()
            day = DAY - timedelta(days=more)
            services.score(vendor=channel, as_of=DAY)  # the scheme is there
            with django_assert_num_queries(14):
                found = services.compute(vendor=channel, as_of=day)
                services.scorecards_store(found, vendor=channel, as_of=day)


@one_connection
def test_a_finished_run_is_not_done_again(channel: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    services.nightly(vendor=channel, as_of=DAY)
    before = {card.pk: card.computed_at for card in cards(channel).values()}
    monkeypatch.setattr(services, "compute", None)  # whoever calls it fails
    again = services.nightly(vendor=channel, as_of=DAY)
    assert again is not None
    assert {card.pk: card.computed_at for card in cards(channel).values()} == before


# ------------------------------------------------------------------------------------ twice at once


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[date]:
    """The days computed, by whichever thread."""
    days: list[date] = []
    compute = services.compute

    def counted(**arguments: Any) -> Any:
        days.append(arguments["as_of"])
        return compute(**arguments)

    monkeypatch.setattr(services, "compute", counted)
    return days


@own_connections
def test_started_twice_at_once_it_runs_once(channel: Vendor, computed: list[date]) -> None:
    results = at_once(*[lambda: services.nightly(vendor=channel, as_of=DAY)] * 2)
    assert any(results)
    assert all(run is None or run.finished_at for run in results)
    assert computed == [DAY]
    assert (len(cards(channel)), runs(channel)) == (7, [(DAY, True, 7)])


@own_connections
def test_without_the_lock_both_would_compute(
    channel: Vendor, computed: list[date], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=patient(PATIENCE))

    def unlocked(*_: Any) -> bool:
        both.wait()
        return True

    monkeypatch.setattr(services, "_is_our_turn", unlocked)
    refreshed = threading.Barrier(2, timeout=patient(PATIENCE))
    refresh = ScoringRun.refresh_from_db

    def refreshed_together(run: ScoringRun, *args: Any, **kwargs: Any) -> None:
        refresh(run, *args, **kwargs)
        refreshed.wait()

    monkeypatch.setattr(ScoringRun, "refresh_from_db", refreshed_together)
    at_once(*[lambda: services.nightly(vendor=channel, as_of=DAY)] * 2)
    assert computed == [DAY, DAY]
    assert len(cards(channel)) == 7, "the database still keeps one card each"


# ------------------------------------------------------------------------------------ killed

NIGHT = """
import sys, time
import django
django.setup()
from datetime import date
from portal.tenancy.models import Vendor
from scorecards import services

keep = services.scorecards_store

def keep_and_linger(*args, **kwargs):
    keep(*args, **kwargs)
    print("kept", flush=True)
    time.sleep(300)

services.scorecards_store = keep_and_linger
services.nightly(vendor=Vendor.objects.get(slug="channel"), as_of=date.fromisoformat(sys.argv[1]))
"""


def database_of_the_test() -> str:
    """The address of the test's database, for another process."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return urlunsplit(url._replace(path=f"/{connections['default'].settings_dict['NAME']}"))


@pytest.fixture
def night_worker(channel: Vendor) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of a run: everything is written, nothing committed."""
    surroundings = {"DATABASE_URL": database_of_the_test(), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", NIGHT, DAY.isoformat()],
        env={**os.environ, **surroundings},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@own_connections
def test_a_run_killed_in_the_middle_is_done_again_and_nothing_doubled(
    channel: Vendor, night_worker: subprocess.Popen[str]
) -> None:
    assert night_worker.stdout is not None
    assert night_worker.stdout.readline() == "kept\n"
    assert services.nightly(vendor=channel, as_of=DAY) is None, "somebody is at it"

    night_worker.kill()
    assert runs(channel) == [(DAY, False, 0)]
    assert cards(channel) == {}
    wait_until(lambda: services.nightly(vendor=channel, as_of=DAY) is not None, "the dead run's lock is gone")
    assert (len(cards(channel)), runs(channel)) == (7, [(DAY, True, 7)])


@pytest.fixture
def celery_worker(channel: Vendor) -> Iterator[psutil.Process]:
    """A real worker with one child, on the test's database and Redis."""
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "portal",
        "worker",
        "--concurrency=1",
        "--loglevel=ERROR",
    ]
    process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": database_of_the_test()})
    yield psutil.Process(process.pid)
    process.terminate()
    process.wait(timeout=patient(PATIENCE))


@own_connections
def test_the_task_of_a_killed_worker_process_is_carried_out_by_the_next(
    channel: Vendor, celery_worker: psutil.Process
) -> None:
    with inside(channel), connection.cursor() as cursor:
        cursor.execute("lock table scorecards_scoringrun in access exclusive mode")  # holds the run up
        tasks.nightly.delay(channel.pk, DAY.isoformat())
        wait_until(lambda: _waiting(cursor) == 1, "the worker is at it")
        [child] = celery_worker.children()
        child.kill()
        wait_until(lambda: child.pid not in [p.pid for p in celery_worker.children()], "it is gone")
    wait_until(lambda: runs(channel) == [(DAY, True, 7)], "the run is finished by another")
    assert len(cards(channel)) == 7


def _waiting(cursor: Any) -> int:
    """How many wait for a lock on the runs."""
    cursor.execute(
        "select count(*) from pg_locks where not granted and relation = 'scorecards_scoringrun'::regclass"
    )
    return int(cursor.fetchone()[0])


# ------------------------------------------------------------------------------------ when the day turns


@one_connection
@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("Europe/Vienna", datetime(2026, 6, 30, 21, 59, tzinfo=UTC), None),
        ("Europe/Vienna", datetime(2026, 6, 30, 22, 0, tzinfo=UTC), date(2026, 6, 30)),
        ("Pacific/Auckland", datetime(2026, 6, 30, 12, 5, tzinfo=UTC), date(2026, 6, 30)),
        ("America/New_York", datetime(2026, 7, 1, 3, 59, tzinfo=UTC), None),
        ("America/New_York", datetime(2026, 7, 1, 4, 5, tzinfo=UTC), date(2026, 6, 30)),
    ],
)
def test_a_vendor_is_scored_once_its_own_day_has_turned(
    zone: str, now: datetime, due: date | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = VendorFactory(slug="turning", time_zone=zone)
    services.nightly(vendor=vendor, as_of=date(2026, 6, 29))  # the night before was done
    monkeypatch.setattr(timezone, "now", lambda: now)
    started: list[tuple[int, str]] = []
    monkeypatch.setattr(tasks.nightly, "delay", lambda *arguments: started.append(arguments))
    assert tasks.hourly_tick() == len(started)
    assert started == ([(vendor.pk, due.isoformat())] if due else [])
    if due:
        assert tasks.nightly(vendor.pk, due.isoformat())
        assert tasks.hourly_tick() == 0


@one_connection
def test_a_vendor_that_is_switched_off_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    VendorFactory(slug="off", is_active=False)
    monkeypatch.setattr(tasks.nightly, "delay", None)
    assert (tasks.hourly_tick(), tasks.sweep_stale()) == (0, 0)


@one_connection
def test_backfill_keeps_the_month_ends_once(channel: Vendor) -> None:
    assert services.backfill(vendor=channel, month_ends=3, until=date(2026, 5, 31)) == 3
    ends = [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert runs(channel) == [(day, True, 7) for day in ends]
    booked = [cards(channel, day)["partner-0"].booked for day in ends]
    assert booked == [1_000_00, 3_000_00, 4_000_00]  # what was won by then, not what is known now
    before = [card.computed_at for day in ends for card in cards(channel, day).values()]
    services.backfill(vendor=channel, month_ends=3, until=date(2026, 5, 31))
    assert [card.computed_at for day in ends for card in cards(channel, day).values()] == before


@one_connection
def test_scoring_today_does_not_count_as_tonights_run(channel: Vendor) -> None:
    today = timezone.localdate(timezone=channel.zone)
    services.score(vendor=channel, as_of=today)
    assert len(cards(channel, today)) == 7
    assert runs(channel) == []


# ------------------------------------------------------------------------------------ after an event


def today(vendor: Vendor) -> date:
    return timezone.localdate(timezone=vendor.zone)


@one_connection
def test_an_event_rescores_just_its_partner(channel: Vendor) -> None:
    yesterday = services.day_that_ended(channel)
    with inside(channel):
        partner = Partner.objects.get(slug="partner-0")
        win(partner, timezone.now() - timedelta(days=40), 1_000_00)
    services.nightly(vendor=channel, as_of=yesterday)
    with inside(channel):
        record("deals.won", partner_id=partner.pk, subject=win(partner, timezone.now(), 50_000_00))
    assert marks(channel) == ["partner-0"]
    assert services.rescore(vendor=channel, partner_ids=[partner.pk]) == 1
    found = cards(channel, today(channel))
    assert list(found) == ["partner-0"]
    assert found["partner-0"].booked > 50_000_00
    assert found["partner-0"].results["bookings"]["peers"]["percentile"] == 93, (
        "among the others of last night"
    )
    assert found["partner-0"].peers is not None
    assert found["partner-0"].peers["n"] == 7
    assert (marks(channel), len(cards(channel, yesterday))) == ([], 7)


@one_connection
def test_several_events_are_one_rescore_and_the_second_task_finds_nothing_to_do(channel: Vendor) -> None:
    with inside(channel):
        partner = Partner.objects.get(slug="partner-0")
        for key in ("deals.submitted", "deals.approved", "deals.won"):
            record(key, partner_id=partner.pk)
    assert tasks.rescore(channel.pk, partner.pk) == 1
    assert tasks.rescore(channel.pk, partner.pk) == 0


@own_connections
def test_a_mark_set_while_computing_stays(channel: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    with inside(channel):
        partner = Partner.objects.get(slug="partner-0")
        record("deals.submitted", partner_id=partner.pk)
    compute = services.compute

    def interrupted(**arguments: Any) -> Any:
        found = compute(**arguments)
        at_once(lambda: _record(channel, partner))  # somebody else's transaction, committed meanwhile
        return found

    monkeypatch.setattr(services, "compute", interrupted)
    services.rescore(vendor=channel, partner_ids=[partner.pk])
    assert marks(channel) == ["partner-0"]


def _record(vendor: Vendor, partner: Partner) -> None:
    with inside(vendor):
        record("deals.lost", partner_id=partner.pk)


@one_connection
@pytest.mark.parametrize(
    ("key", "marked"),
    [
        ("deals.won", True),
        ("partners.tier_changed", True),
        ("portal.exported", False),
        ("scorecards.recomputed", False),
    ],
)
def test_only_events_that_can_move_a_score_mark_a_partner(channel: Vendor, key: str, marked: bool) -> None:
    with inside(channel):
        record(key, partner_id=Partner.objects.get(slug="partner-0").pk)
        record(key)  # of no partner
    assert marks(channel) == (["partner-0"] if marked else [])


@one_connection
@pytest.mark.parametrize(
    "who", ["partner_rep", "partner_admin", "distributor_rep", "manager", "program_admin"]
)
def test_whoever_acts_can_leave_a_mark(world: VendorWorld, who: str) -> None:
    partner = world.people[who].partner or world.partners["beta"]
    with acting_as(world.people[who]) as actor:
        record("deals.submitted", actor=actor, partner_id=partner.pk)
        if actor.is_partner_person:
            assert not StalePartner.objects.exists(), "the marks are none of a partner's business"
    assert marks(world.vendor) == [partner.slug]


@own_connections
def test_the_task_is_handed_over_after_the_commit(channel: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(tasks.rescore.app, "send_task", lambda *args, **kwargs: sent.append((args, kwargs)))
    with inside(channel):
        partner = Partner.objects.get(slug="partner-0")
        record("deals.won", partner_id=partner.pk)
        assert sent == []
    told = ("scorecards.tasks.rescore", [channel.pk, partner.pk])
    assert sent == [(told, {"countdown": services.DEBOUNCE, "retry": False})]
    with pytest.raises(ZeroDivisionError), inside(channel):
        record("deals.won", partner_id=partner.pk)
        raise ZeroDivisionError
    assert (len(sent), marks(channel)) == (1, ["partner-0"])


@own_connections
def test_without_a_broker_the_mark_waits_for_the_sweep(
    channel: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise OSError("no broker")

    monkeypatch.setattr(tasks.rescore, "apply_async", gone)
    with inside(channel):
        partner = Partner.objects.get(slug="partner-0")
        record("deals.won", partner_id=partner.pk)
    assert marks(channel) == ["partner-0"]
    assert tasks.sweep_stale() == 0, "a fresh mark is still its task's"
    with inside(channel):
        StalePartner.objects.update(since=timezone.now() - timedelta(seconds=services.FORGOTTEN + 1))
    assert tasks.sweep_stale() == 1
    assert (marks(channel), list(cards(channel, today(channel)))) == ([], ["partner-0"])


def test_an_event_is_on_the_scorecard_within_a_minute() -> None:
    from portal.celery import BEAT_SCHEDULE

    sweep = BEAT_SCHEDULE["rescore stale partners"]["schedule"]
    assert isinstance(sweep, float)
    assert services.DEBOUNCE < services.FORGOTTEN
    assert services.FORGOTTEN + sweep < 60


# ------------------------------------------------------------------------------------ on request


@one_connection
def test_a_manager_recomputes_a_scorecard_and_it_is_recorded(world: VendorWorld) -> None:
    beta = world.partners["beta"]
    with acting_as(world.people["manager"]) as actor:
        card = services.scorecard_recompute(actor=actor, partner=beta)
        assert card.as_of == today(world.vendor)
    with inside(world.vendor):
        assert Scorecard.objects.filter(partner=beta).count() == 1


@one_connection
@pytest.mark.parametrize("who", ["executive", "partner_admin", "distributor_admin"])
def test_others_do_not_recompute(world: VendorWorld, who: str) -> None:
    with acting_as(world.people[who]) as actor, pytest.raises(PermissionDenied):
        services.scorecard_recompute(actor=actor, partner=world.partners["beta"])


# ------------------------------------------------------------------------------------ a new vendor


@one_connection
def test_a_new_vendor_begins_with_weights_and_targets_in_its_currency() -> None:
    euro = create_vendor(slug="euro", name="Euro")
    yen = create_vendor(slug="yen", name="Yen", currency="JPY")
    targets = {}
    for vendor in (euro, yen):
        with inside(vendor):
            services.programme_defaults(vendor)  # once more
            assert dict(QuadrantWeight.objects.values_list("quadrant", "weight")) == engine.QUADRANT_WEIGHTS
            assert MetricTarget.objects.count() == len(all_metrics()) == 18
            targets[vendor.slug] = {row.metric: row.target for row in MetricTarget.objects.all()}
            for row in MetricTarget.objects.all():
                row.full_clean()
    assert (targets["euro"]["bookings"], targets["yen"]["bookings"]) == (900_000, 90_000_000)
    assert targets["euro"]["win_rate"] == targets["yen"]["win_rate"] == 45


@one_connection
@pytest.mark.parametrize(
    ("metric", "floor", "target", "field"),
    [("sales_cycle", 10, 90, "target"), ("win_rate", 50, 20, "target"), ("nonsense", 0, 1, "metric")],
)
def test_a_target_on_the_wrong_side_of_its_floor_is_refused(
    channel: Vendor, metric: str, floor: int, target: int, field: str
) -> None:
    from django.core.exceptions import ValidationError

    with inside(channel), pytest.raises(ValidationError) as refused:
        MetricTarget(metric=metric, floor=floor, target=target).full_clean()
    assert list(refused.value.message_dict) == [field]


# ------------------------------------------------------------------------------------ reading


@one_connection
def test_a_day_that_was_not_kept_is_computed_on_the_spot(channel: Vendor) -> None:
    services.nightly(vendor=channel, as_of=DAY)
    with inside(channel):
        partner = Partner.objects.get(slug="partner-3")
        kept = selectors.scorecard_on(vendor=channel, partner=partner, day=DAY)
        other = selectors.scorecard_on(vendor=channel, partner=partner, day=date(2026, 3, 1))
        assert kept.pk is not None
        assert (other.pk, other.as_of, other.booked) == (None, date(2026, 3, 1), 4_000_00)
        assert other.results["bookings"]["points"] is not None
        assert other.peers is None
        with pytest.raises(ValueError, match="not come yet"):
            selectors.scorecard_on(vendor=channel, partner=partner, day=date(2999, 1, 1))


@one_connection
def test_computed_on_the_spot_it_is_what_the_night_would_have_kept(channel: Vendor) -> None:
    with inside(channel):
        partner = Partner.objects.get(slug="partner-3")
        spot = selectors.scorecard_on(vendor=channel, partner=partner, day=DAY)
        assert spot.pk is None
    services.nightly(vendor=channel, as_of=DAY)
    kept = cards(channel)["partner-3"]
    assert (spot.health, spot.sales, spot.coverage) == (kept.health, kept.sales, kept.coverage)
    without_peers = {key: result | {"peers": None} for key, result in kept.results.items()}
    assert spot.results == without_peers


@one_connection
def test_the_latest_scorecard_is_todays_where_there_is_one(channel: Vendor) -> None:
    yesterday = services.day_that_ended(channel)
    services.nightly(vendor=channel, as_of=yesterday - timedelta(days=7))
    services.nightly(vendor=channel, as_of=yesterday)
    with inside(channel):
        partner = Partner.objects.get(slug="partner-2")
        services.score(vendor=channel, as_of=today(channel), partner_ids=[partner.pk])
        latest = {card.partner.slug: card.as_of for card in selectors.latest_scorecards(today(channel))}
    assert len(latest) == 7
    assert latest.pop("partner-2") == today(channel)
    assert set(latest.values()) == {yesterday}


@one_connection
def test_levers_are_the_metrics_with_the_most_points_to_be_had(channel: Vendor) -> None:
    services.nightly(vendor=channel, as_of=DAY)
    card = cards(channel)["partner-5"]
    gains = [line.gain for line in selectors.levers(card)]
    assert len(gains) == 3
    assert gains == sorted(gains, reverse=True)
    most = max(r["possible"] - r["points"] for r in card.results.values() if r["points"] is not None)
    assert gains[0] == pytest.approx(most)
