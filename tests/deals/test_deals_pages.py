"""Pages of deals: what each role finds there, how lists behave, what a wrong answer looks like."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from deals.approvals import services as approvals_services
from deals.customers.models import Customer
from deals.deal import tables
from deals.deal.models import Deal, DealStatus
from deals.outcome import services as outcome_services
from deals.registration import services as registration_services
from partners.models import Partner
from portal.events.models import PortalEvent
from portal.money.models import ExchangeRate
from portal.tenancy.scope import entered, system_scope
from tests.support import factories
from tests.support.deals import approved, do, draft, events, now_is, posted, submitted
from tests.support.pages import BUDGET, statements, text
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
REFERENCE = re.compile(r'<th scope="row"><a href="[^"]*/deals/(D-\d+)/"')
SignIn = Callable[[Person], PortalClient]


# The list ------------------------------------------------------------------------------------------------


@pytest.fixture
def many(world: VendorWorld) -> VendorWorld:
    """120 deals of beta with equal dates and amounts among them, and one of gamma."""
    close, made = timezone.localdate(), timezone.now()
    with entered(system_scope(world.vendor.pk)):
        customer = factories.CustomerFactory()
        for place in range(120):
            factories.DealFactory(
                approved=True,
                partner=world.partners["beta"],
                reference=f"D-{place:06d}",
                customer=customer,
                customer_name=f"{'Älpen' if place % 2 else 'Bergen'} {place:03d}",
                amount=(place % 7) * 1_000_00 or None,
                expected_close=close + timedelta(days=place % 5) if place % 3 else None,
                created_at=made - timedelta(days=place // 4),
                stage=world.stages[place % 3],
            )
        factories.DealFactory(submitted=True, partner=world.partners["gamma"], customer_name="Canary Ltd")
    return world


def test_pages_cover_every_deal_once_in_order_forwards_and_backwards(
    many: VendorWorld, client_as: SignIn
) -> None:
    client = client_as(many.people["manager"])
    for sort in ["", *(sign + name for name in tables.ORDERS for sign in ("", "-"))]:
        forwards = _walk(client, f"/deals/?all=1&sort={sort}", "next")
        backwards = _walk(client, f"/deals/?all=1&sort={sort}&page=last", "prev")
        assert [len(page) for page in forwards] == [len(page) for page in backwards] == [50, 50, 20], sort
        there = [reference for page in forwards for reference in page]
        back = [reference for page in reversed(backwards) for reference in page]
        assert there == back == _expected(many, sort), sort


def _walk(client: PortalClient, path: str, rel: str) -> list[list[str]]:
    pages = []
    while path:
        html = client.get(path).content.decode()
        pages.append(REFERENCE.findall(html))
        link = re.search(rf'rel="{rel}" href="([^"]+)"', html)
        path = "/deals/" + link[1].replace("&amp;", "&") if link else ""
    return pages


def _expected(world: VendorWorld, sort: str) -> list[str]:
    keys: dict[str, Callable[[Deal], Any]] = {
        "registered": lambda deal: deal.created_at,
        "customer": lambda deal: deal.customer_name.lower(),
        "amount": lambda deal: -1 if deal.amount is None else deal.amount,
        "close": lambda deal: str(deal.expected_close or "9999"),
    }
    name = (sort or "-registered").removeprefix("-")
    with entered(system_scope(world.vendor.pk)):
        deals = list(Deal.objects.filter(partner=world.partners["beta"]))
    falling = (sort or "-registered").startswith("-")
    return [d.reference for d in sorted(deals, key=lambda deal: (keys[name](deal), deal.pk), reverse=falling)]


FOUND = [
    ("q=älpen 00", 5),
    ("q=ÄLP", 60),
    ("q=lpen", 0),
    ("q=d-17", 1),
    ("q=D-000017", 1),
    ("q=%25", 0),
    ("status=approved", 120),
    ("status=won", 0),
    ("partner=beta", 120),
    ("partner=gam", 0),
    ("partner=beta&q=bergen 01", 5),
]


def test_filters_find_what_they_say(many: VendorWorld, client_as: SignIn) -> None:
    client = client_as(many.people["manager"])
    for query, found in FOUND:
        answer = client.get(f"/deals/?{query}")
        assert answer.status_code == 200, query
        assert ("1 deal found" if found == 1 else f"{found} deals found") in text(answer), query


def test_the_list_remembers_how_it_was_filtered(many: VendorWorld, client_as: SignIn) -> None:
    client = client_as(many.people["manager"])
    client.get("/deals/?q=bergen&sort=-amount&page=last&status=")
    again = client.get("/deals/")
    assert again.status_code == 302
    assert again.headers["Location"] == "/v/acme/deals/?q=bergen&sort=-amount"
    assert "120 deals" in text(client.get("/deals/?all=1"))
    assert client.get("/deals/").status_code == 200


def test_a_mangled_place_is_the_first_page(many: VendorWorld, client_as: SignIn) -> None:
    client = client_as(many.people["manager"])
    first = _walk(client, "/deals/?all=1", "none")[0]
    for place in ("after~x~y", "after~2026-01-01", "before~~", "sideways~1~2", "after~nan~7", "~", "first"):
        answer = client.get("/deals/", {"page": place, "all": "1"})
        assert answer.status_code == 200
        assert REFERENCE.findall(answer.content.decode()) == first, place


def test_a_wrong_filter_is_said_beside_it(world: VendorWorld, client_as: SignIn) -> None:
    client = client_as(world.people["manager"])
    for query in ("q=%00", "status=nonsense", "stage=999999", "stage=x", "partner=%00a"):
        answer = client.get(f"/deals/?{query}")
        assert answer.status_code == 422, query
        assert "needs a look before the list can be filtered" in text(answer), query


def test_each_role_lists_its_own(world: VendorWorld, client_as: SignIn) -> None:
    beta = submitted(world.people["partner_rep"], world, customer_name="Of beta")
    gamma = submitted(world.people["sub_rep"], world, customer_name="Of gamma", customer_domain="")
    sees = {
        "partner_rep": {beta}, "partner_admin": {beta}, "distributor_rep": {gamma}, "sub_rep": {gamma},
        "manager": {beta}, "other_manager": set(), "executive": {beta, gamma}, "program_admin": {beta, gamma},
    }  # fmt: skip
    for name, expected in sees.items():
        page = text(client_as(world.people[name]).get("/deals/?all=1"))
        assert {deal for deal in (beta, gamma) if deal.customer_name in page} == expected, name


def test_a_rep_kept_to_own_deals_lists_and_opens_only_those(world: VendorWorld, client_as: SignIn) -> None:
    mine = submitted(world.people["partner_rep"], world, customer_name="Mine")
    other = submitted(world.people["partner_admin"], world, customer_name="A colleague's", customer_domain="")
    with entered(system_scope(world.vendor.pk)):
        Partner.objects.filter(pk=world.partners["beta"].pk).update(own_deals_only=True)
    rep = client_as(world.people["partner_rep"])
    page = text(rep.get("/deals/?all=1"))
    assert ("Mine" in page, "colleague" in page) == (True, False)
    assert rep.get(f"/deals/{mine.reference}/").status_code == 200
    assert rep.get(f"/deals/{other.reference}/").status_code == 404
    assert rep.post(f"/deals/{other.reference}/withdraw/").status_code == 404
    assert client_as(world.people["partner_admin"]).get(f"/deals/{mine.reference}/").status_code == 200


def test_a_draft_is_the_partners_own_until_it_is_sent(world: VendorWorld, client_as: SignIn) -> None:
    deal = draft(world.people["partner_rep"], world, customer_name="Not yet told")
    thrown_away = draft(world.people["partner_rep"], world, customer_name="Never told")
    do(registration_services.deal_withdraw, world.people["partner_rep"], thrown_away)
    for name in ("manager", "executive", "program_admin"):
        client = client_as(world.people[name])
        assert client.get(f"/deals/{deal.reference}/").status_code == 404
        for path in ("/deals/?all=1", "/deals/export/", "/deals/of/beta/", "/partners/beta/timeline/"):
            page = text(client.get(path))
            assert "Not yet told" not in page, (name, path)
            assert "Never told" not in page, (name, path)
    assert client_as(world.people["partner_admin"]).get(f"/deals/{deal.reference}/").status_code == 200
    of_gamma = draft(world.people["sub_rep"], world)
    assert (
        client_as(world.people["distributor_admin"]).get(f"/deals/{of_gamma.reference}/").status_code == 404
    )


def test_the_export_holds_what_the_list_shows_and_no_live_formula(
    world: VendorWorld, client_as: SignIn
) -> None:
    submitted(world.people["partner_rep"], world, customer_name="=HYPERLINK(A1)", customer_domain="")
    submitted(world.people["partner_rep"], world, customer_name="Another", customer_domain="another.at")
    client = client_as(world.people["manager"])
    answer = client.get("/deals/export/?q=%3Dhyper")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert not answer.streaming
    assert [row["customer"] for row in rows] == ["'=HYPERLINK(A1)"]
    assert (rows[0]["amount"], rows[0]["currency"], rows[0]["partner"]) == ("86000.00", "EUR", "Beta of acme")
    with acting_as(world.people["program_admin"]):
        event = PortalEvent.objects.get(type="portal.exported")
    assert event.data == {"list": "deals", "rows": 1}


def test_an_export_that_is_too_long_is_refused(
    many: VendorWorld, client_as: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deals.deal.tables.MOST_EXPORTED", 119)
    answer = client_as(many.people["manager"]).get("/deals/export/", follow=True)
    assert "A file holds at most 119 deals" in text(answer)


# How much a page asks for --------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["distributor_admin", "partner_rep", "manager", "program_admin"])
def test_pages_ask_as_much_for_fifty_rows_as_for_one(world: VendorWorld, client_as: SignIn, who: str) -> None:
    """The distributor's own reach takes one statement more than anybody's else: the tightest case."""
    owner = world.people["distributor_rep" if who == "distributor_admin" else "partner_rep"]
    deals = [approved(world, "distributor_rep" if who == "distributor_admin" else "partner_rep")]
    waiting = submitted(owner, world, customer_name="Waiting", customer_domain="")
    edited = draft(owner, world)
    client, staff = client_as(world.people[who]), who in ("manager", "program_admin")
    paths = ["/deals/?all=1", f"/deals/{deals[0].reference}/", f"/deals/{waiting.reference}/"]
    paths += ["/deals/inbox/", f"/deals/{waiting.reference}/claims/"] if staff else []
    paths += [] if staff else ["/deals/register/", f"/deals/{edited.reference}/edit/"]
    client.get("/deals/?all=1")  # the first sign of life writes the session and the login
    one = {path: statements(client, path) for path in paths}
    _fifty_more(world, deals[0], waiting, edited)
    assert {path: statements(client, path) for path in paths} == one
    assert max(one.values()) <= BUDGET, one


def _fifty_more(world: VendorWorld, running: Deal, waiting: Deal, edited: Deal) -> None:
    with entered(system_scope(world.vendor.pk)):
        products = [factories.ProductFactory() for _ in range(30)]
        for product in products:
            for deal in (running, waiting, edited):
                factories.DealLineFactory(deal=deal, partner=deal.partner, product=product)
        for place in range(50):
            new = factories.DealFactory(
                submitted=True, partner=running.partner, customer=factories.CustomerFactory()
            )
            factories.DealLineFactory(deal=new, partner=new.partner, product=products[place % 30])
    for stage in [*world.stages, *world.stages]:
        do(outcome_services.deal_stage_change, world.people["program_admin"], running, stage=stage)


# One deal ------------------------------------------------------------------------------------------------


def test_a_reference_nobody_has_is_not_found(world: VendorWorld, client_as: SignIn) -> None:
    client = client_as(world.people["manager"])
    for reference in ("D-999999", "nonsense", "x" * 300, "D-1%00", "D-1%2F", "%E2%80%AE"):
        assert client.get(f"/deals/{reference}/").status_code == 404, reference
        assert client.post(f"/deals/{reference}/approve/").status_code == 404, reference


def test_actions_take_posts_only_and_lead_to_the_deal(world: VendorWorld, client_as: SignIn) -> None:
    deal = submitted(world.people["partner_rep"], world)
    client = client_as(world.people["manager"])
    for action in ("review", "approve", "return", "reject", "withdraw", "stage", "won", "lost"):
        answer = client.get(f"/deals/{deal.reference}/{action}/")
        assert answer.url == f"/v/acme/deals/{deal.reference}/", action
    assert now_is(world, deal).status == DealStatus.SUBMITTED


def test_whose_turn_it_is_depends_on_who_looks(world: VendorWorld, client_as: SignIn) -> None:
    deal = submitted(world.people["sub_rep"], world)
    do(approvals_services.deal_return, world.people["program_admin"], deal, reason="Which site?")
    theirs = "partner’s turn"
    for name, said in (("sub_rep", "your turn"), ("distributor_rep", theirs), ("executive", theirs)):
        for path in ("/deals/?all=1", f"/deals/{deal.reference}/"):
            page = text(client_as(world.people[name]).get(path))
            assert said in page.lower(), (name, path)


BUTTONS = {"approve", "return", "reject", "review", "withdraw", "stage", "won", "lost", "edit"}


@pytest.mark.parametrize(
    ("who", "state", "buttons"),
    [
        ("manager", "submitted", {"approve", "return", "reject", "review"}),
        ("program_admin", "submitted", {"approve", "return", "reject", "review"}),
        ("executive", "submitted", set()),
        ("partner_rep", "submitted", {"withdraw"}),
        ("partner_rep", "draft", {"edit", "withdraw"}),
        ("partner_rep", "approved", {"withdraw", "stage", "won", "lost"}),
        ("manager", "approved", {"stage", "won", "lost"}),
        ("executive", "approved", set()),
        ("partner_rep", "won", set()),
        ("manager", "won", set()),
    ],
)
def test_the_page_offers_what_the_person_can_do_now(
    world: VendorWorld, client_as: SignIn, who: str, state: str, buttons: set[str]
) -> None:
    made = {"draft": draft, "submitted": submitted}.get(state)
    deal = made(world.people["partner_rep"], world) if made else approved(world)
    if state == "won":
        do(
            outcome_services.deal_win,
            world.people["partner_rep"],
            deal,
            amount=1_00,
            closed_on=timezone.localdate(),
        )
    html = client_as(world.people[who]).get(f"/deals/{deal.reference}/").content.decode()
    offered = {
        name for name in BUTTONS if re.search(rf'(?:action|href)="[^"]*/{deal.reference}/{name}/"', html)
    }
    assert offered == buttons


def test_a_distributor_reads_the_sub_partners_deal_without_buttons(
    world: VendorWorld, client_as: SignIn
) -> None:
    deal = submitted(world.people["sub_rep"], world)
    client = client_as(world.people["distributor_admin"])
    assert client.get(f"/deals/{deal.reference}/").status_code == 200
    assert client.post(f"/deals/{deal.reference}/withdraw/").status_code == 403
    assert client.get(f"/deals/{deal.reference}/edit/").status_code == 403


def test_the_manager_decides_on_the_page(world: VendorWorld, client_as: SignIn) -> None:
    deal, client = submitted(world.people["partner_rep"], world), client_as(world.people["manager"])
    refused = client.post(f"/deals/{deal.reference}/return/", {"reason": "  "})
    assert refused.status_code == 422
    assert "Say why, so that the partner knows what to do." in text(refused)
    client.post(f"/deals/{deal.reference}/review/")
    assert now_is(world, deal).status == DealStatus.UNDER_REVIEW
    answer = client.post(f"/deals/{deal.reference}/return/", {"reason": "Which site?"}, follow=True)
    assert "Returned. The partner has been told" in text(answer)
    partner = text(client_as(world.people["partner_rep"]).get(f"/deals/{deal.reference}/"))
    assert "a question for you" in partner
    assert "Which site?" in partner


def test_a_claim_in_the_way_is_shown_to_the_manager_and_named_when_approving(
    world: VendorWorld, client_as: SignIn
) -> None:
    standing = approved(world, "distributor_rep")
    deal, client = submitted(world.people["partner_rep"], world), client_as(world.people["manager"])
    claims = text(client.get(f"/deals/{deal.reference}/claims/", headers={"hx-request": "true"}))
    assert "Arm: protected for Alpha of acme" in claims
    assert "Same domain" in claims
    assert "<html" not in claims
    answer = client.post(f"/deals/{deal.reference}/approve/")
    assert answer.status_code == 422
    assert f"protected for Alpha of acme ({standing.reference})" in text(answer)
    assert now_is(world, deal).status == DealStatus.SUBMITTED


def test_pressed_twice_is_done_once_and_no_error_page(world: VendorWorld, client_as: SignIn) -> None:
    deal, client = submitted(world.people["partner_rep"], world), client_as(world.people["manager"])
    assert [client.post(f"/deals/{deal.reference}/approve/").status_code for _ in range(2)] == [302, 302]
    assert events(world, deal).count("deals.approved") == 1


def test_what_has_been_decided_meanwhile_is_said(world: VendorWorld, client_as: SignIn) -> None:
    deal = submitted(world.people["partner_rep"], world)
    do(registration_services.deal_withdraw, world.people["partner_rep"], deal)
    answer = client_as(world.people["manager"]).post(f"/deals/{deal.reference}/approve/")
    assert answer.status_code == 422
    assert f"{deal.reference} is withdrawn and can no longer be approved." in text(answer)


def test_the_deal_is_moved_won_and_lost_on_the_page(world: VendorWorld, client_as: SignIn) -> None:
    won, lost = approved(world), approved(world, customer_name="Else", customer_domain="")
    client = client_as(world.people["partner_rep"])
    client.post(f"/deals/{won.reference}/stage/", {"stage": world.stages[2].pk})
    assert now_is(world, won).stage_id == world.stages[2].pk
    assert client.post(f"/deals/{won.reference}/stage/", {"stage": "999"}).status_code == 422
    tomorrow = timezone.localdate() + timedelta(days=1)
    refused = client.post(f"/deals/{won.reference}/won/", {"amount": "12.3456", "closed_on": tomorrow})
    assert refused.status_code == 422
    assert "EUR has at most 2 decimals" in text(refused)
    refused = client.post(f"/deals/{won.reference}/won/", {"amount": "90,000", "closed_on": tomorrow})
    assert "This day is still to come" in text(refused)
    assert 'value="90,000"' in text(refused)
    today = timezone.now().astimezone(world.vendor.zone).date()
    client.post(f"/deals/{won.reference}/won/", {"amount": "90,000.50", "closed_on": today})
    assert now_is(world, won).won_amount == 90_000_50
    assert client.post(f"/deals/{lost.reference}/lost/", {"reason": ""}).status_code == 422
    client.post(f"/deals/{lost.reference}/lost/", {"reason": "Price", "competitor": "Globex"})
    assert now_is(world, lost).loss_reason == "Price"


def test_no_partner_response_tells_of_another_partners_customer(
    world: VendorWorld, client_as: SignIn
) -> None:
    """Both typed the same company in their own words; the shared customer carries a third name."""
    with entered(system_scope(world.vendor.pk)):
        Customer.objects.create(
            name="Canary Holding",
            normalised_name="canary holding",
            domain="canary.at",
            sector="Canary sector",
        )
    theirs = submitted(
        world.people["sub_rep"], world, customer_name="Secret spelling", customer_domain="canary.at",
        contact_name="Secret contact", use_case="Secret use",
    )  # fmt: skip
    do(approvals_services.deal_approve, world.people["program_admin"], theirs)
    mine = submitted(
        world.people["partner_rep"], world, customer_name="My spelling", customer_domain="canary.at"
    )
    assert mine.customer_id == theirs.customer_id
    refused = client_as(world.people["manager"]).post(f"/deals/{mine.reference}/approve/")
    assert refused.status_code == 422
    rep = client_as(world.people["partner_rep"])
    own, other = f"/deals/{mine.reference}/", f"/deals/{theirs.reference}/"
    typed = "customer_name=Secret spelling&customer_domain=canary.at"
    paths = [
        "/",
        "/deals/?all=1",
        "/deals/?q=canary",
        "/deals/?q=secret",
        "/deals/export/",
        "/deals/register/",
    ]
    paths += [own, f"{own}claims/", other, f"{other}claims/", f"/deals/register/duplicates/?{typed}"]
    rep = client_as(world.people["partner_rep"])
    for path in [*paths, "/partners/beta/timeline/"]:
        page = rep.get(path).content.decode()
        for word in ("Canary", "Secret", "Gamma of acme", theirs.reference):
            assert word not in page, (path, word)
    assert rep.get(other).status_code == 404


# Approvals -------------------------------------------------------------------------------------------------


def test_the_inbox_lists_by_due_time_marks_claims_and_approves_the_clear_ones(
    world: VendorWorld, client_as: SignIn
) -> None:
    approved(world, "distributor_rep")
    rep, manager = world.people["partner_rep"], client_as(world.people["manager"])
    claimed = submitted(rep, world)
    clear = submitted(rep, world, customer_name="Free AG", customer_domain="")
    late = submitted(rep, world, customer_name="Late AG", customer_domain="")
    foreign = submitted(world.people["sub_rep"], world, customer_name="Not mine", customer_domain="")
    with entered(system_scope(world.vendor.pk)):
        Deal.objects.filter(pk=late.pk).update(decision_due_at=timezone.now() - timedelta(hours=2))
    page = text(manager.get("/deals/inbox/"))
    assert "1 decision is overdue" in page
    assert page.index("Late AG") < page.index("Free AG")
    assert "Not mine" not in page
    assert f'value="{clear.reference}"' in page
    assert f'value="{claimed.reference}"' not in page
    chosen = [clear.reference, late.reference, claimed.reference, foreign.reference, "D-\0"]
    answer = text(manager.post("/deals/inbox/", {"reference": chosen}, follow=True))
    assert "Approved and protected: Free AG, Late AG." in answer
    assert "Tiroler Logistik AG was not approved. Arm at Tiroler Logistik AG is protected for Alpha" in answer
    states = [now_is(world, deal).status for deal in (claimed, clear, late, foreign)]
    assert states == ["submitted", "approved", "approved", "submitted"]


def test_the_inbox_is_the_vendors(world: VendorWorld, client_as: SignIn) -> None:
    deal = submitted(world.people["partner_rep"], world)
    assert client_as(world.people["partner_rep"]).get("/deals/inbox/").status_code == 404
    executive = client_as(world.people["executive"])
    assert "Tiroler Logistik AG" in text(executive.get("/deals/inbox/"))
    assert executive.post("/deals/inbox/", {"reference": deal.reference}).status_code == 403
    assert now_is(world, deal).status == DealStatus.SUBMITTED


def test_nothing_selected_is_said(world: VendorWorld, client_as: SignIn) -> None:
    answer = client_as(world.people["manager"]).post("/deals/inbox/", follow=True)
    assert "Nothing was selected" in text(answer)


def test_naughty_strings_are_kept_as_typed_or_refused_with_a_message(
    world: VendorWorld, client_as: SignIn
) -> None:
    rep = client_as(world.people["partner_rep"])
    names = ("customer_name", "contact_name", "competitor", "use_case", "notes", "lines-0-quantity", "amount")
    strings = naughty_strings()
    for start in range(0, len(strings), 5):
        here = strings[start : start + 7]
        for fields in (names, names[:5]):  # in texts alone, and in numbers as well
            answer = register(rep, world, "draft", **dict(zip(fields, here, strict=False)))
            assert answer.status_code in (302, 422), here
    for naughty in strings[:OWN]:
        assert rep.get("/deals/", {"q": naughty, "all": "1"}).status_code in (200, 422), naughty
    kept = rep.get("/deals/?all=1")
    assert kept.status_code == 200
    assert "<script>alert" not in kept.content.decode()
    assert deals_there(world) > len(strings) // 10


NAUGHTY = (
    "undefined", "\\N", "' or 1=1 --", "<script>alert(1)</script>", '" onfocus=alert(1) autofocus x="',
    "{{ 7 * 7 }}", "%s%n%d", "../../etc/passwd", "\u202egnp.exe", "Z\u0351\u036balgo", "田中さん", "\ufdfa",
    "\U0001f469\u200d\U0001f467", "\x1b[31m", "\r\nBcc: a@example.com", "=1+1", "\0", "\ud7ff", "x" * 5000,
    "1e309", "-0", "٣",
)  # fmt: skip
OWN = len(NAUGHTY)


def naughty_strings() -> list[str]:
    """A few of each kind of our own, and the "big list" where it is at hand."""
    file = Path(__file__).parents[3] / "shared" / "data" / "bad_input" / "blns" / "blns.json"
    return [*NAUGHTY, *(json.loads(file.read_text()) if file.is_file() else [])]


# The form ------------------------------------------------------------------------------------------------


def register(client: PortalClient, world: VendorWorld, button: str = "submit", **changes: Any) -> Any:
    return client.post("/deals/register/", {**posted(world, **changes), button: "1"})


def only_deal(world: VendorWorld) -> Deal:
    with acting_as(world.people["program_admin"]):
        deal: Deal = Deal.objects.get()
        return deal


def deals_there(world: VendorWorld) -> int:
    with acting_as(world.people["program_admin"]):
        return Deal.objects.count()


def test_a_name_cannot_turn_the_text_after_it(world: VendorWorld, client_as: SignIn) -> None:
    register(client_as(world.people["partner_rep"]), world, customer_name="Nord\u202egnp.exe \u2067AG")
    assert only_deal(world).customer_name == "Nordgnp.exe AG"


def test_a_partner_registers_a_deal(world: VendorWorld, client_as: SignIn) -> None:
    rep = client_as(world.people["partner_rep"])
    answer = register(rep, world)
    deal = only_deal(world)
    assert answer.headers["Location"] == f"/v/acme/deals/{deal.reference}/"
    assert (deal.status, deal.amount, deal.amount_vendor) == ("submitted", 86_000_00, 86_000_00)
    assert deal.registered_by == world.people["partner_rep"].user
    with acting_as(world.people["partner_rep"]):
        assert list(deal.lines.values_list("product_id", "quantity")) == [(world.products[0].pk, 6)]


def test_the_form_sent_twice_is_one_deal(world: VendorWorld, client_as: SignIn) -> None:
    rep = client_as(world.people["partner_rep"])
    answers = [register(rep, world) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert events(world, only_deal(world)) == ["deals.drafted", "deals.submitted"]


def test_the_form_sent_again_with_other_answers_is_another_deal(
    world: VendorWorld, client_as: SignIn
) -> None:
    """Back in the browser, another customer typed: the second one must not vanish into the first."""
    rep = client_as(world.people["partner_rep"])
    register(rep, world)
    register(rep, world, customer_name="Another AG", customer_domain="")
    assert deals_there(world) == 2


def test_a_draft_is_kept_and_finished_later(world: VendorWorld, client_as: SignIn) -> None:
    rep = client_as(world.people["partner_rep"])
    names = ("customer_country", "contact_name", "amount", "expected_close", "use_case")
    blank = dict.fromkeys(names, "")
    answer = register(rep, world, "draft", **blank, **{"lines-0-product": ""})
    deal = only_deal(world)
    assert answer.headers["Location"] == f"/v/acme/deals/{deal.reference}/edit/"
    assert (deal.status, deal.amount, deal.expected_close) == ("draft", None, None)
    refused = rep.post(f"/deals/{deal.reference}/edit/", {**posted(world, **blank), "submit": "1"})
    assert refused.status_code == 422
    assert "5 answers need a look before you submit" in text(refused)
    rep.post(f"/deals/{deal.reference}/edit/", {**posted(world), "submit": "1"})
    assert now_is(world, deal).status == DealStatus.SUBMITTED
    late = rep.post(f"/deals/{deal.reference}/edit/", {**posted(world), "submit": "1"})
    assert late.status_code == 302, "a second press shows the deal"
    assert events(world, deal) == ["deals.drafted", "deals.drafted", "deals.submitted"]


def test_a_returned_registration_is_answered_in_the_form(world: VendorWorld, client_as: SignIn) -> None:
    deal = submitted(world.people["partner_rep"], world)
    do(approvals_services.deal_return, world.people["manager"], deal, reason="Which site?")
    rep = client_as(world.people["partner_rep"])
    assert "Which site?" in text(rep.get(f"/deals/{deal.reference}/edit/"))
    changed = posted(world, use_case="The site in Koper.")
    rep.post(f"/deals/{deal.reference}/edit/", {**changed, "submit": "1"})
    assert now_is(world, deal).status == DealStatus.SUBMITTED
    assert now_is(world, deal).use_case == "The site in Koper."


def test_rows_of_products_are_added_and_removed_without_a_script(
    world: VendorWorld, client_as: SignIn
) -> None:
    rep = client_as(world.people["partner_rep"])
    added = register(rep, world, "add_line", amount="not a number yet")
    assert added.status_code == 200
    assert 'name="lines-1-product"' in text(added)
    assert 'value="not a number yet"' in text(added), "what was typed stays, and is not judged yet"
    assert "is-invalid" not in text(added)
    two = {"lines-TOTAL_FORMS": "2", "lines-1-product": str(world.products[1].pk), "lines-1-quantity": "3"}
    removed = rep.post("/deals/register/", {**posted(world, **two), "remove_line": "0"})
    assert 'name="lines-1-product"' not in text(removed)
    assert f'value="{world.products[1].pk}" selected' in text(removed)
    assert deals_there(world) == 0


def test_two_products_are_kept_with_their_quantities(world: VendorWorld, client_as: SignIn) -> None:
    two = {"lines-TOTAL_FORMS": "2", "lines-1-product": str(world.products[1].pk), "lines-1-quantity": "3"}
    register(client_as(world.people["partner_rep"]), world, **two)
    with acting_as(world.people["partner_rep"]):
        lines = set(only_deal(world).lines.values_list("product_id", "quantity"))
    assert lines == {(world.products[0].pk, 6), (world.products[1].pk, 3)}


TODAY = timezone.localdate()


WRONG = [
    ({"customer_name": ""}, "Name the customer."),
    ({"customer_name": " \u200b "}, "Name the customer."),
    ({"customer_name": "A\0B"}, "Null characters are not allowed."),
    ({"customer_name": "x" * 201}, "at most 200 characters"),
    ({"customer_domain": "not a domain"}, "Enter a website or domain"),
    ({"customer_domain": "gmail.com"}, "gmail.com is shared by many companies"),
    ({"customer_country": "XX"}, "Select a valid choice"),
    ({"contact_name": ""}, "Name somebody at the customer."),
    ({"contact_email": "nobody"}, "Enter a valid email address."),
    ({"amount": ""}, "Enter the value of the whole deal"),
    ({"amount": "0"}, "Enter an amount above zero."),
    ({"amount": "-5"}, "Enter an amount above zero."),
    ({"amount": "1000000000001"}, "more than a deal can be worth"),
    ({"amount": "1e400"}, "Enter an amount, for example"),
    ({"amount": "NaN"}, "Enter an amount, for example"),
    ({"amount": "48.500"}, "48.500 can mean 48,500 or 48.5. Write 48500 or 48.50."),
    ({"amount": "86000.005"}, "EUR has at most 2 decimals."),
    ({"amount": "9" * 41}, "at most 40 characters"),
    ({"currency": "XYZ"}, "Select a valid choice"),
    ({"expected_close": ""}, "Choose when you expect to close."),
    ({"expected_close": "yesterday"}, "Enter a date"),
    ({"expected_close": "2026-02-30"}, "Enter a date"),
    ({"expected_close": str(TODAY - timedelta(days=2))}, "is in the past."),
    ({"expected_close": str(TODAY + timedelta(days=5 * 366 + 3))}, "more than five years away"),
    ({"expected_close": "9999-12-31"}, "more than five years away"),
    ({"source": "theft"}, "Select a valid choice"),
    ({"use_case": ""}, "Say in a sentence or two"),
    ({"use_case": "x" * 501}, "at most 500 characters"),
    ({"lines-0-product": ""}, "Choose at least one product."),
    ({"lines-0-product": "999999"}, "Choose a product from the list."),
    ({"lines-0-product": "x"}, "Choose a product from the list."),
    ({"lines-0-quantity": ""}, "How many?"),
    ({"lines-0-quantity": "0"}, "At least one."),
    ({"lines-0-quantity": "1.5"}, "Enter a whole number."),
    ({"lines-0-quantity": "1000001"}, "less than or equal to 1000000"),
    ({"form_key": "not a key"}, "Enter a valid UUID."),
]


def test_a_wrong_answer_is_said_beside_its_field_and_nothing_typed_is_lost(
    world: VendorWorld, client_as: SignIn
) -> None:
    rep = client_as(world.people["partner_rep"])
    for change, says in WRONG:
        answer = register(rep, world, **change)
        page = text(answer)
        assert answer.status_code == 422, change
        assert says in page, change
        assert "needs a look before you submit" in page, change
        for name, value in (("contact_name", "Chiara Moser"), ("use_case", "Replace two forklift routes.")):
            assert name in change or value in page, change
    assert deals_there(world) == 0


def test_a_product_named_twice_is_refused(world: VendorWorld, client_as: SignIn) -> None:
    twice = {"lines-TOTAL_FORMS": "2", "lines-1-product": str(world.products[0].pk), "lines-1-quantity": "3"}
    answer = register(client_as(world.people["partner_rep"]), world, **twice)
    assert answer.status_code == 422
    assert "This product is on the deal already." in text(answer)


def test_a_mangled_number_of_rows_breaks_nothing(world: VendorWorld, client_as: SignIn) -> None:
    rep = client_as(world.people["partner_rep"])
    for total in ("", "x", "-1", "99999999", "1\0"):
        for button in ("submit", "add_line", "remove_line"):
            answer = register(rep, world, button, **{"lines-TOTAL_FORMS": total})
            assert answer.status_code in (200, 302, 422), (button, answer.status_code)


def test_too_many_products_are_refused(world: VendorWorld, client_as: SignIn) -> None:
    answer = register(client_as(world.people["partner_rep"]), world, **{"lines-TOTAL_FORMS": "31"})
    assert answer.status_code == 422
    assert "A deal names at most 30 products." in text(answer)


def test_a_currency_without_a_rate_that_day_is_refused(world: VendorWorld, client_as: SignIn) -> None:
    with entered(system_scope(world.vendor.pk)):
        ExchangeRate.objects.create(currency="CHF", day=TODAY + timedelta(days=3), rate="1.05")
    answer = register(client_as(world.people["partner_rep"]), world, currency="CHF")
    assert answer.status_code == 422
    assert "There is no exchange rate for CHF" in text(answer)
    assert deals_there(world) == 0, "not even a draft is left behind"


def test_another_vendors_product_is_no_choice(
    world: VendorWorld, other_world: VendorWorld, client_as: SignIn
) -> None:
    theirs = {"lines-0-product": str(other_world.products[0].pk)}
    answer = register(client_as(world.people["partner_rep"]), world, **theirs)
    assert answer.status_code == 422
    assert deals_there(world) == 0


def test_the_partner_is_asked_before_registering_a_customer_again(
    world: VendorWorld, client_as: SignIn
) -> None:
    known = submitted(
        world.people["partner_admin"], world, customer_name="Tiroler Logistik Aktiengesellschaft"
    )
    rep = client_as(world.people["partner_rep"])
    asked = register(rep, world)
    assert asked.status_code == 422
    assert "Is this another deal?" in text(asked)
    assert known.reference in text(asked)
    assert deals_there(world) == 1
    assert register(rep, world, another_deal="yes").status_code == 302
    assert register(rep, world, another_deal="yes").status_code == 302
    assert deals_there(world) == 2


TYPED = [
    ({"customer_name": "tiroler logistik"}, True),
    ({"customer_name": "", "customer_domain": "https://shop.tiroler-logistik.at/x"}, True),
    ({"customer_name": "Somebody else", "customer_domain": "else.at"}, False),
    ({"customer_name": "%", "customer_domain": "_"}, False),
    ({"customer_name": "\0", "customer_domain": "\0"}, False),
    ({}, False),
]


def test_while_typing_the_own_deals_of_the_customer_are_shown(world: VendorWorld, client_as: SignIn) -> None:
    submitted(world.people["partner_admin"], world)
    rep = client_as(world.people["partner_rep"])
    for typed, known in TYPED:
        answer = rep.get("/deals/register/duplicates/", typed)
        assert answer.status_code == 200, typed
        assert ("You already work on this customer" in text(answer)) is known, typed


def test_another_partners_deal_of_the_customer_is_not_mentioned(
    world: VendorWorld, client_as: SignIn
) -> None:
    submitted(world.people["sub_rep"], world)
    rep = client_as(world.people["partner_rep"])
    typed = {"customer_name": "Tiroler Logistik AG", "customer_domain": "tiroler-logistik.at"}
    assert text(rep.get("/deals/register/duplicates/", typed)).strip() == ""
    assert register(rep, world).status_code == 302


@pytest.mark.parametrize("who", ["manager", "executive", "program_admin"])
def test_only_partner_people_register(world: VendorWorld, client_as: SignIn, who: str) -> None:
    client = client_as(world.people[who])
    assert client.get("/deals/register/").status_code == 403
    assert register(client, world).status_code == 403
    assert deals_there(world) == 0
