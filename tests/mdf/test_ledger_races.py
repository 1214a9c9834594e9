"""Sixteen at once on one fund, with the control that fails; and what waits for what."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction

from mdf.funds.models import Fund
from mdf.ledger import checks, postings, services
from mdf.ledger.models import Account, Balance, Outcome, Posting, PostingKind, Reservation
from mdf.ledger.postings import Draft, post
from portal.tenancy.scope import entered, system_scope
from tests.mdf.money import allocated, balance, fund_of
from tests.support.races import at_once
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 16


def grants(world: VendorWorld, fund: Fund) -> list[Any]:
    """Sixteen grants of 100 each from what is free; returns what became of each."""

    def one(number: int) -> Reservation:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            return services.reserve(
                vendor=world.vendor, fund=fund, partner_id=world.partners["beta"].pk, amount=100,
                key=f"g{number}", subject="", reason="Granted",
            )  # fmt: skip

    return at_once(*(lambda number=number: one(number) for number in range(THREADS)))


def test_a_fund_is_never_overspent(world: VendorWorld) -> None:
    fund = fund_of(world, budget=10_000)
    allocated(world, fund, 750)
    results = grants(world, fund)
    assert sum(isinstance(one, Reservation) for one in results) == 7
    assert sum(isinstance(one, ValidationError) for one in results) == THREADS - 7, results
    kept = balance(world, fund)
    assert (kept.free, kept.committed) == (50, 700)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        assert checks.ledger_check(vendor=world.vendor) == 0


def test_without_the_conditional_update_money_is_lost(
    world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: read, look, write back. The entries and the balance no longer say the same."""

    def naive(fund: Fund, partner_id: int | None, changes: dict[str, int]) -> bool:
        row = Balance.objects.get(fund=fund, partner=partner_id)
        if any(getattr(row, name) + by < 0 for name, by in changes.items()):
            return False
        time.sleep(0.05)
        after = {name: getattr(row, name) + by for name, by in changes.items()}
        return bool(Balance.objects.filter(pk=row.pk).update(**after))

    fund = fund_of(world, budget=10_000)
    allocated(world, fund, 750)
    monkeypatch.setattr(postings, "_updated", naive)
    granted = [one for one in grants(world, fund) if isinstance(one, Reservation)]
    assert len(granted) > 7
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        assert checks.ledger_check(vendor=world.vendor) == 1


def test_the_same_posting_from_all_sides_is_once(world: VendorWorld) -> None:
    fund = fund_of(world, budget=10_000)

    def one() -> Posting:
        sides = (Account.UNALLOCATED, Account.FREE)
        draft = Draft("k", PostingKind.ALLOCATION, fund, world.partners["beta"].pk, 100, *sides, "Plan")
        with entered(system_scope(world.vendor.pk)):
            return post(vendor=world.vendor, drafts=[draft])[0]

    results = at_once(*[one] * THREADS)
    assert len({getattr(result, "pk", result) for result in results}) == 1, results
    assert balance(world, fund).free == 100


def test_a_reservation_is_resolved_once_whoever_is_first(world: VendorWorld) -> None:
    fund = fund_of(world, budget=10_000)
    allocated(world, fund, 1_000)
    grant = next(one for one in grants(world, fund) if isinstance(one, Reservation))
    before = balance(world, fund).free

    def one(outcome: Outcome) -> Reservation:
        with entered(system_scope(world.vendor.pk)):
            return services.resolve(vendor=world.vendor, reservation=grant, outcome=outcome, reason="Over")

    outcomes = (Outcome.VOIDED, Outcome.TIMED_OUT) * 4
    results = at_once(*(lambda outcome=outcome: one(outcome) for outcome in outcomes))
    assert {one.outcome for one in results if isinstance(one, Reservation)} in ({"voided"}, {"timed_out"})
    assert balance(world, fund).free == before + 100


def test_closing_waits_for_a_posting_under_way_with_a_lower_id(world: VendorWorld) -> None:
    """It is held open while later ones commit; its day is closed only after it, and then refuses."""
    fund, yesterday = fund_of(world, budget=10_000), world.vendor.today - timedelta(days=1)
    held, go, order = threading.Event(), threading.Event(), []

    def draft(key: str) -> Draft:
        return Draft(
            key, PostingKind.ALLOCATION, fund, world.partners["beta"].pk, 10, Account.UNALLOCATED,
            Account.FREE, "Plan", day=yesterday,
        )  # fmt: skip

    def slow() -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            post(vendor=world.vendor, drafts=[draft("slow")])
            held.set()
            go.wait(10)
            order.append("posted")
        connections.close_all()

    def closing() -> None:
        with acting_as(world.people["program_admin"]) as actor:
            services.period_close(actor=actor, fund=fund, through=yesterday)
            order.append("closed")
        connections.close_all()

    threads = [threading.Thread(target=slow), threading.Thread(target=closing)]
    threads[0].start()
    assert held.wait(10)
    threads[1].start()
    time.sleep(0.3)
    go.set()
    for thread in threads:
        thread.join(20)
    assert order == ["posted", "closed"]
    with entered(system_scope(world.vendor.pk)), pytest.raises(ValidationError, match="closed through"):
        post(vendor=world.vendor, drafts=[draft("late")])
    assert balance(world, fund).free == 10
