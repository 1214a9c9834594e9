"""Whatever is done with a fund in whatever order: its rows add up, and nothing is spent that is not there."""

from typing import Any, ClassVar

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mdf.ledger import services
from mdf.ledger.models import Account, Balance, Entry, Outcome, Reservation
from portal.tenancy.scope import entered, system_scope
from tests.mdf.money import fund_of
from tests.support.worlds import VendorWorld, acting_as

AMOUNTS = st.integers(1, 700)


class Books(RuleBasedStateMachine):
    world: ClassVar[VendorWorld]

    def __init__(self) -> None:
        super().__init__()
        self.number, self.resolved = 0, dict[int, str]()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.fund = fund_of(self.world, budget=2_000)
        self.vendor, self.beta = self.world.vendor, self.world.partners["beta"]

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def attempt(self, action: Any, **given: Any) -> Any:
        """None where there is too little, or it is over: then nothing may have changed."""
        self.number += 1
        try:
            with entered(system_scope(self.world.vendor.pk)), transaction.atomic():
                return action(**given)
        except ValidationError:
            return None

    def held(self, claims: bool) -> list[Reservation]:
        with entered(system_scope(self.world.vendor.pk)):
            rows = Reservation.objects.filter(parent__isnull=not claims).select_related("fund")
            return list(rows.order_by("pk"))

    @rule(amount=AMOUNTS, less=st.booleans())
    def allocate(self, amount: int, less: bool) -> None:
        with acting_as(self.world.people["program_admin"]) as actor:
            self.attempt(
                services.allocate, actor=actor, fund=self.fund, partner=self.beta,
                amount=-amount if less else amount, reason="Plan", key=f"a{self.number}",
            )  # fmt: skip

    @rule(amount=AMOUNTS)
    def grant(self, amount: int) -> None:
        self.attempt(
            services.reserve, vendor=self.vendor, fund=self.fund, partner_id=self.beta.pk, amount=amount,
            key=f"g{self.number}", subject="", reason="Granted",
        )  # fmt: skip

    @precondition(lambda self: self.held(False))
    @rule(data=st.data(), amount=AMOUNTS)
    def claim(self, data: Any, amount: int) -> None:
        grant = data.draw(st.sampled_from(self.held(False)))
        self.attempt(
            services.draw, vendor=self.vendor, grant=grant, amount=amount, key=f"c{self.number}",
            reason="Claimed",
        )  # fmt: skip

    @precondition(lambda self: self.held(True))
    @rule(data=st.data(), part=st.integers(0, 100))
    def answer(self, data: Any, part: int) -> None:
        claim = data.draw(st.sampled_from(self.held(True)))
        self.settle(claim, Outcome.POSTED, claim.amount * part // 100)

    @precondition(lambda self: self.held(False))
    @rule(data=st.data(), outcome=st.sampled_from([Outcome.VOIDED, Outcome.TIMED_OUT]))
    def end(self, data: Any, outcome: Outcome) -> None:
        self.settle(data.draw(st.sampled_from(self.held(False))), outcome, 0)

    def settle(self, one: Reservation, outcome: Outcome, used: int) -> None:
        done = self.attempt(
            services.resolve, vendor=self.vendor, reservation=one, outcome=outcome, used=used,
            reason="Settled",
        )  # fmt: skip
        if done:
            said = f"{done.outcome} {done.used}"
            assert self.resolved.setdefault(done.pk, said) == said

    @rule(amount=AMOUNTS, back=st.booleans())
    def pay(self, amount: int, back: bool) -> None:
        self.attempt(
            services.payment_return if back else services.pay, vendor=self.vendor, fund=self.fund,
            partner_id=self.beta.pk, amount=amount, key=f"p{self.number}", subject="", reason="Run",
        )  # fmt: skip

    @invariant()
    def rows_are_the_balance(self) -> None:
        with entered(system_scope(self.world.vendor.pk)):
            for kept in Balance.objects.filter(fund=self.fund):
                rows = Entry.objects.filter(fund=self.fund, partner=kept.partner_id).order_by()
                sums = dict(rows.values_list("account").annotate(Sum("amount")))
                assert {a.value: getattr(kept, a.value) for a in Account if sums.get(a.value)} == {
                    name: amount for name, amount in sums.items() if amount
                }

    @invariant()
    def nothing_is_spent_that_is_not_there(self) -> None:
        with entered(system_scope(self.world.vendor.pk)):
            kept = Balance.objects.filter(fund=self.fund, partner=self.beta.pk).first() or Balance()
            grants = Reservation.objects.filter(fund=self.fund, parent=None)
            drawn = grants.aggregate(total=Sum("drawn", default=0))["total"]
            waiting = sum(one.amount - one.drawn for one in grants.filter(outcome=""))
            assert kept.paid <= drawn <= kept.allocated <= 2_000
            assert kept.paid + kept.claimed == drawn
            assert kept.committed == waiting


@pytest.mark.django_db
def test_every_order_of_events_keeps_the_books(world: VendorWorld) -> None:
    Books.world = world
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
