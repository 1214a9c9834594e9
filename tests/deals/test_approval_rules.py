"""Whom a registration goes to, why, by when, and what happens when nobody answers."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from deals.approvals import services as approvals_services
from deals.approvals.decision_times import percentile
from deals.approvals.models import ApprovalRule, ApprovalStep, Approver, DecisionTime, Outcome
from deals.approvals.policies import Case, conditions, first_fitting, fits
from deals.approvals.tasks import nudge_approvals, publish_decision_times
from deals.deal.models import Deal, DealStatus
from deals.protection.models import Protection
from deals.registration import services as registration_services
from portal.calendar.selectors import calendar_of
from portal.notifications.models import Notification
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from tests.support import factories
from tests.support.clocks import StoppedClock, stopped_at
from tests.support.deals import do, events, now_is, submitted
from tests.support.races import at_once
from tests.support.worlds import PortalClient, VendorWorld, acting_as

VIENNA = ZoneInfo("Europe/Vienna")
#: A Wednesday morning.
NOW = datetime(2026, 11, 18, 10, tzinfo=VIENNA)
ADMIN_STEP = (Approver.ROLE, {"role": Role.PROGRAM_ADMIN})
MANAGER_STEP = (Approver.PARTNER_MANAGER, {})
#: What the test's own transaction adds: a request of its own ends with its transaction.
CONTROL = ("SAVEPOINT", "RELEASE", "SELECT set_config('portal.vendor_id', ''")
SignIn = Callable[..., PortalClient]


@pytest.fixture
def frozen() -> Iterator[StoppedClock]:
    with stopped_at(NOW) as clock:
        yield clock


def rule(world: VendorWorld, **fields: Any) -> ApprovalRule:
    with entered(system_scope(world.vendor.pk)):
        made: ApprovalRule = factories.ApprovalRuleFactory(**fields)
        return made


def steps(world: VendorWorld, deal: Deal) -> list[ApprovalStep]:
    with entered(system_scope(world.vendor.pk)):
        found = ApprovalStep.objects.filter(deal=deal).select_related("owner", "decided_by")
        return list(found.order_by("round", "position"))


def told(world: VendorWorld, kind: str) -> list[str]:
    """Addresses of those who were notified, in order."""
    with entered(system_scope(world.vendor.pk)):
        rows = Notification.objects.filter(kind=kind).order_by("pk")
        return list(rows.values_list("user__email", flat=True))


def nudge() -> int:
    return nudge_approvals()


# Which rule fits: pure ---------------------------------------------------------------------------------


def a_rule(**fields: Any) -> ApprovalRule:
    return ApprovalRule(vendor_id=1, position=1, name="Any", outcome=Outcome.STEPS, **fields)


AMOUNTS = st.none() | st.integers(0, 100)
RULES = st.builds(
    a_rule, tier_id=st.none() | st.integers(1, 3), amount_from=AMOUNTS, amount_to=AMOUNTS,
    product_id=st.none() | st.integers(1, 3), source=st.sampled_from(["", "partner_sourced", "co_sell"]),
)  # fmt: skip
CASES = st.builds(
    Case, st.none() | st.integers(1, 3), st.integers(0, 100), st.frozensets(st.integers(1, 3), min_size=1),
    st.sampled_from(["partner_sourced", "co_sell", "vendor_lead"]),
)  # fmt: skip


@given(RULES, CASES)
def test_a_rule_without_conditions_fits_everything_and_each_condition_only_narrows(
    rule: ApprovalRule, case: Case
) -> None:
    assert fits(a_rule(), case)
    for name, nothing in (
        ("tier_id", None), ("amount_from", None), ("amount_to", None), ("product_id", None), ("source", ""),
    ):  # fmt: skip
        wider = a_rule(tier_id=rule.tier_id, amount_from=rule.amount_from, amount_to=rule.amount_to,
                       product_id=rule.product_id, source=rule.source)  # fmt: skip
        setattr(wider, name, nothing)
        assert fits(wider, case) or not fits(rule, case)


@given(st.lists(RULES, max_size=5), CASES)
def test_the_first_that_fits_counts(rules: list[ApprovalRule], case: Case) -> None:
    fitting = [rule for rule in rules if fits(rule, case)]
    assert first_fitting(rules, case) is (fitting[0] if fitting else None)


@pytest.mark.parametrize(("amount", "fit"), [(99, False), (100, True), (199, True), (200, False)])
def test_amounts_are_from_and_under(amount: int, fit: bool) -> None:
    case = Case(None, amount, frozenset({1}), "partner_sourced")
    assert fits(a_rule(amount_from=100, amount_to=200), case) is fit


def test_what_else_is_on_a_deal_does_not_pass_unseen() -> None:
    both = Case(None, 10, frozenset({1, 2}), "partner_sourced")
    one = a_rule(product_id=1)
    assert fits(one, both)
    one.outcome = Outcome.APPROVE
    assert not fits(one, both)


def test_conditions_are_said_in_words() -> None:
    assert conditions(a_rule(), "EUR") == "every registration"
    assert conditions(a_rule(amount_from=10_000_00), "EUR") == "€10,000 and more"
    some = a_rule(amount_from=10_000_00, amount_to=50_000_00, source="co_sell")
    assert conditions(some, "EUR") == "€10,000 to under €50,000, co-sell"


# At submission -----------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestSubmitting:
    def test_without_rules_the_partners_manager_decides_within_the_promised_working_hours(
        self, world: VendorWorld, frozen: StoppedClock
    ) -> None:
        deal = submitted(world.people["partner_rep"], world)
        (step,) = steps(world, deal)
        assert (step.owner, step.role) == (world.people["manager"].user, "")
        assert deal.decision_due_at == datetime(2026, 11, 20, 10, tzinfo=VIENNA) == step.due_at
        assert step.half_at == datetime(2026, 11, 19, 10, tzinfo=VIENNA)
        assert step.remind_at == datetime(2026, 11, 20, 9, tzinfo=VIENNA)

    @pytest.mark.parametrize(
        ("submitted_at", "due"),
        [  # Friday afternoons before the clock changes: 16 working hours end on Tuesday, same wall time.
            (datetime(2026, 3, 27, 15, tzinfo=VIENNA), datetime(2026, 3, 31, 15, tzinfo=VIENNA)),
            (datetime(2026, 10, 23, 15, tzinfo=VIENNA), datetime(2026, 10, 27, 15, tzinfo=VIENNA)),
        ],
    )
    def test_over_both_clock_changes(self, submitted_at: datetime, due: datetime, world: VendorWorld) -> None:
        with stopped_at(submitted_at):
            deal = submitted(world.people["partner_rep"], world)
        assert deal.decision_due_at == due

    def test_a_rule_approves_at_once_and_protects(self, world: VendorWorld) -> None:
        rule(world, amount_to=100_000_00)
        deal = submitted(world.people["partner_rep"], world)
        assert deal.status == DealStatus.APPROVED
        assert events(world, deal)[-2:] == ["deals.submitted", "deals.approved"]
        with entered(system_scope(world.vendor.pk)):
            assert Protection.objects.filter(deal=deal, released_at=None).count() == 1
        assert told(world, "deals.approved") == [world.people["partner_rep"].user.email]
        assert told(world, "deals.submitted") == []
        assert steps(world, deal) == []

    def test_a_rule_never_approves_over_a_claim(self, world: VendorWorld) -> None:
        held = submitted(world.people["distributor_rep"], world)
        do(approvals_services.deal_approve, world.people["manager"], held)
        rule(world)
        deal = submitted(world.people["partner_rep"], world)
        assert deal.status == DealStatus.SUBMITTED
        (step,) = steps(world, deal)
        assert "the customer may be claimed already" in step.reason
        assert told(world, "deals.submitted")[-1] == world.people["manager"].user.email

    def test_another_amount_goes_to_people(self, world: VendorWorld) -> None:
        rule(world, amount_to=50_000_00)
        assert submitted(world.people["partner_rep"], world).status == DealStatus.SUBMITTED

    def test_a_rule_that_is_switched_off_does_nothing(self, world: VendorWorld) -> None:
        rule(world, is_active=False)
        assert submitted(world.people["partner_rep"], world).status == DealStatus.SUBMITTED

    def test_a_named_person_is_asked(self, world: VendorWorld) -> None:
        admin = world.people["program_admin"].user
        rule(world, name="Arms", product=world.products[0], steps=[(Approver.PERSON, {"person": admin})])
        deal = submitted(world.people["partner_rep"], world)
        (step,) = steps(world, deal)
        assert (step.owner, deal.assigned_to) == (admin, admin)
        assert step.reason == "the rule “Arms” applies (Arm)"
        with pytest.raises(PermissionDenied):
            do(approvals_services.deal_approve, world.people["manager"], deal)

    def test_a_person_who_cannot_decide_is_replaced_by_the_program_admins(self, world: VendorWorld) -> None:
        other = world.people["other_manager"].user  # manages nobody
        rule(world, steps=[(Approver.PERSON, {"person": other})])
        deal = submitted(world.people["partner_rep"], world)
        (step,) = steps(world, deal)
        assert (step.owner, step.role) == (None, Role.PROGRAM_ADMIN)
        assert "cannot decide" in step.reason
        assert told(world, "deals.submitted") == [world.people["program_admin"].user.email]

    def test_rules_of_another_vendor_do_not_count(self, world: VendorWorld, other_world: VendorWorld) -> None:
        rule(other_world)
        assert submitted(world.people["partner_rep"], world).status == DealStatus.SUBMITTED


@pytest.mark.django_db
class TestStepsInOrder:
    @pytest.fixture
    def deal(self, world: VendorWorld, frozen: StoppedClock) -> Deal:
        rule(world, name="Large deals", amount_from=80_000_00, steps=[MANAGER_STEP, ADMIN_STEP])
        return submitted(world.people["partner_rep"], world)

    def test_the_deal_is_approved_with_the_last_one(self, world: VendorWorld, deal: Deal) -> None:
        manager, admin = world.people["manager"], world.people["program_admin"]
        deal = do(approvals_services.deal_approve, manager, deal)
        assert (deal.status, deal.needs_role, deal.approved_at) == ("under_review", "program_admin", None)
        assert told(world, "deals.your_turn") == [admin.user.email]
        with pytest.raises(PermissionDenied):
            do(approvals_services.deal_approve, manager, deal)
        deal = do(approvals_services.deal_approve, admin, deal)
        assert deal.status == DealStatus.APPROVED
        first, second = steps(world, deal)
        assert (first.decided_by, second.decided_by) == (manager.user, admin.user)
        assert [first.outcome, second.outcome] == ["approved", "approved"]
        assert events(world, deal)[-2:] == ["deals.step_approved", "deals.approved"]

    def test_each_has_an_equal_part_of_the_time(self, world: VendorWorld, deal: Deal) -> None:
        first, second = steps(world, deal)
        assert first.due_at == datetime(2026, 11, 19, 10, tzinfo=VIENNA)
        assert second.due_at == datetime(2026, 11, 20, 10, tzinfo=VIENNA) == deal.decision_due_at
        assert second.began_at is None

    def test_pressed_twice_is_one_approval(self, world: VendorWorld, deal: Deal) -> None:
        admin = world.people["program_admin"]  # may give both
        do(approvals_services.deal_approve, admin, deal, step=1)
        deal = do(approvals_services.deal_approve, admin, deal, step=1)
        assert deal.status == DealStatus.UNDER_REVIEW
        assert do(approvals_services.deal_approve, admin, deal, step=2).status == DealStatus.APPROVED

    def test_who_is_not_on_turn_neither_returns_nor_rejects(self, world: VendorWorld, deal: Deal) -> None:
        do(approvals_services.deal_approve, world.people["manager"], deal)
        for service in (approvals_services.deal_return, approvals_services.deal_reject):
            with pytest.raises(PermissionDenied):
                do(service, world.people["manager"], now_is(world, deal), reason="No")

    def test_a_return_ends_the_round_and_the_next_begins_anew(self, world: VendorWorld, deal: Deal) -> None:
        do(approvals_services.deal_return, world.people["manager"], deal, reason="Which site?")
        (closed,) = steps(world, deal)
        assert closed.outcome == "returned"
        do(registration_services.deal_resubmit, world.people["partner_rep"], deal)
        assert [(step.round, step.position) for step in steps(world, deal)] == [(1, 1), (2, 1), (2, 2)]
        assert now_is(world, deal).needs_role == ""

    def test_a_withdrawal_ends_it(self, world: VendorWorld, deal: Deal, frozen: StoppedClock) -> None:
        do(registration_services.deal_withdraw, world.people["partner_rep"], deal)
        frozen.shift(timedelta(days=30))
        assert [step.outcome for step in steps(world, deal)] == ["withdrawn"]
        assert nudge() == 0

    def test_what_begins_late_still_gets_its_time(
        self, world: VendorWorld, deal: Deal, frozen: StoppedClock
    ) -> None:
        frozen.move_to(datetime(2026, 11, 23, 12, tzinfo=VIENNA))
        do(approvals_services.deal_approve, world.people["manager"], deal)
        _, second = steps(world, deal)
        assert second.due_at == datetime(2026, 11, 24, 12, tzinfo=VIENNA)

    def test_a_claim_that_appeared_holds_up_the_last_approval_and_keeps_the_first(
        self, world: VendorWorld, deal: Deal
    ) -> None:
        do(approvals_services.deal_approve, world.people["manager"], deal)
        other = submitted(world.people["distributor_rep"], world, amount=1_000_00)
        do(approvals_services.deal_approve, world.people["manager"], other)
        with pytest.raises(Exception, match="protected for"):
            do(approvals_services.deal_approve, world.people["program_admin"], deal)
        assert [step.outcome for step in steps(world, deal)] == ["approved", ""]

    def test_in_the_list_of_approvals(self, world: VendorWorld, deal: Deal, client_as: SignIn) -> None:
        client, path = client_as(world.people["manager"]), reverse("deals:inbox")
        box = f'name="reference" value="{deal.reference}"'
        assert box in client.get(path).content.decode()
        said = client.post(path, {"reference": deal.reference}, follow=True).content.decode()
        assert "passed on for another approval" in said
        assert box not in said
        assert "Program admins" in said
        said = client.post(path, {"reference": deal.reference}, follow=True).content.decode()
        assert "waits for somebody else" in said
        assert now_is(world, deal).status == DealStatus.UNDER_REVIEW

    def test_both_sides_see_owner_and_due_time_and_only_the_vendor_the_reason(
        self, world: VendorWorld, deal: Deal, client_as: SignIn
    ) -> None:
        path = reverse("deals:detail", args=[deal.reference])
        partner = client_as(world.people["partner_rep"]).get(path).content.decode()
        manager = client_as(world.people["manager"]).get(path).content.decode()
        for page in (partner, manager):
            assert str(world.people["manager"].user) in page
            assert "tomorrow 10:00" in page
        assert "Came to you because the rule “Large deals” applies (€80,000 and more)" in manager
        assert "Large deals" not in partner


# Reminders and escalation -------------------------------------------------------------------------------


@pytest.mark.django_db
class TestTheClock:
    @pytest.fixture
    def deal(self, world: VendorWorld, frozen: StoppedClock) -> Deal:
        return submitted(world.people["partner_rep"], world)

    def test_half_time_last_call_and_escalation_once_each(
        self, world: VendorWorld, deal: Deal, frozen: StoppedClock
    ) -> None:
        manager, admin = world.people["manager"].user.email, world.people["program_admin"].user.email
        seen = []
        for moment in (
            NOW,
            NOW + timedelta(hours=23),
            datetime(2026, 11, 19, 10, tzinfo=VIENNA),
            datetime(2026, 11, 19, 11, tzinfo=VIENNA),
            datetime(2026, 11, 20, 9, tzinfo=VIENNA),
            datetime(2026, 11, 20, 10, tzinfo=VIENNA),
            datetime(2026, 11, 25, 10, tzinfo=VIENNA),
        ):
            frozen.move_to(moment)
            nudge(), nudge()
            seen.append((len(told(world, "deals.reminder")), len(told(world, "deals.escalated"))))
        assert seen == [(0, 0), (0, 0), (1, 0), (1, 0), (2, 0), (2, 1), (2, 1)]
        assert told(world, "deals.reminder") == [manager, manager]
        assert told(world, "deals.escalated") == [admin]
        assert events(world, deal)[-1] == "deals.decision_overdue"

    def test_silence_never_approves(self, world: VendorWorld, deal: Deal, frozen: StoppedClock) -> None:
        frozen.shift(timedelta(days=60))
        nudge()
        assert now_is(world, deal).status == DealStatus.SUBMITTED

    def test_after_an_outage_only_the_most_urgent(
        self, world: VendorWorld, deal: Deal, frozen: StoppedClock
    ) -> None:
        frozen.shift(timedelta(days=10))
        assert nudge() == 1
        assert told(world, "deals.reminder") == []

    def test_nobody_is_reminded_of_what_is_decided(
        self, world: VendorWorld, deal: Deal, frozen: StoppedClock
    ) -> None:
        do(approvals_services.deal_approve, world.people["manager"], deal)
        frozen.shift(timedelta(days=10))
        assert nudge() == 0

    def test_a_run_that_dies_has_told_nobody_and_the_next_tells_once(
        self, world: VendorWorld, deal: Deal, frozen: StoppedClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        frozen.shift(timedelta(days=10))
        with monkeypatch.context() as dying:
            dying.setattr(ApprovalStep.objects.__class__, "bulk_update", _dies, raising=False)
            with pytest.raises(SystemError):
                nudge()
        assert told(world, "deals.escalated") == []
        assert nudge() == 1
        assert nudge() == 0
        assert len(told(world, "deals.escalated")) == 1

    def test_imported_registrations_are_minded_as_well(
        self, world: VendorWorld, frozen: StoppedClock
    ) -> None:
        with entered(system_scope(world.vendor.pk)):
            deal = factories.DealFactory(
                partner=world.partners["beta"], status=DealStatus.SUBMITTED, submitted_at=NOW,
                decision_due_at=NOW + timedelta(days=2), external_key="crm-1",
            )  # fmt: skip
        assert nudge() == 0
        frozen.shift(timedelta(days=7))
        assert nudge() == 1
        assert len(steps(world, deal)) == 1
        assert now_is(world, deal).assigned_to == world.people["manager"].user


def _dies(*args: Any, **kwargs: Any) -> None:
    raise SystemError("killed")


# What is published --------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestPublishedTimes:
    def decided(self, world: VendorWorld, hours: list[float]) -> None:
        with entered(system_scope(world.vendor.pk)):
            calendar = calendar_of(world.vendor)
            since = datetime(2026, 11, 2, 9, tzinfo=VIENNA)
            for taken in hours:
                factories.DealFactory(
                    partner=world.partners["beta"], status=DealStatus.APPROVED, submitted_at=since,
                    pending_since=since, approved_at=calendar.add_hours(since, taken),
                )  # fmt: skip

    def test_median_and_ninetieth_percentile_in_working_hours(
        self, world: VendorWorld, frozen: StoppedClock
    ) -> None:
        self.decided(world, [1, 2, 3, 10, 20])
        assert publish_decision_times() == 1
        assert publish_decision_times() == 0
        with acting_as(world.people["partner_rep"]):
            published = DecisionTime.objects.get()
        assert (published.median_hours, published.decisions) == (3, 5)
        assert published.p90_hours == pytest.approx(16)
        frozen.shift(timedelta(days=1))
        assert publish_decision_times() == 1

    def test_too_few_or_too_old_say_nothing(self, world: VendorWorld, frozen: StoppedClock) -> None:
        self.decided(world, [1, 2, 3, 4])
        publish_decision_times()
        with entered(system_scope(world.vendor.pk)):
            assert DecisionTime.objects.get().median_hours is None
        self.decided(world, [5])
        frozen.shift(timedelta(days=91))
        publish_decision_times()
        with entered(system_scope(world.vendor.pk)):
            assert DecisionTime.objects.get().decisions == 0

    def test_partners_read_it_before_they_register(
        self, world: VendorWorld, client_as: SignIn, frozen: StoppedClock
    ) -> None:
        self.decided(world, [0.5, 0.5, 0.5, 2, 2])
        publish_decision_times()
        page = client_as(world.people["partner_rep"]).get(reverse("deals:create")).content.decode()
        assert "took 30 minutes or less, nine in ten 2 working hours" in page

    @given(st.lists(st.floats(0, 100), min_size=1), st.floats(0, 1))
    def test_a_percentile_lies_among_the_values(self, values: list[float], share: float) -> None:
        ordered = sorted(values)
        assert ordered[0] <= percentile(ordered, share) <= ordered[-1]
        assert percentile(ordered, 0) == ordered[0]
        assert percentile(ordered, 1) == ordered[-1]


# In the administration ----------------------------------------------------------------------------------


@pytest.mark.django_db
class TestRulesInTheAdministration:
    def posted(self, **changes: str) -> dict[str, str]:
        return {
            "position": "1", "name": "Large deals", "is_active": "on", "at_least": "50000", "under": "",
            "source": "", "tier": "", "product": "", "outcome": "steps",
            "steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "0",
            "steps-0-position": "1", "steps-0-approver": "role", "steps-0-role": "program_admin",
            **changes,
        }  # fmt: skip

    def test_a_rule_is_made_in_whole_money(self, world: VendorWorld, client_as: SignIn) -> None:
        client = client_as(world.people["program_admin"])
        answer = client.post(reverse("admin:deals_approvalrule_add"), self.posted())
        assert answer.status_code == 302
        with entered(system_scope(world.vendor.pk)):
            made = ApprovalRule.objects.get()
            assert (made.amount_from, made.amount_to, made.steps.count()) == (50_000_00, None, 1)
        assert b"50,000" in client.get(reverse("admin:deals_approvalrule_changelist")).content

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"under": "100"}, "above the lower amount"),
            ({"steps-TOTAL_FORMS": "0"}, "Say who approves"),
            ({"outcome": "approve"}, "Nobody approves what is approved at once"),
            ({"steps-0-role": ""}, "Say which role"),
            ({"steps-0-approver": "person"}, "Say which person"),
        ],
    )
    def test_what_cannot_be_is_said(
        self, changes: dict[str, str], said: str, world: VendorWorld, client_as: SignIn
    ) -> None:
        client = client_as(world.people["program_admin"])
        answer = client.post(reverse("admin:deals_approvalrule_add"), self.posted(**changes))
        assert answer.status_code == 422
        assert said in answer.content.decode()
        with entered(system_scope(world.vendor.pk)):
            assert not ApprovalRule.objects.exists()


@pytest.mark.django_db
def test_the_pages_stay_within_twelve_statements(world: VendorWorld, client_as: SignIn) -> None:
    rule(world, steps=[MANAGER_STEP, ADMIN_STEP])
    deal = submitted(world.people["partner_rep"], world)
    for name, page in (
        ("partner_rep", reverse("deals:detail", args=[deal.reference])),
        ("manager", reverse("deals:detail", args=[deal.reference])),
        ("partner_rep", reverse("deals:create")),
        ("manager", reverse("deals:inbox")),
    ):
        client = client_as(world.people[name])
        client.get(page)
        with CaptureQueriesContext(connection) as queries:
            client.get(page)
        sent = [q["sql"] for q in queries if not q["sql"].startswith(CONTROL)]
        assert len(sent) <= 12, (name, page, sent)


@pytest.mark.django_db(transaction=True)
class TestAtTheSameMoment:
    def test_two_give_the_first_of_two_approvals_and_it_is_given_once(self, world: VendorWorld) -> None:
        with transaction.atomic():
            rule(world, steps=[MANAGER_STEP, ADMIN_STEP])
        deal = submitted(world.people["partner_rep"], world)
        both = [world.people["manager"], world.people["program_admin"]]
        at_once(*(lambda who=who: do(approvals_services.deal_approve, who, deal, step=1) for who in both))
        with transaction.atomic():
            assert [step.outcome for step in steps(world, deal)] == ["approved", ""]
        assert now_is(world, deal).status == DealStatus.UNDER_REVIEW
        assert events(world, deal).count("deals.step_approved") == 1

    def test_two_workers_remind_once(self, world: VendorWorld) -> None:
        with stopped_at(NOW):
            submitted(world.people["partner_rep"], world)
        with stopped_at(NOW + timedelta(days=5)):
            done = at_once(nudge, nudge)
        assert sorted(done) == [0, 1]
        with transaction.atomic():
            assert len(told(world, "deals.escalated")) == 1
