"""Changes of approved deals: what applies at once, what waits for whom, and what becomes of protection."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from deals.amendments.models import Amendment
from deals.deal.models import Deal, DealLine
from deals.outcome import services as outcome_services
from deals.protection import services as protection_services
from deals.protection.models import Protection
from deals.registration.models import DealTerms
from portal.events.models import PortalEvent
from portal.events.outbox import deliver
from portal.notifications.models import Notification
from portal.requests.services import request_grant, request_withdraw, requests_mind
from portal.sealed_ids import sealed
from portal.tenancy.scope import entered, system_scope
from tests.support import factories
from tests.support.amendments import AMOUNT, answer, ask
from tests.support.deals import approved, do, draft, events, now_is, submitted
from tests.support.pages import BUDGET, statements
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

SignIn = Callable[..., PortalClient]
pytestmark = pytest.mark.django_db


def lines(world: VendorWorld, deal: Deal) -> dict[int, int]:
    with acting_as(world.people["program_admin"]):
        return dict(DealLine.objects.filter(deal=deal).values_list("product_id", "quantity"))


def protected(world: VendorWorld, deal: Deal) -> set[int]:
    with acting_as(world.people["program_admin"]):
        rows = Protection.objects.filter(deal=deal, released_at=None)
        return set(rows.values_list("product_id", flat=True))


def terms(world: VendorWorld, **fields: Any) -> None:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        DealTerms.objects.update_or_create(defaults=fields)


def posted(deal: Deal, *products: tuple[Any, int], **changes: Any) -> dict[str, Any]:
    rows = {f"lines-{n}-product": product.pk for n, (product, _) in enumerate(products)}
    counts = {f"lines-{n}-quantity": count for n, (_, count) in enumerate(products)}
    return {
        "amount": "86,000",
        "expected_close": deal.expected_close.isoformat() if deal.expected_close else "",
        "lines-TOTAL_FORMS": str(len(products)),
        "lines-INITIAL_FORMS": "0",
        **rows,
        **counts,
        **changes,
    }


@pytest.fixture
def rep(world: VendorWorld) -> Person:
    return world.people["partner_rep"]


@pytest.fixture
def manager(world: VendorWorld) -> Person:
    return world.people["manager"]


class TestAtOnce:
    def test_a_small_change_applies_with_before_and_after(self, world: VendorWorld, rep: Person) -> None:
        deal, arm = approved(world), world.products[0]
        later = deal.expected_close + timedelta(days=30)  # type: ignore[operator]
        amendment = ask(rep, deal, {arm: 7}, AMOUNT + AMOUNT // 5, expected_close=later, reason="One more.")
        assert amendment.status == "granted"
        after = now_is(world, deal)
        assert (after.amount, after.amount_vendor, after.expected_close) == (AMOUNT * 6 // 5,) * 2 + (later,)
        assert lines(world, deal) == {arm.pk: 7}
        assert events(world, deal)[-1] == "deals.amendment_granted_at_once"
        with entered(system_scope(world.vendor.pk)):
            told = PortalEvent.objects.get(type="deals.amendment_granted_at_once").data["changes"]
        assert [change["what"] for change in told] == ["Amount", "Expected close", "Arm"]
        assert (told[2]["from"], told[2]["to"]) == ("6", "7")

    def test_a_product_that_goes_loses_its_protection(self, world: VendorWorld, rep: Person) -> None:
        arm, cart = world.products
        deal = approved(world, products=(0, 1))
        assert ask(rep, deal, {arm: 6}).status == "granted"
        assert protected(world, deal) == {arm.pk}
        other = approved(world, rep="distributor_rep", products=(1,))
        assert protected(world, other) == {cart.pk}

    def test_the_date_alone_never_needs_an_approval(self, world: VendorWorld, rep: Person) -> None:
        deal = approved(world)
        later = deal.expected_close + timedelta(days=300)  # type: ignore[operator]
        assert ask(rep, deal, {world.products[0]: 6}, expected_close=later).status == "granted"


class TestThresholds:
    @pytest.mark.parametrize(
        ("percent", "most", "amount", "status"),
        [
            (20, None, AMOUNT * 120 // 100, "granted"),
            (20, None, AMOUNT * 120 // 100 + 1, "open"),
            (20, None, AMOUNT * 80 // 100, "granted"),
            (20, None, AMOUNT * 80 // 100 - 1, "open"),
            (0, None, AMOUNT + 1, "open"),
            (None, None, AMOUNT * 10, "granted"),
            (None, 1_000_00, AMOUNT + 1_000_00, "granted"),
            (None, 1_000_00, AMOUNT + 1_000_01, "open"),
            (20, 1_000_00, AMOUNT + 1_000_01, "open"),
        ],
    )
    def test_per_cent_or_amount(
        self, world: VendorWorld, rep: Person, percent: Any, most: Any, amount: int, status: str
    ) -> None:
        terms(world, amendment_percent=percent, amendment_amount=most)
        amendment = ask(rep, approved(world), {world.products[0]: 6}, amount)
        assert (amendment.status, bool(amendment.why)) == (status, status == "open")

    def test_many_small_changes_are_a_large_one(
        self, world: VendorWorld, rep: Person, manager: Person
    ) -> None:
        deal, arm = approved(world), world.products[0]
        assert ask(rep, deal, {arm: 6}, AMOUNT * 115 // 100).status == "granted"
        waits = ask(rep, deal, {arm: 6}, AMOUNT * 130 // 100)
        assert waits.status == "open"
        answer(request_grant, manager, waits)
        assert ask(rep, deal, {arm: 6}, AMOUNT * 150 // 100).status == "granted", "counted from the approval"


class TestApproval:
    def test_a_product_more_waits_and_is_protected_when_approved(
        self, world: VendorWorld, rep: Person, manager: Person
    ) -> None:
        arm, cart = world.products
        deal = approved(world)
        amendment = ask(rep, deal, {arm: 6, cart: 2})
        assert (amendment.status, amendment.why) == ("open", "it adds a product")
        assert [line.verdict for line in self._lines(world, amendment)] == ["clear"]
        assert lines(world, deal) == {arm.pk: 6}
        assert protected(world, deal) == {arm.pk}
        done = answer(request_grant, manager, amendment)
        assert done.status == "granted"
        assert lines(world, deal) == {arm.pk: 6, cart.pk: 2}
        assert protected(world, deal) == {arm.pk, cart.pk}
        with acting_as(manager):
            ends = set(Protection.objects.filter(deal=deal).values_list("expires_at", flat=True))
        assert ends == {now_is(world, deal).expires_at}
        assert answer(request_grant, manager, amendment).status == "granted", "twice is once"
        assert events(world, deal).count("deals.amendment_granted") == 1

    def _lines(self, world: VendorWorld, amendment: Amendment) -> list[Any]:
        with acting_as(world.people["program_admin"]):
            return list(amendment.lines.all())

    def test_a_claim_stands_in_the_way_and_nothing_is_half_done(
        self, world: VendorWorld, rep: Person, manager: Person, client_as: SignIn
    ) -> None:
        arm, cart = world.products
        other = approved(world, rep="distributor_rep", products=(1,))
        deal = approved(world)
        amendment = ask(rep, deal, {arm: 6, cart: 2}, AMOUNT * 2)
        assert [line.verdict for line in self._lines(world, amendment)] == ["claimed"]
        page = client_as(rep).get(f"/deals/{deal.reference}/change/").content.decode()
        assert "Claimed" in page
        for secret in (other.reference, "Alpha", "protected for"):
            assert secret not in page
        refused = client_as(manager).post(f"/deals/changes/{sealed(amendment.pk)}/approve/")
        assert refused.status_code == 422
        assert other.reference in refused.content.decode()
        assert (now_is(world, deal).amount, lines(world, deal)) == (AMOUNT, {arm.pk: 6})
        assert protected(world, deal) == {arm.pk}

    def test_rejected_it_stays_as_it_was_and_says_why(
        self, world: VendorWorld, rep: Person, manager: Person, client_as: SignIn
    ) -> None:
        deal = approved(world)
        amendment = ask(rep, deal, {world.products[0]: 6}, AMOUNT * 2)
        path = f"/deals/changes/{sealed(amendment.pk)}/reject/"
        assert client_as(manager).post(path, {"reason": ""}).status_code == 422
        assert client_as(manager).post(path, {"reason": "Too much at once."}).status_code == 302
        assert now_is(world, deal).amount == AMOUNT
        page = client_as(rep).get(f"/deals/{deal.reference}/change/").content.decode()
        assert "Too much at once." in page
        deliver(world.vendor.pk)
        assert any("Too much at once." in message.body for message in mail.outbox)

    def test_one_open_change_per_deal(self, world: VendorWorld, rep: Person) -> None:
        deal, arm = approved(world), world.products[0]
        first = ask(rep, deal, {arm: 6}, AMOUNT * 2)
        with pytest.raises(ValidationError, match="Another change"):
            ask(rep, deal, {arm: 7})
        assert answer(request_withdraw, rep, first).status == "withdrawn"
        assert ask(rep, deal, {arm: 7}).status == "granted"

    def test_the_same_form_twice_is_one_change(self, world: VendorWorld, rep: Person) -> None:
        deal, arm, key = approved(world), world.products[0], uuid4()
        one = ask(rep, deal, {arm: 7}, key=key)
        assert ask(rep, deal, {arm: 7}, key=key) == one
        assert events(world, deal).count("deals.amendment_granted_at_once") == 1

    def test_it_lapses_with_the_deal(self, world: VendorWorld, rep: Person, manager: Person) -> None:
        deal = approved(world)
        amendment = ask(rep, deal, {world.products[0]: 6}, AMOUNT * 2)
        do(outcome_services.deal_lose, rep, deal, reason="Price")
        with pytest.raises(ValidationError, match="lapsed"):
            answer(request_grant, manager, amendment)
        expiring = approved(world, customer_name="Other AG", customer_domain="")
        waiting = ask(rep, expiring, {world.products[0]: 6}, AMOUNT * 2)
        with entered(system_scope(world.vendor.pk)):
            protection_services.protection_expire_due(now=timezone.now() + timedelta(days=400))
            assert Amendment.objects.get(pk=waiting.pk).status == "lapsed"

    def test_who_may_not_may_not(self, world: VendorWorld, rep: Person) -> None:
        deal = approved(world)
        amendment = ask(rep, deal, {world.products[0]: 6}, AMOUNT * 2)
        for who in ("partner_rep", "executive", "partner_admin"):
            with pytest.raises(PermissionDenied):
                answer(request_grant, world.people[who], amendment)
        with pytest.raises(PermissionDenied):
            answer(request_withdraw, world.people["manager"], amendment)
        with pytest.raises(PermissionDenied):
            ask(world.people["manager"], deal, {world.products[0]: 6}, AMOUNT)


class TestClock:
    def test_it_stands_in_the_inbox_by_its_due_time(
        self, world: VendorWorld, rep: Person, manager: Person, client_as: SignIn
    ) -> None:
        deal = approved(world)
        ask(rep, deal, {world.products[0]: 6}, AMOUNT * 2)
        page = client_as(manager).get("/deals/inbox/requests/").content.decode()
        assert deal.reference in page
        assert "more than 20%" in page
        assert (
            deal.reference
            not in client_as(world.people["other_manager"]).get("/deals/inbox/requests/").content.decode()
        )
        fragment = client_as(rep).get(f"/deals/{deal.reference}/terms/").content.decode()
        assert "A change waits for an approval" in fragment

    def test_the_home_names_the_most_urgent_and_how_many_there_are(
        self, world: VendorWorld, rep: Person, manager: Person, client_as: SignIn, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr("deals.page.lists.MOST_URGENT", 1)
        first = approved(world)
        second = approved(world, customer_name="Jura Uhren", customer_domain="jura.example")
        for deal in (first, second):
            ask(rep, deal, {world.products[0]: 6}, AMOUNT * 2)
        page = client_as(manager).get("/deals/inbox/requests/?first").content.decode()
        assert "All 2" in page
        assert first.reference in page
        assert second.reference not in page

    def test_it_has_an_owner_also_where_a_rule_approved_the_deal(
        self, world: VendorWorld, rep: Person, manager: Person
    ) -> None:
        with entered(system_scope(world.vendor.pk)):
            factories.ApprovalRuleFactory()
        deal = submitted(rep, world)
        assert (now_is(world, deal).status, now_is(world, deal).assigned_to) == ("approved", None)
        assert ask(rep, deal, {world.products[0]: 6}, AMOUNT * 2).owner == manager.user

    def test_overdue_it_goes_to_the_program_admins_once(self, world: VendorWorld, rep: Person) -> None:
        deal = approved(world)
        amendment = ask(rep, deal, {world.products[0]: 6}, AMOUNT * 2)
        assert amendment.due_at
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            early = amendment.due_at - timedelta(seconds=1)
            assert requests_mind(vendor=world.vendor, now=early) == 1, "the one reminder beforehand"
            assert requests_mind(vendor=world.vendor, now=early) == 0
            assert requests_mind(vendor=world.vendor, now=amendment.due_at) == 1
            assert requests_mind(vendor=world.vendor, now=amendment.due_at) == 0
            told = Notification.objects.filter(kind="portal.request_overdue")
            assert [one.user_id for one in told] == [world.people["program_admin"].user.pk]
            assert Amendment.objects.get().is_open, "nothing is approved by silence"


class TestPages:
    def test_a_partner_changes_a_deal(self, world: VendorWorld, rep: Person, client_as: SignIn) -> None:
        deal, (arm, cart) = approved(world), world.products
        client, path = client_as(rep), f"/deals/{deal.reference}/change/"
        form = client.get(path)
        assert 'value="86,000"' in form.content.decode()
        more = client.post(path, posted(deal, (arm, 6), add_line="1", amount="90,000"))
        assert (more.status_code, len(more.context["lines"].forms)) == (200, 2)
        assert 'value="90,000"' in more.content.decode()
        sent = client.post(path, posted(deal, (arm, 6), (cart, 1)), follow=True)
        assert "Acme Robotics was asked" in sent.content.decode()
        assert "it adds a product" in sent.content.decode()

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({}, "Nothing is different"),
            ({"amount": "-1"}, "Enter an amount above zero."),
            ({"amount": ""}, "Enter the value of the whole deal."),
            ({"amount": "1.001"}, "decimal"),
            ({"expected_close": "2020-01-01"}, "in the past"),
            ({"expected_close": "9999-12-31"}, "five years away"),
            ({"lines-0-quantity": "0"}, "At least one."),
            ({"lines-0-product": "999999999"}, "Choose a product from the list."),
            ({"lines-0-product": ""}, "Choose at least one product."),
            ({"reason": "x" * 501}, "at most 500"),
        ],
    )
    def test_wrong_answers_are_told_beside_the_field(
        self, world: VendorWorld, rep: Person, client_as: SignIn, change: dict[str, str], text: str
    ) -> None:
        deal = approved(world)
        data = posted(deal, (world.products[0], 6), **{"reason": "Kept", **change})
        refused = client_as(rep).post(f"/deals/{deal.reference}/change/", data)
        assert refused.status_code == 422
        assert text in refused.content.decode()
        assert data["reason"] in refused.content.decode()
        with acting_as(rep):
            assert not Amendment.objects.exists()

    def test_before_an_approval_there_is_no_such_page(
        self, world: VendorWorld, rep: Person, client_as: SignIn
    ) -> None:
        deal = draft(rep, world)
        assert client_as(rep).get(f"/deals/{deal.reference}/change/").status_code == 404

    @pytest.mark.parametrize("who", ["partner_rep", "manager", "executive"])
    def test_statements(self, world: VendorWorld, rep: Person, client_as: SignIn, who: str) -> None:
        deal, arm = approved(world), world.products[0]
        ask(rep, deal, {arm: 7})
        client, path = client_as(world.people[who]), f"/deals/{deal.reference}/change/"
        client.get(path)
        one = statements(client, path)
        with entered(system_scope(world.vendor.pk)):
            for _ in range(20):
                factories.AmendmentFactory(deal=deal, status="granted", why="", decided_at=timezone.now())
        assert statements(client, path) == one <= BUDGET
