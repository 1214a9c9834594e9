"""Special prices: who may ask, whose decision it is, how long a price holds, and that it is used in time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from deals.deal.models import Deal, DealStatus
from deals.outcome import services as outcome_services
from deals.registration import services as registration_services
from deals.special_prices import services as special_prices_services
from deals.special_prices.models import BigDealTerms, PriceLine, PriceRequest, PriceRule
from deals.special_prices.policies import discount_points, role_for
from deals.special_prices.requests import PRICE, Asked
from portal.money.models import ExchangeRate
from portal.notifications.models import Notification
from portal.requests.models import RequestStatus
from portal.requests.services import (
    request_ask,
    request_grant,
    request_refuse,
    request_withdraw,
    requests_mind,
)
from portal.sealed_ids import sealed
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from tests.support import factories
from tests.support.deals import approved, do, draft, events, now_is, submitted
from tests.support.pages import BUDGET, statements, text
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], PortalClient]
LIST_PRICE = 20_000_00


@pytest.fixture
def terms(world: VendorWorld) -> VendorWorld:
    """Special prices from €50,000; up to 10 % and €100,000 of list value the channel manager decides."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        BigDealTerms.objects.create(special_price_from=50_000_00, special_price_days=20)
        PriceRule.objects.create(
            position=1, discount_to=1_000, amount_to=150_000_00, role=Role.CHANNEL_MANAGER
        )
        for product in world.products:
            product.list_price = LIST_PRICE
            product.save()
    return world


def lines(world: VendorWorld, price: int, quantity: int = 6) -> list[Asked]:
    return [Asked(world.products[0].pk, quantity, LIST_PRICE, price)]


def ask(world: VendorWorld, deal: Deal, price: int = 18_500_00, rep: str = "partner_rep", **more: Any) -> Any:
    more = {"lines": lines(world, price), "justification": "They compare three offers.", **more}
    with acting_as(world.people[rep]) as actor:
        return request_ask(actor=actor, kind=PRICE, subject=deal, **more)


def answer(service: Any, person: Person, request: PriceRequest, **more: Any) -> PriceRequest:
    with acting_as(person) as actor:
        there = PriceRequest.objects.select_related("deal__partner").get(pk=request.pk)
        done: PriceRequest = service(actor=actor, request=there, **more)
        return done


def grant(world: VendorWorld, request: PriceRequest, days: int = 10, **more: Any) -> PriceRequest:
    until = timezone.localdate() + timedelta(days=days)
    return answer(request_grant, world.people["manager"], request, valid_until=until, **more)


def told(world: VendorWorld, kind: str) -> set[str]:
    with acting_as(world.people["program_admin"]):
        return set(Notification.objects.filter(kind=kind).values_list("user__email", flat=True))


# Asking ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [submitted, None])
def test_a_partner_asks_and_both_sides_see_who_decides(terms: VendorWorld, made: Any) -> None:
    deal = made(terms.people["partner_rep"], terms) if made else approved(terms)
    request = ask(terms, deal, competitor="Ferrobot", competitor_price=99_000_00)
    assert (request.list_total, request.requested_total) == (120_000_00, 111_000_00)
    assert request.owner == terms.people["manager"].user
    assert request.role == Role.CHANNEL_MANAGER
    assert request.due_at > timezone.now()
    assert events(terms, deal)[-1] == "deals.price_requested"
    assert told(terms, "deals.price_requested") == {"manager@acme.example"}


def test_the_same_request_twice_is_once_and_another_is_refused(terms: VendorWorld) -> None:
    deal = approved(terms)
    assert ask(terms, deal).pk == ask(terms, deal).pk
    with pytest.raises(ValidationError, match="asked for already"):
        ask(terms, deal, price=17_000_00)
    assert events(terms, deal).count("deals.price_requested") == 1


def test_the_database_allows_one_open_request_per_deal(terms: VendorWorld) -> None:
    request = ask(terms, approved(terms))
    with acting_as(terms.people["partner_rep"]), pytest.raises(IntegrityError), transaction.atomic():
        request.pk = None
        request.save(force_insert=True)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"price": LIST_PRICE}, "less than the list price"),
        ({"price": LIST_PRICE + 1}, "not above the list price"),
        ({"price": 0}, "above zero"),
        ({"justification": "  "}, "Say why"),
    ],
)
def test_what_cannot_be_asked(terms: VendorWorld, change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        ask(terms, approved(terms), **change)


def test_products_that_are_not_on_the_deal(terms: VendorWorld) -> None:
    with pytest.raises(ValidationError, match="products of this deal"):
        ask(terms, approved(terms), lines=lines(terms, 10_00, quantity=7))


def test_small_deals_and_programmes_without_special_prices(terms: VendorWorld) -> None:
    small = approved(terms, amount=49_999_99)
    with pytest.raises(ValidationError, match="larger deals"):
        ask(terms, small)
    with acting_as(terms.people["program_admin"]):
        BigDealTerms.objects.update(special_price_from=None)
    with pytest.raises(ValidationError, match="no special prices"):
        ask(terms, small)


def test_not_for_drafts_nor_for_what_is_settled(terms: VendorWorld) -> None:
    with pytest.raises(ValidationError, match="is draft"):
        ask(terms, draft(terms.people["partner_rep"], terms))
    deal = approved(terms)
    do(outcome_services.deal_lose, terms.people["partner_rep"], deal, reason="Price")
    with pytest.raises(ValidationError, match="is lost"):
        ask(terms, deal)


@pytest.mark.parametrize("name", ["manager", "program_admin", "executive", "distributor_rep"])
def test_only_the_partner_asks(terms: VendorWorld, name: str) -> None:
    with pytest.raises(PermissionDenied):
        ask(terms, approved(terms), rep=name)


# Whose decision -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "role"),
    [
        (18_000_00, Role.CHANNEL_MANAGER),  # 10 % exactly
        (17_999_99, Role.PROGRAM_ADMIN),  # a hair more
    ],
)
def test_the_band_says_whose_decision_it_is(terms: VendorWorld, price: int, role: str) -> None:
    request = ask(terms, approved(terms), price=price)
    assert request.role == role
    assert (request.owner is None) == (role == Role.PROGRAM_ADMIN)
    if role == Role.PROGRAM_ADMIN:
        assert told(terms, "deals.price_requested") == {"program_admin@acme.example"}
        with pytest.raises(PermissionDenied):
            grant(terms, request)


def test_a_program_admin_may_stand_in(terms: VendorWorld) -> None:
    request = ask(terms, approved(terms))
    refused = answer(request_refuse, terms.people["program_admin"], request, reason="No.")
    assert refused.status == RequestStatus.REFUSED


def test_where_nobody_manages_the_partner_the_program_admins_decide(terms: VendorWorld) -> None:
    with entered(system_scope(terms.vendor.pk)):
        deal = factories.approved_deal(partner=terms.partners["gamma"], amount=86_000_00)
        factories.DealLineFactory(deal=deal, product=terms.products[0], quantity=6)
    request = ask(terms, deal, rep="sub_rep")
    assert (request.role, request.owner) == (Role.PROGRAM_ADMIN, None)


@given(st.integers(1, 10**14), st.data())
def test_a_discount_is_never_rounded_into_a_lower_band(total: int, data: st.DataObject) -> None:
    asked = data.draw(st.integers(0, total))
    points = discount_points(total, asked)
    assert points * total >= (total - asked) * 10_000 > (points - 1) * total


def test_rules_are_looked_at_in_their_order() -> None:
    rules = [
        PriceRule(position=1, discount_to=500, role="a"),
        PriceRule(position=2, amount_to=100, role="b"),
        PriceRule(position=3, discount_to=2_000, role="c"),
    ]
    cases = {(500, 999): "a", (501, 100): "b", (501, 101): "c", (2_001, 101): Role.PROGRAM_ADMIN}
    assert {case: role_for(rules, points=case[0], list_value=case[1]) for case in cases} == cases


# The answer -----------------------------------------------------------------------------------------------


def test_granted_in_full(terms: VendorWorld) -> None:
    deal = approved(terms)
    granted = grant(terms, ask(terms, deal), days=0)
    assert granted.granted_total == granted.requested_total
    assert not granted.is_reduced
    assert granted.is_valid  # to the end of the day
    assert now_is(terms, deal).special_price_until == granted.expires_at
    local = timezone.localtime(granted.expires_at, terms.vendor.zone)
    assert (local.hour, local.minute, local.date()) == (0, 0, timezone.localdate() + timedelta(days=1))
    assert told(terms, "deals.price_answered") == {"partner_rep@acme.example"}
    assert grant(terms, granted, days=0).expires_at == granted.expires_at  # twice is once
    with pytest.raises(ValidationError, match="granted already"):
        grant(terms, granted, days=5)  # from a page that was opened before
    assert events(terms, deal).count("deals.price_granted") == 1


def test_granted_at_another_price(terms: VendorWorld) -> None:
    request = ask(terms, approved(terms))
    line = request.lines.get
    with acting_as(terms.people["manager"]):
        pk = line().pk
    granted = grant(terms, request, prices={pk: 19_000_00})
    assert granted.granted_total == 114_000_00
    assert granted.is_reduced
    with acting_as(terms.people["partner_rep"]):
        assert PriceLine.objects.get().granted_price == 19_000_00


@pytest.mark.parametrize("price", [18_499_99, LIST_PRICE + 1])
def test_never_below_what_was_asked_nor_above_the_list(terms: VendorWorld, price: int) -> None:
    request = ask(terms, approved(terms))
    with acting_as(terms.people["manager"]):
        pk = request.lines.get().pk
    with pytest.raises(ValidationError, match="as asked"):
        grant(terms, request, prices={pk: price})
    with acting_as(terms.people["manager"]):
        assert PriceRequest.objects.get().status == RequestStatus.OPEN


@pytest.mark.parametrize("days", [-1, 367])
def test_it_holds_from_today_and_for_a_year_at_most(terms: VendorWorld, days: int) -> None:
    with pytest.raises(ValidationError) as refused:
        grant(terms, ask(terms, approved(terms)), days=days)
    assert "valid_until" in refused.value.message_dict


def test_refused_with_a_reason(terms: VendorWorld) -> None:
    deal = approved(terms)
    request = ask(terms, deal)
    with pytest.raises(ValidationError, match="Say why"):
        answer(request_refuse, terms.people["manager"], request, reason=" ")
    refused = answer(request_refuse, terms.people["manager"], request, reason="Margin.")
    assert refused.decision_reason == "Margin."
    with pytest.raises(ValidationError, match="refused already"):
        grant(terms, request)
    assert ask(terms, deal, price=19_000_00).is_open  # may ask again


def test_taken_back_by_the_partner_alone(terms: VendorWorld) -> None:
    deal = approved(terms)
    request = ask(terms, deal)
    with pytest.raises(PermissionDenied):
        answer(request_withdraw, terms.people["manager"], request)
    taken = answer(request_withdraw, terms.people["partner_admin"], request)
    assert taken.status == RequestStatus.WITHDRAWN
    with pytest.raises(ValidationError, match="taken back already"):
        grant(terms, request)


def test_a_deal_that_is_settled_takes_no_answer_any_more(terms: VendorWorld) -> None:
    deal = approved(terms)
    request = ask(terms, deal)
    do(registration_services.deal_withdraw, terms.people["partner_rep"], deal)
    with pytest.raises(ValidationError, match="has lapsed already"):
        grant(terms, request)


# The win ----------------------------------------------------------------------------------------------------


def win(world: VendorWorld, deal: Deal, **more: Any) -> Deal:
    fields = {"amount": 100_000_00, "closed_on": timezone.localdate(), **more}
    return do(outcome_services.deal_win, world.people["partner_rep"], deal, **fields)


def test_a_price_is_used_at_the_win(terms: VendorWorld) -> None:
    deal = approved(terms)
    grant(terms, ask(terms, deal))
    assert win(terms, deal, special_price=True).status == DealStatus.WON
    with acting_as(terms.people["partner_rep"]):
        assert PriceRequest.objects.get().used_at is not None


def test_an_expired_price_is_not_used(terms: VendorWorld) -> None:
    deal = approved(terms)
    request = grant(terms, ask(terms, deal))
    with acting_as(terms.people["manager"]):
        PriceRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(ValidationError, match="special price ended"):
        win(terms, deal, special_price=True)
    assert now_is(terms, deal).status == DealStatus.APPROVED
    with acting_as(terms.people["manager"]):
        assert PriceRequest.objects.get(pk=request.pk).used_at is None
        with pytest.raises(IntegrityError), transaction.atomic():
            PriceRequest.objects.update(used_at=timezone.now())  # nor by whoever writes past the service
    assert win(terms, deal).status == DealStatus.WON


def test_a_price_nobody_granted_is_not_used(terms: VendorWorld) -> None:
    deal = approved(terms)
    ask(terms, deal)
    with pytest.raises(ValidationError, match="No special price"):
        win(terms, deal, special_price=True)


# The clock -------------------------------------------------------------------------------------------------


def mind(world: VendorWorld, now: Any) -> int:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        overdue = requests_mind(vendor=world.vendor, now=now)
        return overdue + special_prices_services.prices_remind(vendor=world.vendor, now=now)


def test_whoever_has_a_price_is_reminded_once_before_it_ends(terms: VendorWorld) -> None:
    deal = approved(terms)
    granted = grant(terms, ask(terms, deal), days=20)
    assert granted.expires_at
    assert mind(terms, granted.expires_at - timedelta(days=8)) == 0
    assert mind(terms, granted.expires_at - timedelta(days=7)) == 1
    assert mind(terms, granted.expires_at - timedelta(days=6)) == 0
    assert told(terms, "deals.price_ending") == {"partner_rep@acme.example"}


def test_nobody_is_reminded_of_what_was_used_or_replaced(terms: VendorWorld) -> None:
    deal = approved(terms)
    grant(terms, ask(terms, deal), days=5)
    grant(terms, ask(terms, deal, price=18_400_00), days=30)
    mind(terms, timezone.now())
    assert told(terms, "deals.price_ending") == set()
    win(terms, deal, special_price=True)
    assert mind(terms, timezone.now() + timedelta(days=25)) == 0


def test_what_is_overdue_reaches_the_program_admins_once(terms: VendorWorld) -> None:
    request = ask(terms, approved(terms))
    early = request.due_at - timedelta(minutes=1)
    assert [mind(terms, early), mind(terms, early)] == [1, 0], "one reminder beforehand"
    assert [mind(terms, request.due_at), mind(terms, request.due_at)] == [1, 0]
    assert told(terms, "portal.request_overdue") == {"program_admin@acme.example"}


# Pages -----------------------------------------------------------------------------------------------------


def posted(deal: Deal, **changes: Any) -> dict[str, Any]:
    with entered(system_scope(deal.vendor_id)):
        line = deal.lines.get()
    return {
        f"price_{line.pk}": "18,500",
        f"discount_{line.pk}": "",
        "justification": "They compare three offers.",
        **{name.replace("LINE", str(line.pk)): value for name, value in changes.items()},
    }


def test_asked_and_granted_in_the_browser(terms: VendorWorld, client_as: SignIn) -> None:
    deal = approved(terms)
    rep, manager = client_as(terms.people["partner_rep"]), client_as(terms.people["manager"])
    page = f"/deals/{deal.reference}/price/"
    assert "What you ask for" in text(rep.get(page))
    assert rep.post(page, posted(deal)).status_code == 302
    assert "a special price is asked for, 7.5% off the list" in text(rep.get(page))
    with acting_as(terms.people["manager"]):
        request, line = PriceRequest.objects.get(), PriceLine.objects.get()
    assert "Your decision" in text(manager.get(page))
    until = (timezone.localdate() + timedelta(days=9)).isoformat()
    sent = {f"price_{line.pk}": "19,000", "valid_until": until}
    assert manager.post(f"/deals/prices/{sealed(request.pk)}/grant/", sent).status_code == 302
    assert "€114,000 until" in text(rep.get(page))
    won = {"amount": "100,000", "closed_on": timezone.localdate().isoformat(), "special_price": "on"}
    assert "Sold at the special price" in text(rep.get(f"/deals/{deal.reference}/"))
    assert rep.post(f"/deals/{deal.reference}/won/", won).status_code == 302
    assert "won at the special price" in text(rep.get(page))


def test_a_discount_is_as_good_as_a_price(terms: VendorWorld, client_as: SignIn) -> None:
    deal = approved(terms)
    sent = posted(deal, price_LINE="", discount_LINE="7.25")
    assert (
        client_as(terms.people["partner_rep"]).post(f"/deals/{deal.reference}/price/", sent).status_code
        == 302
    )
    with acting_as(terms.people["partner_rep"]):
        assert PriceLine.objects.get().requested_price == 18_550_00


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"price_LINE": "20,001"}, "The list price is €20,000."),
        ({"price_LINE": "much"}, "Enter an amount"),
        ({"price_LINE": "1.0051"}, "EUR has at most 2 decimals"),
        ({"price_LINE": "", "discount_LINE": ""}, "Enter a price or a discount"),
        ({"price_LINE": "", "discount_LINE": "100"}, "less than or equal to 99.99"),
        ({"justification": ""}, "Say why this deal needs a special price."),
    ],
)
def test_wrong_answers_stand_beside_their_field(
    terms: VendorWorld, client_as: SignIn, change: dict[str, Any], problem: str
) -> None:
    deal = approved(terms)
    sent = posted(deal, competitor="Ferrobot", **change)
    answer = client_as(terms.people["partner_rep"]).post(f"/deals/{deal.reference}/price/", sent)
    assert answer.status_code == 422
    assert problem in text(answer).replace("&#x27;", "'")
    assert "Ferrobot" in text(answer)  # nothing typed is lost
    with acting_as(terms.people["manager"]):
        assert not PriceRequest.objects.exists()


def test_without_a_list_price_the_partner_states_it(terms: VendorWorld, client_as: SignIn) -> None:
    with acting_as(terms.people["program_admin"]):
        terms.products[0].list_price = None
        terms.products[0].save()
    deal = approved(terms)
    client, page = client_as(terms.people["partner_rep"]), f"/deals/{deal.reference}/price/"
    assert client.post(page, posted(deal)).status_code == 422
    assert client.post(page, posted(deal, list_LINE="21,000")).status_code == 302
    with acting_as(terms.people["partner_rep"]):
        assert PriceLine.objects.get().list_price == 21_000_00


def test_list_prices_in_another_currency(terms: VendorWorld, client_as: SignIn) -> None:
    with acting_as(terms.people["program_admin"]):
        ExchangeRate.objects.create(currency="CHF", day="2026-01-01", rate="1.25")
    deal = approved(terms, currency="CHF")
    page = client_as(terms.people["partner_rep"]).get(f"/deals/{deal.reference}/price/")
    assert "CHF 16,000 each" in text(page).replace("\xa0", " ")


def test_a_refusal_needs_a_reason(terms: VendorWorld, client_as: SignIn) -> None:
    request = ask(terms, approved(terms))
    client, address = client_as(terms.people["manager"]), f"/deals/prices/{sealed(request.pk)}/refuse/"
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "Margin."}).status_code == 302
    assert client.post(address, {"reason": "Margin."}).status_code == 302  # twice is once
    assert client.get(address).status_code == 302


def test_nobody_else_sees_it(terms: VendorWorld, client_as: SignIn) -> None:
    request = ask(terms, approved(terms))
    for name in ("sub_rep", "distributor_rep", "other_manager"):
        client = client_as(terms.people[name])
        assert client.post(f"/deals/prices/{sealed(request.pk)}/withdraw/").status_code == 404, name
    with acting_as(terms.people["distributor_rep"]):
        assert not PriceRequest.objects.exists()
        assert not PriceLine.objects.exists()
        assert not PriceRule.objects.exists()


def test_the_approvals_show_it_beside_registrations(terms: VendorWorld, client_as: SignIn) -> None:
    deal = approved(terms)
    ask(terms, deal)
    manager = client_as(terms.people["manager"])
    assert "/deals/inbox/requests/" in text(manager.get("/deals/inbox/"))
    page = text(manager.get("/deals/inbox/requests/"))
    assert "Special price: €111,000, 7.5% off the list" in page
    assert deal.reference in page
    assert deal.reference not in text(client_as(terms.people["other_manager"]).get("/deals/inbox/requests/"))


def test_the_deals_page_leads_there(terms: VendorWorld, client_as: SignIn) -> None:
    deal = approved(terms)
    rep = client_as(terms.people["partner_rep"])
    assert f"/deals/{deal.reference}/terms/" in text(rep.get(f"/deals/{deal.reference}/"))
    assert "Ask for a special price" in text(rep.get(f"/deals/{deal.reference}/terms/"))
    ask(terms, deal)
    manager = text(client_as(terms.people["manager"]).get(f"/deals/{deal.reference}/terms/"))
    assert "Decide" in manager
    fragment = rep.get(f"/deals/{deal.reference}/terms/", headers={"HX-Request": "true"})
    assert "<html" not in text(fragment)


def test_the_pages_keep_to_their_budget(terms: VendorWorld, client_as: SignIn) -> None:
    deal = approved(terms)
    ask(terms, deal)
    manager, rep = client_as(terms.people["manager"]), client_as(terms.people["partner_rep"])
    manager.get("/deals/"), rep.get("/deals/")  # the first page of a session records the sign-in
    one = statements(manager, "/deals/inbox/requests/")
    for _ in range(4):
        ask(terms, approved(terms, customer_name=f"Another {_}", customer_domain=f"another{_}.example"))
    assert statements(manager, "/deals/inbox/requests/") == one <= BUDGET
    for client in (manager, rep):
        for page in ("price", "terms"):
            assert statements(client, f"/deals/{deal.reference}/{page}/") <= BUDGET, page
    with acting_as(terms.people["program_admin"]):
        assert PriceRequest.objects.count() == 5


def test_the_number_of_products_costs_nothing(terms: VendorWorld, client_as: SignIn) -> None:
    rep = client_as(terms.people["partner_rep"])
    few = approved(terms)
    many = approved(terms, products=(0, 1), customer_name="Two", customer_domain="two.example")
    rep.get("/deals/")
    one, two = (statements(rep, f"/deals/{deal.reference}/price/") for deal in (few, many))
    assert one == two
