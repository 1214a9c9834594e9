"""The life of registrations as a state machine: whatever people do, in whatever order, the rules hold."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from deals.amendments.models import Amendment
from deals.amendments.requests import AMENDMENT
from deals.approvals import services as approvals_services
from deals.deal.models import Deal, DealStatus
from deals.notes import services as notes_services
from deals.notes.models import Attachment
from deals.outcome import services as outcome_services
from deals.protection import services as protection_services
from deals.protection.models import Protection
from deals.registration import services as registration_services
from deals.registration.models import RESUBMISSIONS
from portal.events.models import PortalEvent
from portal.files.uploads import checked
from portal.requests.services import request_ask, request_grant, request_refuse, request_withdraw
from portal.tenancy.scope import entered, system_scope
from tests.support.deals import answers, do
from tests.support.worlds import Person, VendorWorld, acting_as

#: What the field says, written down once more and apart from the code: (action, state) -> next state.
LEGAL = {
    ("submit", "draft"): "submitted",
    ("review", "submitted"): "under_review",
    ("return", "submitted"): "returned",
    ("return", "under_review"): "returned",
    ("reject", "submitted"): "rejected",
    ("reject", "under_review"): "rejected",
    ("approve", "submitted"): "approved",
    ("approve", "under_review"): "approved",
    ("resubmit", "returned"): "submitted",
    ("win", "approved"): "won",
    ("lose", "approved"): "lost",
    ("stage", "approved"): "approved",
    ("withdraw", "draft"): "withdrawn",
    ("withdraw", "submitted"): "withdrawn",
    ("withdraw", "under_review"): "withdrawn",
    ("withdraw", "returned"): "withdrawn",
    ("withdraw", "approved"): "withdrawn",
}
#: Doing what has been done already is no error and no event.
REPEATED = {
    "submit": {"submitted", "under_review"},
    "resubmit": {"submitted", "under_review"},
    "review": {"under_review"},
    "return": {"returned"},
    "reject": {"rejected"},
    "approve": {"approved"},
    "win": {"won"},
    "lose": {"lost"},
    "withdraw": {"withdrawn"},
}
#: Whose files come and go when.
FILES_OF_PARTNER = {"draft", "returned", "approved"}
FILES_OF_VENDOR = {"submitted", "under_review", "returned", "approved"}
BY_VENDOR = {"review", "return", "reject", "approve"}
CUSTOMERS = ("Tiroler Logistik", "Jura Uhren")
REPS = ("partner_rep", "distributor_rep")


SERVICES = {
    "submit": registration_services.deal_submit,
    "resubmit": registration_services.deal_resubmit,
    "withdraw": registration_services.deal_withdraw,
    "review": approvals_services.deal_start_review,
    "approve": approvals_services.deal_approve,
    "return": approvals_services.deal_return,
    "reject": approvals_services.deal_reject,
    "win": outcome_services.deal_win,
    "lose": outcome_services.deal_lose,
    "stage": outcome_services.deal_stage_change,
}


@dataclass
class Known:
    """What the test believes of a deal; `claim` are (customer, place of product), `stage` a place too."""

    deal: Deal
    rep: str
    claim: set[tuple[str, int]]
    state: str = "draft"
    stage: int = 0
    again: int = 0
    files: int = 0
    sent: bool = False
    waiting: set[tuple[str, int]] | None = None
    amendment: Any = None


class Life(RuleBasedStateMachine):
    world: ClassVar[VendorWorld]

    @initialize()
    def begin(self) -> None:
        self.block = transaction.atomic()
        self.block.__enter__()
        self.deals: list[Known] = []
        self.written = 0

    def teardown(self) -> None:
        if hasattr(self, "block"):
            transaction.set_rollback(True)
            self.block.__exit__(None, None, None)

    @rule(
        rep=st.sampled_from(REPS),
        customer=st.sampled_from(CUSTOMERS),
        products=st.sets(st.sampled_from([0, 1]), min_size=1),
    )
    def draft(self, rep: str, customer: str, products: set[int]) -> None:
        with acting_as(self.world.people[rep]) as actor:
            lines = [(self.world.products[place].pk, 1) for place in products]
            typed = answers(customer_name=customer, customer_domain="")
            deal = registration_services.deal_draft_save(actor=actor, answers=typed, lines=lines)
        self.deals.append(Known(deal, rep, {(customer, place) for place in products}))
        self.written += 1

    @rule(which=st.integers(0, 9), action=st.sampled_from(sorted(SERVICES)), stage=st.integers(0, 2))
    def act(self, which: int, action: str, stage: int) -> None:
        if not self.deals:
            return
        known = self.deals[which % len(self.deals)]
        expected = self._expected(known, action, stage)
        person = self.world.people["manager" if action in BY_VENDOR else known.rep]
        if expected == "illegal":
            with pytest.raises(ValidationError):
                self._do(known, action, stage, person)
            return
        done = self._do(known, action, stage, person)
        assert done.status == (known.state if expected == "same" else expected)
        if expected != "same":
            known.state, self.written = expected, self.written + 1
            known.stage = stage if action == "stage" else 0
            known.waiting = known.waiting if expected == "approved" else None
            known.again += action == "resubmit"
            known.sent |= action == "submit"

    @rule(which=st.integers(0, 9), action=st.sampled_from(sorted(SERVICES)))
    def the_wrong_person_acts(self, which: int, action: str) -> None:
        if not self.deals:
            return
        known = self.deals[which % len(self.deals)]
        person = self.world.people[known.rep if action in BY_VENDOR else "sub_rep"]
        with pytest.raises(PermissionDenied):
            self._do(known, action, 0, person)

    @rule(which=st.integers(0, 9), by_vendor=st.booleans(), gone=st.booleans())
    def files_come_and_go(self, which: int, by_vendor: bool, gone: bool) -> None:
        if not self.deals:
            return
        known = self.deals[which % len(self.deals)]
        person = self.world.people["manager" if by_vendor else known.rep]
        if known.state not in (FILES_OF_VENDOR if by_vendor else FILES_OF_PARTNER):
            with pytest.raises(ValidationError):
                self._handle_file(known, person, gone=False)
            return
        self.written += self._handle_file(known, person, gone)

    def _handle_file(self, known: Known, person: Person, gone: bool) -> int:
        """Adds a file, or removes the first of one's own; how many of either."""
        with acting_as(person) as actor:
            mine = Attachment.objects.filter(deal=known.deal, by_vendor=actor.is_staff).first()
            if gone and mine:
                notes_services.deal_file_remove(actor=actor, deal=known.deal, file=mine)
                return 1
            known.files += 1
            upload = checked("order.txt", f"Order {known.files}".encode())
            return len(notes_services.deal_files_add(actor=actor, deal=known.deal, uploads=[upload, upload]))

    @rule(which=st.integers(0, 9), by_vendor=st.booleans())
    def somebody_writes(self, which: int, by_vendor: bool) -> None:
        if not self.deals:
            return
        known, key = self.deals[which % len(self.deals)], uuid4()
        person = self.world.people["manager" if by_vendor else known.rep]
        if not known.sent:
            with pytest.raises(ValidationError):
                do(notes_services.deal_note, person, known.deal, text="Hello", key=key)
            return
        for _ in range(2):  # a note sent twice is one
            do(notes_services.deal_note, person, known.deal, text="Hello", key=key)
        self.written += 1

    @rule(which=st.integers(0, 9), products=st.sets(st.sampled_from([0, 1]), min_size=1))
    def the_partner_wants_other_products(self, which: int, products: set[int]) -> None:
        """One less applies at once; one more waits, and while it waits nothing else can be asked."""
        if not self.deals:
            return
        known = self.deals[which % len(self.deals)]
        wanted = {(customer, place) for customer, _ in known.claim for place in products}
        if known.state != "approved" or known.waiting or wanted == known.claim:
            with pytest.raises(ValidationError):
                self._ask(known, products)
            return
        known.amendment = self._ask(known, products)
        if wanted > known.claim or wanted - known.claim:
            known.waiting = wanted
            assert known.amendment.status == "open"
        else:
            known.claim = wanted
            assert known.amendment.status == "granted"
        self.written += 1

    def _ask(self, known: Known, products: set[int]) -> Amendment:
        with acting_as(self.world.people[known.rep]) as actor:
            return request_ask(
                actor=actor,
                kind=AMENDMENT,
                subject=known.deal,
                amount=known.deal.amount or 0,
                expected_close=known.deal.expected_close,
                lines=[(self.world.products[place].pk, 1) for place in products],
            )

    @rule(which=st.integers(0, 9), how=st.sampled_from(["approve", "reject", "withdraw"]))
    def a_change_is_answered(self, which: int, how: str) -> None:
        waiting = [known for known in self.deals if known.waiting]
        if not waiting:
            return
        known = waiting[which % len(waiting)]
        wanted, held = known.waiting or set(), known.claim
        service = {"approve": request_grant, "reject": request_refuse, "withdraw": request_withdraw}[how]
        more = {"reason": "No."} if how == "reject" else {}
        with acting_as(self.world.people[known.rep if how == "withdraw" else "manager"]) as actor:
            amendment = Amendment.objects.select_related("deal").get(pk=known.amendment.pk)
            others = [other.claim for other in self.deals if other.state == "approved" and other is not known]
            if how == "approve" and any(claim & (wanted - held) for claim in others):
                with pytest.raises(ValidationError), transaction.atomic():
                    service(actor=actor, request=amendment, **more)
                return
            service(actor=actor, request=amendment, **more)
        known.claim = wanted if how == "approve" else held
        known.waiting = None
        self.written += 1

    @rule(which=st.integers(0, 9))
    def time_runs_out(self, which: int) -> None:
        running = [known for known in self.deals if known.state == "approved"]
        if not running:
            return
        known, now = running[which % len(running)], timezone.now()
        with entered(system_scope(self.world.vendor.pk)):
            Deal.objects.filter(pk=known.deal.pk).update(expires_at=now)
            assert protection_services.protection_expire_due(now=now) == 1
        known.state, known.waiting, self.written = "expired", None, self.written + 1

    @invariant()
    def the_database_agrees(self) -> None:
        if not hasattr(self, "deals"):
            return
        with entered(system_scope(self.world.vendor.pk)):
            states = dict(Deal.objects.values_list("pk", "status"))
            active = Protection.objects.filter(released_at=None)
            claims = list(active.values_list("deal_id", "customer_id", "product_id"))
            recorded = PortalEvent.objects.filter(type__startswith="deals.").count()
            changes = list(Amendment.objects.filter(status="open").values_list("deal_id", flat=True))
        assert states == {known.deal.pk: known.state for known in self.deals}
        pairs = Counter((customer, product) for _, customer, product in claims)
        assert all(count == 1 for count in pairs.values()), "two claims on one customer and product"
        assert {states[deal] for deal, _, _ in claims} <= {DealStatus.APPROVED}
        assert len(claims) == sum(len(known.claim) for known in self.deals if known.state == "approved")
        assert recorded == self.written, "an event per write, none without"
        assert sorted(changes) == sorted(known.deal.pk for known in self.deals if known.waiting)

    def _do(self, known: Known, action: str, stage: int, person: Person) -> Deal:
        today = timezone.now().astimezone(self.world.vendor.zone).date()
        more: dict[str, Any] = {
            "return": {"reason": "Which site?"},
            "reject": {"reason": "Ours."},
            "win": {"amount": 1_00, "closed_on": today},
            "lose": {"reason": "Price"},
            "stage": {"stage": self.world.stages[stage]},
        }
        return do(SERVICES[action], person, known.deal, **more.get(action, {}))

    def _expected(self, known: Known, action: str, stage: int) -> str:
        if known.state in REPEATED.get(action, ()):
            return "same"
        if action == "stage" and known.state == "approved" and stage == known.stage:
            return "same"
        next_state = LEGAL.get((action, known.state), "illegal")
        if action == "return" and known.again >= RESUBMISSIONS:
            return "illegal"
        return "illegal" if next_state == "approved" != known.state and self._taken(known) else next_state

    def _taken(self, known: Known) -> bool:
        """Whether somebody else is protected at this customer for one of these products."""
        running = (other for other in self.deals if other.state == "approved")
        return any(other.claim & known.claim for other in running)


@pytest.mark.django_db
def test_whatever_people_do_the_rules_hold(world: VendorWorld) -> None:
    run_state_machine_as_test(
        type("LifeHere", (Life,), {"world": world}),
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
