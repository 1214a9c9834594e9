"""What people do with deals: each action writes once, records once, and refuses what is not its turn."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from deals.approvals import services as approvals_services
from deals.customers.models import Customer
from deals.deal.models import Deal, DealStatus, StageChange
from deals.outcome import services as outcome_services
from deals.protection.models import Protection
from deals.protection.tasks import expire_protection
from deals.registration import services as registration_services
from partners.models import Partner, PartnerStatus, Tier
from portal.events.models import OutboxMessage, PortalEvent
from portal.events.outbox import deliver
from portal.money.models import ExchangeRate
from portal.people.models import Membership
from portal.tenancy.scope import entered, system_scope
from tests.support.clocks import stopped_at
from tests.support.deals import answers, approved, do, draft, events, now_is, submitted
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db


def mails(world: VendorWorld) -> list[tuple[str, str]]:
    """(template, address) of what waits in the outbox, in order."""
    with acting_as(world.people["program_admin"]):
        rows = OutboxMessage.objects.order_by("created_at").values_list("payload", flat=True)
        return [(payload["template"], payload["to"]) for payload in rows]


def test_the_long_way_from_draft_to_win(world: VendorWorld) -> None:
    rep, manager = world.people["partner_rep"], world.people["manager"]
    deal = submitted(rep, world)
    assert deal.assigned_to == manager.user
    do(approvals_services.deal_start_review, manager, deal)
    do(approvals_services.deal_return, manager, deal, reason="Which site?")
    do(registration_services.deal_resubmit, rep, deal)
    deal = do(approvals_services.deal_approve, manager, deal)
    do(outcome_services.deal_stage_change, rep, deal, stage=world.stages[1])
    deal = do(outcome_services.deal_win, rep, deal, amount=90_000_00, closed_on=timezone.localdate())
    assert (deal.status, deal.won_amount, deal.won_amount_vendor) == (DealStatus.WON, 90_000_00, 90_000_00)
    assert events(world, deal) == [
        "deals.drafted", "deals.submitted", "deals.review_started", "deals.returned", "deals.submitted",
        "deals.approved", "deals.stage_changed", "deals.won",
    ]  # fmt: skip
    with acting_as(manager):
        assert StageChange.objects.filter(deal=deal).count() == 2
        assert [p.released_at is not None for p in Protection.objects.filter(deal=deal)] == [True]


def test_the_same_form_twice_is_one_deal(world: VendorWorld) -> None:
    rep, key = world.people["partner_rep"], uuid4()
    lines = [(world.products[0].pk, 1)]
    for _ in range(2):
        with acting_as(rep) as actor:
            deal = registration_services.deal_draft_save(actor=actor, answers=answers(), lines=lines, key=key)
            registration_services.deal_submit(actor=actor, deal=deal)
    with acting_as(rep):
        assert Deal.objects.count() == 1
    assert events(world, deal) == ["deals.drafted", "deals.submitted"]
    assert mails(world) == [("deal_submitted", world.people["manager"].user.email)]


@pytest.mark.parametrize(
    ("action", "who", "more"),
    [
        (approvals_services.deal_start_review, "manager", {}),
        (approvals_services.deal_approve, "manager", {}),
        (approvals_services.deal_return, "manager", {"reason": "Which site?"}),
        (approvals_services.deal_reject, "manager", {"reason": "We sell there ourselves."}),
        (registration_services.deal_withdraw, "partner_rep", {}),
    ],
)
def test_a_second_press_does_nothing_more(world: VendorWorld, action: Any, who: str, more: Any) -> None:
    deal = submitted(world.people["partner_rep"], world)
    first = do(action, world.people[who], deal, **more)
    recorded, sent = events(world, deal), mails(world)
    again = do(action, world.people[who], deal, **more)
    assert (again.status, again.updated_at) == (first.status, first.updated_at)
    assert (events(world, deal), mails(world)) == (recorded, sent)


@pytest.mark.parametrize(
    ("action", "more"),
    [
        (outcome_services.deal_win, {"amount": 1_00, "closed_on": "today"}),
        (outcome_services.deal_lose, {"reason": "Price"}),
        (registration_services.deal_withdraw, {}),
    ],
)
def test_an_outcome_ends_protection_once(world: VendorWorld, action: Any, more: dict[str, Any]) -> None:
    deal, rep = approved(world), world.people["partner_rep"]
    more = {**more, **({"closed_on": timezone.localdate()} if "closed_on" in more else {})}
    for _ in range(2):
        do(action, rep, deal, **more)
    assert len(events(world, deal)) == 4
    with acting_as(rep):
        assert Protection.objects.get(deal=deal).released_at is not None


def test_an_unchanged_draft_is_not_saved_again(world: VendorWorld) -> None:
    rep = world.people["partner_rep"]
    deal = draft(rep, world)
    same = {"answers": answers(), "lines": [(world.products[0].pk, 6)]}
    do(registration_services.deal_draft_save, rep, deal, **same)
    assert events(world, deal) == ["deals.drafted"]
    do(registration_services.deal_draft_save, rep, deal, **{**same, "lines": [(world.products[1].pk, 2)]})
    assert events(world, deal) == ["deals.drafted", "deals.drafted"]
    with acting_as(rep):
        assert list(deal.lines.values_list("product_id", "quantity")) == [(world.products[1].pk, 2)]


@pytest.mark.parametrize("who", ["distributor_rep", "sub_rep", "manager", "executive", "program_admin"])
def test_only_the_partner_itself_works_on_a_registration(world: VendorWorld, who: str) -> None:
    deal = draft(world.people["partner_rep"], world)
    for action, more in (
        (registration_services.deal_draft_save, {"answers": {}}),
        (registration_services.deal_submit, {}),
        (registration_services.deal_withdraw, {}),
    ):
        with pytest.raises(PermissionDenied):
            do(action, world.people[who], deal, **more)
    assert events(world, deal) == ["deals.drafted"]


@pytest.mark.parametrize("who", ["partner_rep", "partner_admin", "other_manager", "executive", "sub_rep"])
def test_only_managers_of_the_partner_decide(world: VendorWorld, who: str) -> None:
    deal = submitted(world.people["partner_rep"], world)
    for action, more in (
        (approvals_services.deal_start_review, {}),
        (approvals_services.deal_approve, {}),
        (approvals_services.deal_return, {"reason": "?"}),
        (approvals_services.deal_reject, {"reason": "?"}),
    ):
        with pytest.raises(PermissionDenied):
            do(action, world.people[who], deal, **more)
    assert now_is(world, deal).status == DealStatus.SUBMITTED


def test_a_distributor_reads_its_sub_partners_deals_and_does_not_act(world: VendorWorld) -> None:
    deal = submitted(world.people["sub_rep"], world)
    with acting_as(world.people["distributor_admin"]):
        assert Deal.objects.filter(pk=deal.pk).exists()
    with pytest.raises(PermissionDenied):
        do(registration_services.deal_withdraw, world.people["distributor_admin"], deal)


def test_a_rep_kept_to_own_deals_cannot_touch_a_colleagues(world: VendorWorld) -> None:
    deal = draft(world.people["partner_admin"], world)
    with entered(system_scope(world.vendor.pk)):
        Partner.objects.filter(pk=world.partners["beta"].pk).update(own_deals_only=True)
    with pytest.raises(PermissionDenied):
        do(registration_services.deal_submit, world.people["partner_rep"], deal)
    do(registration_services.deal_submit, world.people["partner_admin"], deal)


def test_a_suspended_partner_registers_nothing(world: VendorWorld) -> None:
    deal = draft(world.people["partner_rep"], world)
    with entered(system_scope(world.vendor.pk)):
        Partner.objects.filter(pk=world.partners["beta"].pk).update(status=PartnerStatus.SUSPENDED)
    with pytest.raises(PermissionDenied):
        draft(world.people["partner_rep"], world)
    with pytest.raises(PermissionDenied):
        do(registration_services.deal_submit, world.people["partner_rep"], deal)


def test_an_incomplete_draft_is_kept_and_not_submitted(world: VendorWorld) -> None:
    rep = world.people["partner_rep"]
    with acting_as(rep) as actor:
        deal = registration_services.deal_draft_save(actor=actor, answers={"customer_name": "Only a name"})
    with pytest.raises(ValidationError) as refused:
        do(registration_services.deal_submit, rep, deal)
    wanted = {"customer_country", "contact_name", "amount", "expected_close", "use_case", "products"}
    assert set(refused.value.message_dict) == wanted
    assert now_is(world, deal).status == DealStatus.DRAFT


def test_a_draft_that_has_grown_old_must_name_a_new_date(world: VendorWorld) -> None:
    rep = world.people["partner_rep"]
    deal = draft(rep, world, expected_close=timezone.localdate() - timedelta(days=2))
    with pytest.raises(ValidationError, match="past"):
        do(registration_services.deal_submit, rep, deal)


# Money -----------------------------------------------------------------------------------------------


def test_the_amount_is_fixed_at_the_rate_of_the_day(world: VendorWorld) -> None:
    today = timezone.localdate()
    with entered(system_scope(world.vendor.pk)):
        for day, rate in ((today - timedelta(days=9), "0.9"), (today - timedelta(days=1), "0.925")):
            ExchangeRate.objects.create(currency="USD", day=day, rate=Decimal(rate))
        ExchangeRate.objects.create(currency="USD", day=today + timedelta(days=5), rate=Decimal(2))
        ExchangeRate.objects.create(currency="JPY", day=today, rate=Decimal("0.0061"))
    rep = world.people["partner_rep"]
    dollars = submitted(rep, world, currency="USD", amount=1_000_01)
    yen = submitted(rep, world, currency="JPY", amount=1_000_000, customer_name="Other")
    assert (dollars.amount_vendor, yen.amount_vendor) == (925_01, 6_100_00)


def test_a_currency_without_a_rate_is_refused_beside_its_field(world: VendorWorld) -> None:
    rep = world.people["partner_rep"]
    deal = draft(rep, world, currency="CHF")
    with pytest.raises(ValidationError) as refused:
        do(registration_services.deal_submit, rep, deal)
    assert "no exchange rate for CHF" in refused.value.message_dict["currency"][0]
    assert (now_is(world, deal).status, now_is(world, deal).customer_id) == (DealStatus.DRAFT, None)


def test_an_amount_beyond_reason_is_refused_beside_its_field(world: VendorWorld) -> None:
    with entered(system_scope(world.vendor.pk)):
        ExchangeRate.objects.create(currency="USD", day=timezone.localdate(), rate=Decimal(9_999_999_999))
    rep = world.people["partner_rep"]
    deal = draft(rep, world, currency="USD", amount=10**16)
    with pytest.raises(ValidationError) as refused:
        do(registration_services.deal_submit, rep, deal)
    assert refused.value.message_dict == {"amount": ["This amount is too large."]}


# Protection --------------------------------------------------------------------------------------------


def test_the_tier_decides_how_long_else_the_vendor(world: VendorWorld) -> None:
    with entered(system_scope(world.vendor.pk)):
        Tier.objects.filter(pk=world.tiers[0].pk).update(protection_days=30)
    by_tier = approved(world)
    by_vendor = approved(world, "distributor_rep", customer_name="Else", customer_domain="")
    assert [_days(deal) for deal in (by_tier, by_vendor)] == [30, world.vendor.protection_days]


def _days(deal: Deal) -> int:
    assert deal.expires_at is not None
    assert deal.approved_at is not None
    return (deal.expires_at - deal.approved_at).days


def test_a_second_claim_is_refused_with_its_name_and_nothing_is_half_written(world: VendorWorld) -> None:
    """The other claim belongs to a partner this manager cannot even see."""
    first = submitted(world.people["sub_rep"], world, products=(1,))
    do(approvals_services.deal_approve, world.people["program_admin"], first)
    second = submitted(world.people["partner_rep"], world, products=(0, 1), customer_name="TIROLER LOGISTIK")
    with pytest.raises(ValidationError) as refused:
        do(approvals_services.deal_approve, world.people["manager"], second)
    message = " ".join(refused.value.messages)
    assert "Cart" in message
    assert first.reference in message
    assert "Gamma of acme" in message
    assert now_is(world, second).status == DealStatus.SUBMITTED
    with acting_as(world.people["program_admin"]):
        assert Protection.objects.filter(deal=second).count() == 0
        assert StageChange.objects.filter(deal=second).count() == 0
    assert events(world, second) == ["deals.drafted", "deals.submitted"]


def test_another_product_at_the_same_customer_is_free(world: VendorWorld) -> None:
    approved(world, products=(0,))
    other = approved(world, "distributor_rep", products=(1,))
    assert other.status == DealStatus.APPROVED


def test_protection_that_has_run_out_makes_room_at_once(world: VendorWorld) -> None:
    old = approved(world)
    _run_out(world, old)
    new = approved(world, "distributor_rep")
    assert new.status == DealStatus.APPROVED
    assert now_is(world, old).status == DealStatus.EXPIRED
    assert events(world, old)[-1] == "deals.expired"


def _run_out(world: VendorWorld, deal: Deal) -> None:
    past = timezone.now() - timedelta(days=1)
    with entered(system_scope(world.vendor.pk)):
        Deal.objects.filter(pk=deal.pk).update(approved_at=past - timedelta(days=90), expires_at=past)
        Protection.objects.filter(deal=deal).update(starts_at=past - timedelta(days=90), expires_at=past)


def test_the_hourly_task_expires_what_has_run_out_and_nothing_else(world: VendorWorld) -> None:
    due, running, won = (
        approved(world, customer_name=name, customer_domain="") for name in ("A1", "B2", "C3")
    )
    do(
        outcome_services.deal_win,
        world.people["partner_rep"],
        won,
        amount=1_00,
        closed_on=timezone.localdate(),
    )
    for deal in (due, won):
        _run_out(world, deal)
    assert expire_protection() == 1
    assert expire_protection() == 0
    assert [now_is(world, deal).status for deal in (due, running, won)] == ["expired", "approved", "won"]
    assert events(world, due).count("deals.expired") == 1
    with acting_as(world.people["program_admin"]):
        assert Protection.objects.get(deal=due).released_at is not None


def test_several_are_approved_together_and_the_claimed_one_stays(world: VendorWorld) -> None:
    approved(world, "distributor_rep")
    rep, manager = world.people["partner_rep"], world.people["manager"]
    clear = submitted(rep, world, customer_name="Free AG", customer_domain="free.example")
    claimed = submitted(rep, world)
    with acting_as(manager) as actor:
        done, refused = approvals_services.deals_approve(actor=actor, deals=[claimed, clear])
    assert [deal.pk for deal in done] == [clear.pk]
    assert [deal.pk for deal, _ in refused] == [claimed.pk]
    assert now_is(world, claimed).status == DealStatus.SUBMITTED


# Customers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("second", "same"),
    [
        ({"customer_domain": "www.tiroler-logistik.at/kontakt", "customer_name": "TL"}, True),
        ({"customer_domain": "", "customer_name": "Tiroler Logistik GmbH"}, True),
        ({"customer_domain": "other.at", "customer_name": "Tiroler Logistik AG"}, False),
        ({"customer_domain": "", "customer_name": "Tiroler Logistik AG", "customer_country": "DE"}, False),
        ({"customer_domain": "", "customer_name": "Somebody else"}, False),
    ],
)
def test_customers_are_matched_by_domain_then_by_name(
    world: VendorWorld, second: dict[str, str], same: bool
) -> None:
    one = submitted(world.people["partner_rep"], world)
    two = submitted(world.people["sub_rep"], world, **second)
    assert (one.customer_id == two.customer_id) is same
    assert two.customer_name == second["customer_name"], "what the partner typed stays theirs"


def test_two_customers_with_an_address_at_a_mail_provider_are_two(world: VendorWorld) -> None:
    one = submitted(world.people["partner_rep"], world, customer_name="One", customer_domain="gmail.com")
    two = submitted(world.people["partner_rep"], world, customer_name="Two", customer_domain="gmail.com")
    assert one.customer_id != two.customer_id


def test_a_corrected_customer_is_matched_again(world: VendorWorld) -> None:
    rep, manager = world.people["partner_rep"], world.people["manager"]
    deal = submitted(rep, world)
    do(approvals_services.deal_return, manager, deal, reason="Is this the right company?")
    corrected = answers(customer_name="Vorarlberg Logistik", customer_domain="vl.at")
    do(registration_services.deal_draft_save, rep, deal, answers=corrected)
    again = do(registration_services.deal_resubmit, rep, deal)
    with acting_as(manager):
        assert Customer.objects.get(pk=again.customer_id).domain == "vl.at"
    assert again.submitted_at == deal.submitted_at
    assert again.pending_since > deal.pending_since


def test_looking_across_the_wall_is_recorded(world: VendorWorld) -> None:
    submitted(world.people["partner_rep"], world)
    with acting_as(world.people["program_admin"]):
        reasons = [e.data["reason"] for e in PortalEvent.objects.filter(type="portal.wall_crossed")]
    assert "match the customer of a registration" in reasons


# Who is told -------------------------------------------------------------------------------------------


def test_each_decision_is_told_to_whom_it_concerns(world: VendorWorld) -> None:
    rep, manager = world.people["partner_rep"], world.people["manager"]
    deal = submitted(rep, world)
    do(approvals_services.deal_return, manager, deal, reason="Which site?")
    do(registration_services.deal_resubmit, rep, deal)
    do(approvals_services.deal_approve, manager, deal)
    rejected = submitted(rep, world, customer_name="Else", customer_domain="")
    do(approvals_services.deal_reject, manager, rejected, reason="We sell there ourselves.")
    to_rep, to_manager = rep.user.email, manager.user.email
    assert mails(world) == [
        ("deal_submitted", to_manager), ("deal_returned", to_rep), ("deal_submitted", to_manager),
        ("deal_approved", to_rep), ("deal_submitted", to_manager), ("deal_rejected", to_rep),
    ]  # fmt: skip


def test_the_mails_read_as_meant(world: VendorWorld, mailoutbox: list[Any]) -> None:
    rep, manager = world.people["partner_rep"], world.people["manager"]
    deal = submitted(rep, world, customer_name="Müller & Söhne <KG>")
    do(approvals_services.deal_return, manager, deal, reason="Which site?\nAnd who is the contact?")
    do(registration_services.deal_resubmit, rep, deal)
    do(approvals_services.deal_approve, manager, deal)
    deliver(world.vendor.pk)
    subjects = [mail.subject for mail in mailoutbox]
    assert subjects[0] == "Beta of acme registered Müller & Söhne <KG>, €86,000"
    assert subjects[1] == "A question about Müller & Söhne <KG>"
    assert subjects[2] == "Beta of acme answered: Müller & Söhne <KG>, €86,000"
    assert subjects[3].startswith("Approved: Müller & Söhne <KG> is yours until ")
    for mail in mailoutbox:
        html = mail.alternatives[0][0]
        assert "Müller &amp; Söhne &lt;KG&gt;" in html
        assert f"/v/acme/deals/{deal.reference}/" in mail.body
        assert f"/v/acme/deals/{deal.reference}/" in html
    assert "And who is the contact?" in mailoutbox[1].body


def test_without_a_channel_manager_the_program_admins_are_told(world: VendorWorld) -> None:
    deal = submitted(world.people["sub_rep"], world)  # nobody manages gamma
    assert deal.assigned_to is None
    assert mails(world) == [("deal_submitted", world.people["program_admin"].user.email)]


def test_who_has_left_is_not_written_to(world: VendorWorld) -> None:
    deal = submitted(world.people["partner_rep"], world)
    with entered(system_scope(world.vendor.pk)):
        Membership.objects.filter(pk=world.people["partner_rep"].membership.pk).update(is_active=False)
    do(approvals_services.deal_approve, world.people["manager"], deal)
    assert mails(world)[-1] == ("deal_approved", world.people["partner_admin"].user.email)


# Selling -------------------------------------------------------------------------------------------------


def test_a_win_lies_between_approval_and_today(world: VendorWorld) -> None:
    deal, rep = approved(world), world.people["partner_rep"]
    today = timezone.now().astimezone(world.vendor.zone).date()
    for day in (today + timedelta(days=1), today - timedelta(days=1), date(1, 1, 1)):
        with pytest.raises(ValidationError) as refused:
            do(outcome_services.deal_win, rep, deal, amount=1_00, closed_on=day)
        assert set(refused.value.message_dict) == {"closed_on"}
    with pytest.raises(ValidationError, match="above zero"):
        do(outcome_services.deal_win, rep, deal, amount=0, closed_on=today)
    won = do(outcome_services.deal_win, rep, deal, amount=1_00, closed_on=today)
    assert deal.approved_at <= won.won_at <= timezone.now()


@pytest.mark.parametrize("hour", [0, 9, 12, 23])
def test_a_win_of_today_happens_now(world: VendorWorld, hour: int) -> None:
    now = datetime(2026, 11, 18, hour, 20, tzinfo=world.vendor.zone)
    with stopped_at(now - timedelta(minutes=10)):
        deal = approved(world)
    with stopped_at(now):
        won = do(outcome_services.deal_win, world.people["partner_rep"], deal, amount=1, closed_on=now.date())
    assert won.won_at == now


@pytest.mark.parametrize(
    ("moved", "won_at"),
    [("09:00", "12:00"), ("18:40", "18:40"), ("23:59", "23:59"), (None, "12:00")],
)
def test_a_win_of_an_earlier_day_comes_after_what_is_known_of_that_day(
    world: VendorWorld, moved: str | None, won_at: str
) -> None:
    """An earlier day has no hour: noon, unless something is known to have happened to the deal later."""
    day, rep = date(2026, 11, 18), world.people["partner_rep"]

    def at(clock: str, days: int = 0) -> datetime:
        return datetime.combine(
            day + timedelta(days=days), time.fromisoformat(clock), tzinfo=world.vendor.zone
        )

    with stopped_at(at("10:00", days=-3)):
        deal = approved(world)
    if moved:
        with stopped_at(at(moved)):
            do(outcome_services.deal_stage_change, rep, deal, stage=world.stages[1])
    with stopped_at(at("15:00", days=1)):
        do(outcome_services.deal_stage_change, rep, deal, stage=world.stages[2])
    with stopped_at(at("08:00", days=2)):
        won = do(outcome_services.deal_win, rep, deal, amount=1, closed_on=day)
    assert won.won_at == at(won_at)


def test_a_win_on_the_day_of_the_approval_is_not_before_it(world: VendorWorld) -> None:
    approval = datetime(2026, 11, 18, 17, tzinfo=world.vendor.zone)
    with stopped_at(approval):
        deal = approved(world)
    with stopped_at(approval + timedelta(days=1)):
        rep = world.people["partner_rep"]
        won = do(outcome_services.deal_win, rep, deal, amount=1, closed_on=approval.date())
    assert won.won_at == approval


def test_a_loss_needs_a_reason(world: VendorWorld) -> None:
    deal, rep = approved(world), world.people["partner_rep"]
    with pytest.raises(ValidationError):
        do(outcome_services.deal_lose, rep, deal, reason="  ")
    lost = do(outcome_services.deal_lose, rep, deal, reason="Price", competitor="Globex")
    assert (lost.status, lost.loss_reason, lost.competitor) == (DealStatus.LOST, "Price", "Globex")


def test_a_reason_is_needed_to_return_or_reject(world: VendorWorld) -> None:
    deal = submitted(world.people["partner_rep"], world)
    for action in (approvals_services.deal_return, approvals_services.deal_reject):
        with pytest.raises(ValidationError):
            do(action, world.people["manager"], deal, reason=" \n ")
    assert now_is(world, deal).status == DealStatus.SUBMITTED
