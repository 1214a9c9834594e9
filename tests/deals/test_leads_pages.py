"""Pages of leads: what each side sees and does there, and what a partner never gets to read."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from deals.deal.models import Deal
from deals.leads import offers, services
from deals.leads.models import Lead, LeadContact, LeadOffer, LeadStatus
from portal.events.models import OutboxMessage, PortalEvent
from portal.notifications.models import Notification
from portal.references import meant
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from tests.support import factories, leads
from tests.support.clocks import stopped_at
from tests.support.leads import do, manage
from tests.support.pages import BUDGET, statements, text
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as, add_person

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], PortalClient]


@pytest.fixture
def manager(world: VendorWorld, client_as: SignIn) -> PortalClient:
    return client_as(world.people["manager"])


@pytest.fixture
def rep(world: VendorWorld, client_as: SignIn) -> PortalClient:
    return client_as(world.people["partner_rep"])


def page(made: Lead | LeadOffer, what: str = "detail") -> str:
    return reverse(f"leads:{what}", args=[made.reference])


def posted(world: VendorWorld, **changes: Any) -> dict[str, Any]:
    """What the form of a new lead sends."""
    return {
        **{key: value for key, value in leads.answers(amount="40,000").items() if key != "region_id"},
        "region": world.regions["north"].pk,
        "owner": world.people["manager"].user.pk,
        "form_key": "6f1c5d0e-0000-4000-8000-000000000002",
        "lines-TOTAL_FORMS": "3",
        "lines-INITIAL_FORMS": "0",
        "lines-0-product": str(world.products[0].pk),
        "lines-0-quantity": "2",
        "lines-1-product": "",
        "lines-1-quantity": "1",
        **changes,
    }


class TestTheWalk:
    """From the form to the registration, each side through its own pages."""

    def test_entered_offered_accepted_contacted_registered(
        self, world: VendorWorld, manager: PortalClient, rep: PortalClient
    ) -> None:
        leads.rule(world, name="Resellers", partner_type="reseller")
        sent = manager.post("/leads/enter/", posted(world, route="1"))
        made = _the_lead(world)
        assert sent.url.endswith(page(made))
        told = text(manager.get(page(made)))
        assert "with Beta of acme, answer due" in told
        assert "The only one by the rule “Resellers”" in told
        assert "16 working hours" in told

        read = text(rep.get(page(made)))
        assert "accept or decline by" in read
        assert "It came to you because it suits a reseller." in read
        assert "Ada Moser" not in read
        assert "ada@steirische-werke.at" not in read
        assert rep.post(page(made, "accept")).status_code == 302
        read = text(rep.get(page(made)))
        assert "Ada Moser" in read
        assert "yours, first contact due" in read
        assert "Register as a deal" not in read

        contact = {"kind": "call", "happened_on": leads.today().isoformat(), "note": "Wants an offer."}
        assert rep.post(page(made, "contact"), contact).status_code == 302
        assert "Wants an offer." in text(manager.get(page(made)))
        draft = rep.post(page(made, "convert"))
        form = text(rep.get(draft.url))
        for typed in (
            leads.CUSTOMER,
            "steirische-werke.at",
            "Ada Moser",
            "40,000",
            "Wants two arms for packing.",
        ):
            assert typed in form
        with entered(system_scope(world.vendor.pk)):
            deal = Deal.objects.get()
        assert made.reference in text(rep.get(reverse("deals:detail", args=[deal.reference])))
        told = text(manager.get(page(made)))
        assert "turned into a registration" in told
        assert deal.reference not in told  # a draft is the partner's own

    def test_declined_it_goes_to_the_next_and_the_first_reads_nothing_of_it(
        self, world: VendorWorld, manager: PortalClient, rep: PortalClient
    ) -> None:
        leads.rule(world)
        offer = leads.offered(world)
        answer = rep.post(
            page(offer, "decline"), {"reason": "No capacity at the moment", "details": "Until May"}
        )
        assert answer.status_code == 302
        told = text(manager.get(page(offer)))
        assert "“No capacity at the moment: Until May”" in told
        assert "with Alpha of acme" in told
        read = text(rep.get(page(offer)))
        assert "you declined it" in read
        assert "Alpha" not in read

    def test_out_of_time_the_button_says_so_and_the_page_stays(
        self, world: VendorWorld, rep: PortalClient
    ) -> None:
        offer = leads.offered(world)
        with stopped_at(leads.past(offer)):
            answer = rep.post(page(offer, "accept"))
            assert answer.status_code == 422
            assert "its window has closed" in text(answer)
        assert leads.holders(world, offer) == [("beta", "")]


def _the_lead(world: VendorWorld) -> Lead:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        found: Lead = Lead.objects.get()
        return found


class TestTheForm:
    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"customer_name": " "}, "Name the customer."),
            ({"customer_country": ""}, "Choose the customer’s country."),
            ({"customer_domain": "not a domain"}, "Enter a website or domain"),
            ({"customer_domain": "somebody@gmail.com"}, "shared by many companies"),
            ({"contact_email": "nobody"}, "Enter a valid email address."),
            ({"amount": "lots"}, "Enter an amount, for example"),
            ({"amount": "-5"}, "Enter an amount above zero."),
            ({"amount": "0.001"}, "decimal"),
            ({"currency": "XXX"}, "Select a valid choice."),
            ({"region": "999999"}, "Select a valid choice."),
            ({"owner": "999999"}, "Select a valid choice."),
            ({"lines-0-product": "999999"}, "Choose a product from the list."),
            ({"lines-0-quantity": "0"}, "At least one."),
            ({"lines-1-product": "SAME"}, "This product is on the deal already."),
            ({"notes": "x" * 4001}, "at most 4000 characters"),
            ({"customer_name": "Null\0 AG"}, "Null characters are not allowed."),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
        self, changes: dict[str, str], said: str, world: VendorWorld, manager: PortalClient
    ) -> None:
        changes = {k: str(world.products[0].pk) if v == "SAME" else v for k, v in changes.items()}
        answer = manager.post("/leads/enter/", posted(world, **changes))
        assert answer.status_code == 422
        assert said.lower() in text(answer).lower(), text(answer)[:3000]
        assert "Trade fair" in text(answer)
        with entered(system_scope(world.vendor.pk)):
            assert not Lead.objects.exists()

    def test_sent_twice_it_is_one_lead(self, world: VendorWorld, manager: PortalClient) -> None:
        answers = [manager.post("/leads/enter/", posted(world)) for _ in "ab"]
        assert answers[0].url == answers[1].url
        assert _the_lead(world).amount == 40_000_00

    def test_a_lead_is_shown_as_it_was_typed_and_changed(
        self, world: VendorWorld, manager: PortalClient
    ) -> None:
        made = leads.lead(world, products=(0, 1))
        form = text(manager.get(page(made, "edit")))
        assert "40,000" in form
        assert form.count("selected") >= 4  # country, currency, owner, both products
        manager.post(page(made, "edit"), posted(world, customer_name="Renamed AG"))
        assert leads.lead_now(world, made).customer_name == "Renamed AG"

    def test_what_a_partner_has_is_not_for_changing(self, world: VendorWorld, manager: PortalClient) -> None:
        offer = leads.offered(world)
        assert manager.get(page(offer, "edit")).status_code == 302

    @pytest.mark.parametrize("form", ["decline", "disqualify", "contact"])
    def test_forms_of_the_partner_say_what_is_missing(
        self, form: str, world: VendorWorld, rep: PortalClient
    ) -> None:
        make = {"decline": leads.offered, "disqualify": leads.contacted, "contact": leads.accepted}[form]
        offer = make(world)
        answer = rep.post(page(offer, form), {"details": "kept as typed", "note": "kept as typed"})
        assert answer.status_code == 422
        assert "Choose" in text(answer)
        assert "kept as typed" in text(answer)
        too_early = rep.post(
            page(offer, form), {"reason": "", "kind": "call", "note": "x", "happened_on": "2001-01-01"}
        )
        assert too_early.status_code == 422


class TestSuggestions:
    def test_found_by_name_with_what_stands_in_the_way(
        self, world: VendorWorld, manager: PortalClient
    ) -> None:
        made = leads.lead(world)
        found = text(manager.get(f"{page(made)}?partner=b"))
        assert "1 partner found for “b”" in found
        assert "Beta of acme" in found
        found = text(manager.get(f"{page(made)}?partner=delta"))
        assert "Nobody there can sign in" in found
        assert 'name="partner" value="delta"' not in found
        assert "No active partner in your care" in text(manager.get(f"{page(made)}?partner=gamma"))
        assert manager.get(f"{page(made)}?partner=%00").status_code == 200

    def test_a_partner_nobody_knows_is_not_found(self, world: VendorWorld, manager: PortalClient) -> None:
        made = leads.lead(world)
        for slug in ("gamma", "nobody", "", "\0"):
            assert manager.post(page(made, "offer"), {"partner": slug}).status_code == 404
        assert leads.holders(world, made) == []

    def test_one_who_had_it_is_refused_on_the_page(self, world: VendorWorld, manager: PortalClient) -> None:
        offer = leads.offered(world)
        do(services.offer_decline, world.people["partner_rep"], offer, reason="No")
        answer = manager.post(page(offer, "offer"), {"partner": "beta"})
        assert answer.status_code == 422
        assert "Beta of acme: declined it." in text(answer)


class TestLists:
    def test_the_managers_list_says_what_needs_them(self, world: VendorWorld, manager: PortalClient) -> None:
        leads.lead(world, customer_name="Free AG")
        late = leads.accepted(world, customer_name="Late AG")
        assert late.contact_due_at
        with stopped_at(late.contact_due_at + timedelta(hours=1)):
            shown = text(manager.get("/leads/?all=1"))
            assert "1 lead is overdue and 1 lead waits for a partner" in shown
            only = text(manager.get("/leads/?state=overdue"))
            assert "Late AG" in only
            assert "Free AG" not in only
            home = text(manager.get("/leads/waiting/"))
            assert "Late AG" in home
            assert "Free AG" in home

    def test_the_partners_list_says_until_when(self, world: VendorWorld, rep: PortalClient) -> None:
        assert "No leads yet" in text(rep.get("/leads/?all=1"))
        offer = leads.offered(world)
        shown = text(rep.get("/leads/?all=1"))
        assert "1 lead to accept, by" in shown
        assert offer.reference in shown
        assert offer.reference in text(rep.get("/leads/waiting/"))
        assert offer.reference not in text(rep.get("/leads/?state=declined"))

    def test_filters_and_their_wrong_values(
        self, world: VendorWorld, manager: PortalClient, rep: PortalClient
    ) -> None:
        offer = leads.offered(world)
        for client in (manager, rep):
            assert offer.reference in text(client.get(f"/leads/?q={offer.reference.lower()}"))
            assert offer.reference in text(client.get("/leads/?q=steir"))
            assert offer.reference not in text(client.get("/leads/?q=zzz"))
            assert client.get("/leads/?state=nonsense").status_code == 422
            assert client.get("/leads/?q=%00").status_code == 422
            for query in ("page=after~x~y", "sort=nonsense", "sort=-amount", "sort=due", "page=last"):
                assert client.get(f"/leads/?{query}").status_code == 200

    def test_bulk_offers_what_can_be_and_says_what_cannot(
        self, world: VendorWorld, manager: PortalClient
    ) -> None:
        leads.rule(world)
        free, held = leads.lead(world, customer_name="Free AG"), leads.offered(world, customer_name="Held AG")
        both = [free.reference, held.reference, "L-999999", "\0"]
        answer = manager.post("/leads/offer/", {"reference": both, "by_rules": "1"}, follow=True)
        assert "Offered by your rules: Free AG." in text(answer)
        assert "Held AG was not offered." in text(answer)
        assert "Nothing was selected" in text(manager.post("/leads/offer/", {"by_rules": "1"}, follow=True))

    @pytest.mark.parametrize(
        ("typed", "said"),
        [("", "Name the partner"), ("zzz", "No partner in your care"), ("gamma", "No partner in your care")],
    )
    def test_bulk_to_a_partner_nobody_knows_keeps_what_was_ticked(
        self, typed: str, said: str, world: VendorWorld, manager: PortalClient
    ) -> None:
        free = leads.lead(world)
        sent = {"reference": free.reference, "partner": typed, "to_partner": "1"}
        answer = manager.post("/leads/offer/", sent)
        assert answer.status_code == 422
        assert said in text(answer)
        assert "checked" in text(answer)
        manager.post("/leads/offer/", {**sent, "partner": "beta of ACME"})
        assert leads.holders(world, free) == [("beta", "")]

    def test_both_sides_take_their_list_along(
        self, world: VendorWorld, manager: PortalClient, rep: PortalClient
    ) -> None:
        leads.offered(world, customer_name="=cmd|' /C calc'!A0")
        for client in (manager, rep):
            rows = list(csv.reader(io.StringIO(client.get("/leads/export/").content.decode("utf-8-sig"))))
            assert rows[0][0] == "reference"
            assert any(cell == "'=cmd|' /C calc'!A0" for cell in rows[1])

    def test_a_manager_sees_own_free_and_those_of_own_partners(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        mine, theirs = leads.lead(world), leads.lead(world, "other_manager")
        nobodys = leads.lead(world, "program_admin", owner_id=None)
        with_beta = leads.offered(world, by="program_admin")
        four = (mine, theirs, nobodys, with_beta)
        other = text(client_as(world.people["other_manager"]).get("/leads/?all=1"))
        assert [lead.reference in other for lead in four] == [False, True, True, False]
        manager = text(client_as(world.people["manager"]).get("/leads/?all=1"))
        assert [lead.reference in manager for lead in four] == [True, False, True, True]
        assert client_as(world.people["other_manager"]).get(page(mine)).status_code == 404

    def test_a_distributor_reads_its_sub_partners_leads_and_answers_none(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        offer = leads.offered(world, "gamma", "program_admin")
        client = client_as(world.people["distributor_admin"])
        assert "Gamma of acme" in text(client.get("/leads/?all=1"))
        shown = text(client.get(page(offer)))
        assert ">Accept<" not in shown
        assert client.post(page(offer, "accept")).status_code == 403


def test_the_timeline_leads_to_the_lead(world: VendorWorld, manager: PortalClient) -> None:
    offer = leads.offered(world)
    told = manager.get("/partners/beta/timeline/").content.decode()
    assert f'href="/v/acme{page(offer)}"' in told
    assert f"Lead offered: {leads.CUSTOMER}" in told


class TestSecrecy:
    """Beta had the lead and declined; alpha has it now. Nothing beta reads may say so."""

    CANARIES = (
        "Alpha of acme",
        "alpha",
        "Gamma",
        "Delta",
        "Distributor_Rep",
        "Nobody knows Delta",
        "L-SECRET",
    )

    @pytest.fixture
    def story(self, world: VendorWorld) -> LeadOffer:
        leads.rule(world, name="Nobody knows Delta")
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            add_person(world.vendor, "delta_rep", Role.PARTNER_REP, world.partners["delta"])
        first = leads.offered(world)
        do(services.offer_decline, world.people["partner_rep"], first, reason="No capacity")
        second = _open_offer(world, first)
        accepted = do(services.offer_accept, world.people["distributor_rep"], second)
        leads.log(world, accepted, "distributor_rep", note="Alpha of acme called them")
        do(services.offer_convert, world.people["distributor_rep"], leads.now_is(world, accepted))
        return first

    def test_no_page_fragment_or_file_of_the_first_names_the_second(
        self, story: LeadOffer, world: VendorWorld, rep: PortalClient
    ) -> None:
        paths = [
            "/", "/leads/?all=1", "/leads/?state=declined", "/leads/export/", "/leads/waiting/", page(story),
            "/leads/of/beta/", "/partners/beta/leads/", "/partners/beta/timeline/", "/notifications/",
            "/scorecard/", "/partners/beta/scorecard/lead_acceptance/",
            "/partners/beta/scorecard/speed_to_lead/",
        ]  # fmt: skip
        for path in paths:
            answer = rep.get(path)
            assert answer.status_code == 200, path
            shown = answer.content.decode()
            for canary in self.CANARIES:
                assert canary not in shown, (path, canary)
        for action in ("accept", "decline", "contact", "disqualify", "convert"):
            answer = rep.post(page(story, action), {"reason": "Another reason", "kind": "call"}, follow=True)
            assert not any(canary in answer.content.decode() for canary in self.CANARIES), action

    def test_the_page_of_the_first_is_the_same_whatever_becomes_of_the_lead(
        self, world: VendorWorld, rep: PortalClient
    ) -> None:
        """On its way through another partner, or ended by the vendor: not a byte differs."""
        leads.rule(world)
        with stopped_at(timezone.now()):
            alone = leads.offered(world, customer_name="Same AG")
            do(services.offer_decline, world.people["partner_rep"], alone, reason="No capacity")
            before = _bare(rep.get(page(alone)))
            second = _open_offer(world, alone)
            do(services.offer_accept, world.people["distributor_rep"], second)
            assert _bare(rep.get(page(alone))) == before
            manage(offers.lead_end, world, leads.lead_now(world, alone), reason="Beta knows Alpha")
            assert _bare(rep.get(page(alone))) == before

    def test_the_rows_themselves_are_the_wall(self, story: LeadOffer, world: VendorWorld) -> None:
        with acting_as(world.people["partner_rep"]):
            assert set(LeadOffer._base_manager.values_list("partner__slug", flat=True)) == {"beta"}
            assert not Lead._base_manager.exists()
            assert not LeadContact._base_manager.exists()
            told = PortalEvent._base_manager.filter(type__startswith="deals.lead_")
            assert set(told.values_list("type", flat=True)) == {"deals.lead_offered", "deals.lead_declined"}
            assert LeadOffer._base_manager.update(notes="mine") == 1

    def test_mails_and_notifications_of_the_first_name_nobody(
        self, story: LeadOffer, world: VendorWorld
    ) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            people = [world.people[name].user for name in ("partner_rep", "partner_admin")]
            titles = list(Notification.objects.filter(user__in=people).values_list("title", flat=True))
            mails = [
                str(message.payload)
                for message in OutboxMessage.objects.all()
                if message.payload.get("to") in {person.email for person in people}
            ]
        assert len(titles) >= 2
        assert mails
        for said in [*titles, *mails]:
            assert not any(canary in said for canary in self.CANARIES), said


def _open_offer(world: VendorWorld, offer: LeadOffer) -> LeadOffer:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        found: LeadOffer = LeadOffer.objects.get(lead=offer.lead_id, closed_at=None)
        return found


def _bare(answer: Any) -> str:
    return re.sub(r"(nonce|csrfmiddlewaretoken|X-CSRFToken)[^>]*", "", text(answer))


class TestStatements:
    """As many for one lead as for fifty, and never more than twelve."""

    def many(self, world: VendorWorld, count: int) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            owner = world.people["manager"].user
            for number in range(count):
                factories.LeadFactory(owner=owner)
                slug = ("beta", "alpha")[number % 2]
                lead = factories.LeadFactory(owner=owner, status=LeadStatus.OFFERED)
                offer = factories.LeadOfferFactory(lead=lead, partner=world.partners[slug])
                offer.lines.create(partner=offer.partner, product=world.products[0])

    @pytest.mark.parametrize(
        "name", ["manager", "program_admin", "executive", "partner_rep", "distributor_admin"]
    )
    def test_stay_the_same(self, name: str, world: VendorWorld, client_as: SignIn) -> None:
        slug = "alpha" if name == "distributor_admin" else "beta"
        offer = leads.offered(world, slug)
        free = leads.lead(world)
        leads.rule(world)
        client = client_as(world.people[name])
        paths = ["/leads/?all=1", "/leads/waiting/", page(offer), f"/leads/of/{slug}/"]
        if name in ("manager", "program_admin"):
            paths += [page(free), f"{page(free)}?partner=b", "/leads/enter/", page(free, "edit")]
        self.many(world, 2)
        for path in paths:
            client.get(path)
        few = {path: statements(client, path) for path in paths}
        self.many(world, 50)
        assert {path: statements(client, path) for path in paths} == few
        assert {path: n for path, n in few.items() if n > BUDGET} == {}

    def test_of_a_lead_with_a_history(
        self, world: VendorWorld, manager: PortalClient, rep: PortalClient
    ) -> None:
        offer = leads.contacted(world)
        for client in (manager, rep):
            client.get(page(offer))
            one = statements(client, page(offer))
            for _ in range(20):
                leads.log(world, offer)
            assert statements(client, page(offer)) == one <= BUDGET


class TestImport:
    def load(self, world: VendorWorld, file: Path, text: str) -> str:
        file.write_text(text)
        out = io.StringIO()
        call_command("load", "leads", str(file), vendor=world.vendor.slug, stdout=out, stderr=out)
        return out.getvalue()

    def test_leads_come_with_everything_and_loading_again_changes_nothing(
        self, world: VendorWorld, tmp_path: Path
    ) -> None:
        text = (
            "id,company,website,country,contact,email,product,quantity,amount,region,owner,source\n"
            "A1,Steirische Werke AG,www.steirische-werke.at,Austria,Ada Moser,ada@steirische-werke.at,"
            "arm,2,40000,North,manager@acme.example,Fair\n"
            "A2,Kärntner Holz GmbH,,AT,,,cart,,,,,\n"
        )
        self.load(world, tmp_path / "leads.csv", text)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            first, second = Lead.objects.order_by("pk")
            assert meant("L", first.reference) == first.reference
            assert (first.customer_domain, str(first.customer_country)) == ("steirische-werke.at", "AT")
            assert (first.amount, first.currency, first.region) == (40_000_00, "EUR", world.regions["north"])
            assert first.owner == world.people["manager"].user
            assert list(first.lines.values_list("product__code", "quantity")) == [("arm", 2)]
            assert (second.status, second.owner, second.amount) == (LeadStatus.NEW, None, None)
            assert PortalEvent.objects.filter(type="deals.lead_imported").count() == 2
        assert "2" in self.load(world, tmp_path / "leads.csv", text)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert PortalEvent.objects.filter(type="deals.lead_imported").count() == 2
            assert Lead.objects.count() == 2

    def test_wrong_lines_are_reported_and_the_others_taken(self, world: VendorWorld, tmp_path: Path) -> None:
        text = (
            "id,company,country,product,amount,region,owner\n"
            "A1,,AT,,,,\n"
            "A2,Right GmbH,AT,,,,\n"
            "A3,Wrong GmbH,Atlantis,,,,\n"
            "A4,Wrong GmbH,AT,Nothing,,,\n"
            "A5,Wrong GmbH,AT,,many,,\n"
            "A6,Wrong GmbH,AT,,,Nowhere,\n"
            "A7,Wrong GmbH,AT,,,,partner_rep@acme.example\n"
            "A2,Twice GmbH,AT,,,,\n"
        )
        said = self.load(world, tmp_path / "leads.csv", text)
        with entered(system_scope(world.vendor.pk)):
            assert list(Lead.objects.values_list("customer_name", flat=True)) == ["Right GmbH"], said

    def test_what_a_partner_has_is_left_as_it_is(self, world: VendorWorld, tmp_path: Path) -> None:
        file = tmp_path / "leads.csv"
        self.load(world, file, "id,company,country\nA1,First GmbH,AT\n")
        with acting_as(world.people["program_admin"]) as actor:
            offers.lead_offer(actor=actor, lead=Lead.objects.get(), partner=world.partners["beta"])
        with pytest.raises(CommandError, match="every line was rejected"):
            self.load(world, file, "id,company,country\nA1,Other GmbH,AT\n")
        assert _the_lead(world).customer_name == "First GmbH"


def test_the_vendors_home_and_the_partners_home_ask_for_their_leads(
    world: VendorWorld, manager: PortalClient, rep: PortalClient
) -> None:
    for client in (manager, rep):
        assert 'hx-get="/v/acme/leads/waiting/"' in client.get("/").content.decode()
