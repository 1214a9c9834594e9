"""Two people at the same moment, on two connections. Each race is also run without what prevents it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.utils import timezone

from deals import customers, services, tasks
from deals.models import Customer, Deal, DealStatus, Protection
from portal.scope import entered, system_scope
from tests.deals import answers, do, draft, events, now_is, submitted
from tests.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 30  # seconds


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Start all together; returns what each returned or raised, in the order given."""
    start = threading.Barrier(len(actions), timeout=PATIENCE)
    results: list[Any] = [None] * len(actions)

    def run(place: int, action: Callable[[], Any]) -> None:
        try:
            start.wait()
            results[place] = action()
        except Exception as error:  # noqa: BLE001  (whatever it is, the test looks at it)
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "somebody waits for ever"
    return results


def active_claims(world: VendorWorld) -> int:
    with acting_as(world.people["program_admin"]):
        return Protection.objects.filter(released_at=None).count()


def approve_both(world: VendorWorld) -> list[Any]:
    """Two partners' registrations of one customer and product, approved by two people at once."""
    deals = [submitted(world.people[rep], world) for rep in ("partner_rep", "distributor_rep")]
    deciders = [world.people["manager"], world.people["program_admin"]]
    return at_once(
        *(
            lambda deal=deal, who=who: do(services.deal_approve, who, deal)
            for deal, who in zip(deals, deciders, strict=True)
        )
    )


def test_one_customer_and_product_is_protected_once(world: VendorWorld) -> None:
    results = approve_both(world)
    winners = [result for result in results if isinstance(result, Deal)]
    losers = [result for result in results if isinstance(result, ValidationError)]
    assert (len(winners), len(losers)) == (1, 1), results
    assert winners[0].reference in losers[0].messages[0]
    assert active_claims(world) == 1
    with acting_as(world.people["program_admin"]):
        assert sorted(Deal.objects.values_list("status", flat=True)) == ["approved", "submitted"]


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_without_the_index_both_would_be_protected(world: VendorWorld) -> None:
    with without_index("deals_protection_one_active"):
        results = approve_both(world)
        assert [result.status for result in results] == [DealStatus.APPROVED] * 2
        assert active_claims(world) == 2


@contextmanager
def without_index(name: str) -> Iterator[None]:
    """As the owner of the tables; the index is back when the block ends."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("select indexdef from pg_indexes where indexname = %s", [name])
        definition = cursor.fetchone()[0]
        cursor.execute(f"drop index {name}")
    try:
        yield
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("delete from deals_protection")
            cursor.execute(definition)


def submit_one_customer_twice(world: VendorWorld, monkeypatch: pytest.MonkeyPatch) -> int:
    """Two partners submit a new customer, both having looked before either writes; how many there are."""
    looked = threading.Barrier(2, timeout=1)
    find = customers._find

    def find_and_wait(*key: str) -> Customer | None:
        found = find(*key)
        # Broken when the other one is held up by the lock, as it should be.
        with suppress(threading.BrokenBarrierError):
            looked.wait()
        return found

    monkeypatch.setattr(customers, "_find", find_and_wait)
    pairs = [(world.people[rep], draft(world.people[rep], world)) for rep in ("partner_rep", "sub_rep")]
    results = at_once(
        *(lambda rep=rep, deal=deal: do(services.deal_submit, rep, deal) for rep, deal in pairs)
    )
    assert all(isinstance(result, Deal) for result in results), results
    with acting_as(world.people["program_admin"]):
        return Customer.objects.count()


def test_one_new_customer_is_created_once(world: VendorWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    assert submit_one_customer_twice(world, monkeypatch) == 1


def test_without_the_lock_it_would_be_created_twice(
    world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers, "_one_at_a_time", lambda *_: None)
    assert submit_one_customer_twice(world, monkeypatch) == 2


def test_a_double_press_on_submit_is_one_deal(world: VendorWorld) -> None:
    rep, key = world.people["partner_rep"], uuid4()

    def press() -> Deal:
        with acting_as(rep) as actor:
            lines = [(world.products[0].pk, 1)]
            deal = services.deal_draft_save(actor=actor, answers=answers(), lines=lines, key=key)
            return services.deal_submit(actor=actor, deal=deal)

    results = at_once(*[press] * 4)
    assert len({deal.reference for deal in results}) == 1, results
    assert events(world, results[0]) == ["deals.drafted", "deals.submitted"]


def test_a_double_press_on_approve_is_one_approval(world: VendorWorld) -> None:
    deal = submitted(world.people["partner_rep"], world)
    results = at_once(*[lambda: do(services.deal_approve, world.people["manager"], deal)] * 4)
    assert [result.status for result in results] == [DealStatus.APPROVED] * 4, results
    assert events(world, deal).count("deals.approved") == 1


def test_approved_and_rejected_at_once_is_one_of_them(world: VendorWorld) -> None:
    deal = submitted(world.people["partner_rep"], world)
    results = at_once(
        lambda: do(services.deal_approve, world.people["manager"], deal),
        lambda: do(services.deal_reject, world.people["program_admin"], deal, reason="Ours."),
    )
    assert sum(isinstance(result, ValidationError) for result in results) == 1, results
    assert len(events(world, deal)) == 3
    assert active_claims(world) == (now_is(world, deal).status == DealStatus.APPROVED)


def test_references_are_given_once(world: VendorWorld) -> None:
    reps = [world.people[name] for name in ("partner_rep", "partner_admin", "sub_rep", "distributor_rep")]
    results = at_once(*(lambda rep=rep: draft(rep, world).reference for rep in reps * 2))
    assert sorted(results) == [f"D-{number:06d}" for number in range(1, 9)]


def test_the_hourly_task_twice_at_once_expires_each_deal_once(world: VendorWorld) -> None:
    deals = [
        do(
            services.deal_approve,
            world.people["manager"],
            submitted(world.people["partner_rep"], world, customer_name=name, customer_domain=""),
        )
        for name in ("One", "Two", "Three")
    ]
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Deal.objects.update(expires_at=timezone.now())
    results = at_once(*[tasks.expire_protection] * 3)
    assert sum(results) == 3, results
    assert [events(world, deal).count("deals.expired") for deal in deals] == [1, 1, 1]
