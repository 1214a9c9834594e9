"""Two people at the same moment, on two connections. Each race is also run without what prevents it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals.approvals import services as approvals_services
from deals.conflicts.claims import claims_beside
from deals.customers import services as customers_services
from deals.customers.models import Customer
from deals.deal.models import Deal, DealStatus
from deals.deal.requests import DealRequestKind
from deals.disputes import decisions
from deals.disputes import services as disputes_services
from deals.disputes.models import CaseSide, ConflictCase
from deals.protection import models
from deals.protection.models import Extension, Protection, ProtectionReminder
from deals.protection.requests import EXTENSION
from deals.protection.tasks import expire_protection, remind_of_protection
from deals.registration import services as registration_services
from portal.events.models import OutboxMessage
from portal.requests import services as request_services
from portal.requests.services import request_ask, request_grant
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from tests.support import factories
from tests.support.clocks import stopped_at
from tests.support.deals import answers, approved, do, draft, events, now_is, submitted
from tests.support.races import active_claims, at_once, without_index
from tests.support.worlds import Person, VendorWorld, acting_as, add_person, grant_partner

pytestmark = pytest.mark.django_db(transaction=True)


def approve_both(world: VendorWorld) -> list[Any]:
    """Two partners' registrations of one customer and product, approved by two people at once."""
    deals = [submitted(world.people[rep], world) for rep in ("partner_rep", "distributor_rep")]
    deciders = [world.people["manager"], world.people["program_admin"]]
    return at_once(
        *(
            lambda deal=deal, who=who: do(approvals_services.deal_approve, who, deal)
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


def submit_one_customer_twice(world: VendorWorld, monkeypatch: pytest.MonkeyPatch) -> int:
    """Two partners submit a new customer, both having looked before either writes; how many there are."""
    looked = threading.Barrier(2, timeout=1)
    find = customers_services._find

    def find_and_wait(*key: str) -> Customer | None:
        found = find(*key)
        # Broken when the other one is held up by the lock, as it should be.
        with suppress(threading.BrokenBarrierError):
            looked.wait()
        return found

    monkeypatch.setattr(customers_services, "_find", find_and_wait)
    pairs = [(world.people[rep], draft(world.people[rep], world)) for rep in ("partner_rep", "sub_rep")]
    results = at_once(
        *(lambda rep=rep, deal=deal: do(registration_services.deal_submit, rep, deal) for rep, deal in pairs)
    )
    assert all(isinstance(result, Deal) for result in results), results
    with acting_as(world.people["program_admin"]):
        return Customer.objects.count()


def test_one_new_customer_is_created_once(world: VendorWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    assert submit_one_customer_twice(world, monkeypatch) == 1


def test_without_the_lock_it_would_be_created_twice(
    world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers_services, "_one_at_a_time", lambda *_: None)
    assert submit_one_customer_twice(world, monkeypatch) == 2


def test_a_double_press_on_submit_is_one_deal(world: VendorWorld) -> None:
    rep, key = world.people["partner_rep"], uuid4()

    def press() -> Deal:
        with acting_as(rep) as actor:
            lines = [(world.products[0].pk, 1)]
            deal = registration_services.deal_draft_save(actor=actor, answers=answers(), lines=lines, key=key)
            return registration_services.deal_submit(actor=actor, deal=deal)

    results = at_once(*[press] * 4)
    assert len({deal.reference for deal in results}) == 1, results
    assert events(world, results[0]) == ["deals.drafted", "deals.submitted"]


def test_a_double_press_on_approve_is_one_approval(world: VendorWorld) -> None:
    deal = submitted(world.people["partner_rep"], world)
    results = at_once(*[lambda: do(approvals_services.deal_approve, world.people["manager"], deal)] * 4)
    assert [result.status for result in results] == [DealStatus.APPROVED] * 4, results
    assert events(world, deal).count("deals.approved") == 1


def test_approved_and_rejected_at_once_is_one_of_them(world: VendorWorld) -> None:
    deal = submitted(world.people["partner_rep"], world)
    results = at_once(
        lambda: do(approvals_services.deal_approve, world.people["manager"], deal),
        lambda: do(approvals_services.deal_reject, world.people["program_admin"], deal, reason="Ours."),
    )
    assert sum(isinstance(result, ValidationError) for result in results) == 1, results
    assert len(events(world, deal)) == 3
    assert active_claims(world) == (now_is(world, deal).status == DealStatus.APPROVED)


# Sixteen at once ---------------------------------------------------------------------------------------

MANY = 16


def sixteen_partners(world: VendorWorld) -> list[Person]:
    """A rep each; the manager manages them all."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        reps = []
        for number in range(MANY):
            partner = factories.PartnerFactory(slug=f"rival-{number}", tier=world.tiers[0])
            grant_partner(world.people["manager"].user, partner)
            reps.append(add_person(world.vendor, f"rival{number}", Role.PARTNER_REP, partner))
        return reps


def register_and_approve(world: VendorWorld, reps: list[Person]) -> list[Any]:
    """Sixteen partners submit the same new customer at once; then all sixteen are approved at once."""
    drafts = [draft(rep, world) for rep in reps]
    deals = at_once(
        *(lambda rep=rep, deal=deal: do(registration_services.deal_submit, rep, deal)
          for rep, deal in zip(reps, drafts, strict=True))
    )  # fmt: skip
    assert all(isinstance(deal, Deal) for deal in deals), deals
    assert len({deal.customer_id for deal in deals}) == 1
    deciders = [world.people["manager"], world.people["program_admin"]]
    return at_once(
        *(lambda deal=deal, who=deciders[place % 2]: do(approvals_services.deal_approve, who, deal)
          for place, deal in enumerate(deals))
    )  # fmt: skip


def test_sixteen_partners_and_one_is_protected(world: VendorWorld) -> None:
    results = register_and_approve(world, sixteen_partners(world))
    winners = [result for result in results if isinstance(result, Deal)]
    losers = [result for result in results if isinstance(result, ValidationError)]
    assert (len(winners), len(losers)) == (1, MANY - 1), results
    assert all(winners[0].reference in str(loser.messages) for loser in losers)
    assert active_claims(world) == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_without_the_index_all_sixteen_would_be(world: VendorWorld) -> None:
    with without_index("deals_protection_one_active"):
        results = register_and_approve(world, sixteen_partners(world))
        assert all(isinstance(result, Deal) for result in results), results
        assert active_claims(world) == MANY


def ask_sixteen_times(world: VendorWorld) -> tuple[list[Any], int]:
    """Two people of the partner, each time another number of days; (results, requests there are)."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Extension.objects.all().delete()
        Protection.objects.update(released_at=timezone.now())
    deal = approved(world)
    people = [world.people["partner_rep"], world.people["partner_admin"]]

    def ask(days: int) -> Any:
        with acting_as(people[days % 2]) as actor:
            return request_ask(actor=actor, kind=EXTENSION, subject=deal, days=days, reason="Survey.")

    results = at_once(*(lambda days=days: ask(days) for days in range(1, MANY + 1)))
    with acting_as(world.people["program_admin"]):
        return results, Extension.objects.count()


def test_sixteen_requests_for_one_extension_are_one(world: VendorWorld) -> None:
    results, made = ask_sixteen_times(world)
    assert made == sum(isinstance(result, Extension) for result in results) == 1, results
    assert sum(isinstance(result, ValidationError) for result in results) == MANY - 1, results


@contextmanager
def unlocked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read the deal without its lock, and wait until all have read before any goes on."""
    read = threading.Barrier(MANY, timeout=10)

    def just_read(kind: Any, deal: Deal) -> Deal:
        return Deal.objects.select_related("partner__tier").get(pk=deal.pk)

    def wait_for_all(*_: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            read.wait()

    open_one = DealRequestKind.open_one
    with monkeypatch.context() as patch:
        patch.setattr(DealRequestKind, "lock", just_read)
        patch.setattr(DealRequestKind, "open_one", lambda *about: (open_one(*about), wait_for_all())[0])
        patch.setattr(request_services, "require_open", wait_for_all)
        patch.setattr(models.Extension.objects, "select_for_update", lambda **_: Extension.objects.all())
        yield


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_without_the_lock_only_the_index_stops_them_and_without_both_nothing(
    world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unlocked(monkeypatch):
        results, made = ask_sixteen_times(world)
    assert made == 1
    assert sum(isinstance(result, IntegrityError) for result in results) == MANY - 1, results
    with without_index("deals_extension_one_open", "deals_extension"), unlocked(monkeypatch):
        results, made = ask_sixteen_times(world)
        assert made == MANY, results


def grant_sixteen_times(world: VendorWorld) -> tuple[Deal, Deal, int]:
    """(deal before, deal after, how often its extension was recorded)."""
    deal = approved(world)
    with acting_as(world.people["partner_rep"]) as actor:
        extension = request_ask(actor=actor, kind=EXTENSION, subject=deal, days=30, reason="Survey.")
    deciders = [world.people["manager"], world.people["program_admin"]]

    def grant(who: Person) -> Any:
        with acting_as(who) as actor:
            return request_grant(actor=actor, request=extension)

    results = at_once(*(lambda who=deciders[place % 2]: grant(who) for place in range(MANY)))
    assert all(isinstance(result, Extension) for result in results), results
    return deal, now_is(world, deal), events(world, deal).count("deals.extension_granted")


def test_sixteen_presses_on_grant_are_one_extension(world: VendorWorld) -> None:
    before, after, recorded = grant_sixteen_times(world)
    assert (timezone.localdate(after.expires_at) - timezone.localdate(before.expires_at)).days == 30
    assert recorded == 1


def test_without_the_lock_it_would_be_granted_over_and_over(
    world: VendorWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unlocked(monkeypatch):
        _, _, recorded = grant_sixteen_times(world)
    assert recorded > 1


def test_granted_and_expired_at_once_is_one_of_them(world: VendorWorld) -> None:
    deal = approved(world)
    with acting_as(world.people["partner_rep"]) as actor:
        extension = request_ask(actor=actor, kind=EXTENSION, subject=deal, days=30, reason="Survey.")
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Deal.objects.update(expires_at=timezone.now() + timedelta(milliseconds=300))

    def grant() -> Any:
        with acting_as(world.people["manager"]) as actor:
            return request_grant(actor=actor, request=extension)

    def expire() -> Any:
        time.sleep(0.3)
        return expire_protection()

    granted, expired = at_once(grant, expire)
    after = now_is(world, deal)
    assert expired == isinstance(granted, ValidationError)
    assert (after.status == DealStatus.EXPIRED) == bool(expired)


def test_reminders_twice_at_once_are_sent_once(world: VendorWorld) -> None:
    approved(world)
    noon = timezone.localtime(timezone.now(), world.vendor.zone).replace(hour=12)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        # Nobody is reminded on the first day, so it was approved long ago.
        Deal.objects.update(approved_at=noon - timedelta(days=90), expires_at=noon + timedelta(days=3))
    with stopped_at(noon):
        results = at_once(*[remind_of_protection] * 8)
    assert all(isinstance(result, int) for result in results), results
    with acting_as(world.people["program_admin"]):
        assert ProtectionReminder.objects.count() == 1
        assert OutboxMessage.objects.filter(payload__template="deal_protection_ending").count() == 1


# Conflict cases ----------------------------------------------------------------------------------------


def a_case(world: VendorWorld) -> tuple[Deal, Deal, ConflictCase]:
    """(the earlier registration, the later one, their case), nothing decided."""
    first, second = (submitted(world.people[rep], world) for rep in ("distributor_rep", "partner_rep"))
    with acting_as(world.people["manager"]) as actor:
        case = disputes_services.case_open(actor=actor, deal=second, claim=claims_beside(second)[0])
    return first, second, case


def settle(world: VendorWorld, who: str, service: Callable[..., Any], **answers: Any) -> Callable[[], Any]:
    def act() -> Any:
        with acting_as(world.people[who]) as actor:
            return service(actor=actor, reason="Because.", **answers)

    return act


def test_two_managers_decide_for_either_side_at_once(world: VendorWorld) -> None:
    first, second, case = a_case(world)
    decide = decisions.case_decide
    results = at_once(
        settle(world, "manager", decide, case=case, winner="deal", rule="override"),
        settle(world, "program_admin", decide, case=case, winner="rival", rule="override"),
    )
    assert sum(isinstance(result, ValidationError) for result in results) == 1, results
    assert active_claims(world) == 1
    assert sorted(now_is(world, deal).status for deal in (first, second)) == ["approved", "rejected"]


def test_an_appeal_is_reversed_while_somebody_else_is_approved(world: VendorWorld) -> None:
    """The first has it, the reversal moves it to the second, and a third never comes in between."""
    first, second, case = a_case(world)
    settle(world, "manager", decisions.case_decide, case=case, winner="rival", rule="override")()
    third = submitted(world.people["sub_rep"], world)
    with acting_as(world.people["partner_rep"]) as actor:
        side = CaseSide.objects.select_related("deal").get(deal=second)
        disputes_services.case_appeal(actor=actor, side=side, text="We have a letter.")
    results = at_once(
        settle(world, "program_admin", decisions.case_close, case=case, outcome="reversed"),
        settle(world, "program_admin", decisions.case_close, case=case, outcome="upheld"),
        lambda: do(approvals_services.deal_approve, world.people["program_admin"], third),
    )
    assert sum(isinstance(result, ValidationError) for result in results) == 2, results
    assert active_claims(world) == 1
    assert now_is(world, third).status == "submitted"
    statuses = [now_is(world, deal).status for deal in (first, second)]
    assert statuses in (["rejected", "approved"], ["approved", "rejected"])


def test_both_rejected_at_once_do_not_wait_for_each_other(world: VendorWorld) -> None:
    deals = [submitted(world.people[rep], world) for rep in ("distributor_rep", "partner_rep")]
    reject = approvals_services.deal_reject
    results = at_once(
        *(lambda deal=deal: do(reject, world.people["program_admin"], deal, reason="No.") for deal in deals)
    )
    assert all(isinstance(result, Deal) for result in results), results


def test_references_are_given_once(world: VendorWorld) -> None:
    reps = [world.people[name] for name in ("partner_rep", "partner_admin", "sub_rep", "distributor_rep")]
    results = at_once(*(lambda rep=rep: draft(rep, world).reference for rep in reps * 2))
    assert len(set(results)) == 8


def test_the_hourly_task_twice_at_once_expires_each_deal_once(world: VendorWorld) -> None:
    deals = [
        do(
            approvals_services.deal_approve,
            world.people["manager"],
            submitted(world.people["partner_rep"], world, customer_name=name, customer_domain=""),
        )
        for name in ("One", "Two", "Three")
    ]
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Deal.objects.update(expires_at=timezone.now())
    results = at_once(*[expire_protection] * 3)
    assert sum(results) == 3, results
    assert [events(world, deal).count("deals.expired") for deal in deals] == [1, 1, 1]
