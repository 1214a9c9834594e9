"""Partners: their pages, their timeline, and what may be done with them by whom."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partners import services
from partners.models import Partner, PartnerStatus, PartnerType
from portal.events.log import event_types, record
from portal.events.models import PortalEvent
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from portal.ui import widgets
from tests.support import factories
from tests.support.worlds import PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]
STAFF_SEES = {
    "program_admin": {"alpha", "beta", "gamma", "delta"},
    "executive": {"alpha", "beta", "gamma", "delta"},
    "manager": {"alpha", "beta", "delta"},
    "other_manager": set(),
}


def keys(page: Any) -> list[str]:
    return [partner.slug for partner in page.context["page"].object_list]


class TestList:
    @pytest.mark.parametrize("name", STAFF_SEES)
    def test_it_holds_what_one_reaches(
        self, name: str, world: VendorWorld, other_world: VendorWorld, client_as: SignIn
    ) -> None:
        page = client_as(world.people[name]).get("/partners/")
        assert set(keys(page)) == STAFF_SEES[name]
        assert "globex" not in page.text

    def test_the_heading_says_how_many(self, world: VendorWorld, client_as: SignIn) -> None:
        manager = client_as(world.people["manager"])
        assert "3 partners in your care" in manager.get("/partners/").text
        assert "1 partner found" in manager.get("/partners/?q=AL").text

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("q=al", ["alpha"]),
            ("q=AlPhA of", ["alpha"]),
            ("q=pha", []),
            ("q=%25", []),
            ("q=_lpha", []),
            ("type=distributor", ["alpha"]),
            ("status=suspended", ["delta"]),
            ("tier={silver}&region={north}", ["beta"]),
            ("sort=-partner", ["gamma", "delta", "beta", "alpha"]),
            ("sort=-tier", ["alpha", "beta", "delta", "gamma"]),
            ("sort=region", ["alpha", "beta", "delta", "gamma"]),
            ("sort=nonsense", ["alpha", "beta", "delta", "gamma"]),
            ("page=99", ["alpha", "beta", "delta", "gamma"]),
        ],
    )
    def test_it_is_searched_filtered_and_sorted(
        self, query: str, found: list[str], world: VendorWorld, client_as: SignIn
    ) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Partner.objects.filter(slug="delta").update(status=PartnerStatus.SUSPENDED)
        query = query.format(silver=world.tiers[0].pk, north=world.regions["north"].pk)
        assert keys(client_as(world.people["executive"]).get(f"/partners/?{query}")) == found

    @pytest.mark.parametrize("query", ["tier=999999", "status=made-up", "type=%00", "q=" + "x" * 200])
    def test_a_filter_that_cannot_be_is_told(self, query: str, world: VendorWorld, client_as: SignIn) -> None:
        answer = client_as(world.people["executive"]).get(f"/partners/?{query}")
        assert answer.status_code == 422
        assert answer.context["filter"].form.errors

    def test_another_vendors_tier_is_no_choice(
        self, world: VendorWorld, other_world: VendorWorld, client_as: SignIn
    ) -> None:
        answer = client_as(world.people["executive"]).get(f"/partners/?tier={other_world.tiers[0].pk}")
        assert answer.status_code == 422

    def test_no_formula_leaves_as_a_formula(self, world: VendorWorld, client_as: SignIn) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Partner.objects.filter(slug="beta").update(name='=HYPERLINK("http://evil.example")', city="+49")
            Partner.objects.filter(slug="delta").update(name="Ünïcode, with comma")
        answer = client_as(world.people["manager"]).get("/partners/partners.csv?sort=-partner")
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
        assert [row["key"] for row in rows] == ["delta", "alpha", "beta"]
        assert rows[0]["name"] == "Ünïcode, with comma"
        assert rows[2]["name"] == '\'=HYPERLINK("http://evil.example")'
        assert rows[2]["city"] == "'+49"
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert PortalEvent.objects.get(type="portal.exported").data == {"list": "partners", "rows": 3}

    def test_pages_of_fifty(self, world: VendorWorld, client_as: SignIn) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            factories.PartnerFactory.create_batch(60)
        browser = client_as(world.people["executive"])
        first, last = browser.get("/partners/"), browser.get("/partners/?page=2")
        assert (len(keys(first)), len(keys(last))) == (50, 14)
        assert not set(keys(first)) & set(keys(last))


class TestPartnerPage:
    @pytest.mark.parametrize(
        ("name", "alpha", "beta", "gamma"),
        [
            ("manager", 200, 200, 404),
            ("other_manager", 404, 404, 404),
            ("executive", 200, 200, 200),
            ("partner_rep", 404, 200, 404),
            ("distributor_rep", 200, 404, 200),
            ("sub_rep", 404, 404, 200),
        ],
    )
    def test_who_finds_it(
        self, name: str, alpha: int, beta: int, gamma: int, world: VendorWorld, client_as: SignIn
    ) -> None:
        browser = client_as(world.people[name])
        for page in ("", "timeline/", "people/", "deals/", "sub-partners/"):
            found = [
                browser.get(f"/partners/{slug}/{page}").status_code for slug in ("alpha", "beta", "gamma")
            ]
            assert found == [alpha, beta, gamma], page

    def test_a_distributor_only_reads_its_sub_partner(self, world: VendorWorld, client_as: SignIn) -> None:
        browser = client_as(world.people["distributor_admin"])
        page = browser.get("/partners/gamma/people/")
        assert "sub_rep@acme.example" in page.text
        assert not page.context["manages"]
        assert browser.get("/partners/gamma/edit/").status_code == 403
        sent = {"email": "x@example.com", "role": "partner_rep"}
        assert browser.post("/partners/gamma/people/invite/", sent).status_code == 403
        assert keys(browser.get("/partners/alpha/sub-partners/")) == ["gamma"]

    def test_executives_are_offered_nothing_to_change(self, world: VendorWorld, client_as: SignIn) -> None:
        browser = client_as(world.people["executive"])
        assert "/partners/beta/edit/" not in browser.get("/partners/beta/").text
        people = browser.get("/partners/beta/people/").text
        assert "<form" not in people[people.index("<main") : people.index("</main>")]

    def test_last_signed_in_is_of_this_vendor_alone(self, world: VendorWorld, client_as: SignIn) -> None:
        rep = world.people["partner_rep"]
        rep.user.last_login = timezone.now()  # as a session at another vendor would leave it
        rep.user.save()
        page = client_as(world.people["partner_admin"]).get("/partners/people/")
        seen = {person.seat.user.email: person.last_seen for person in page.context["people"]}
        assert seen[rep.user.email] is None
        assert seen["partner_admin@acme.example"] is not None

    @pytest.mark.parametrize("page", ["", "timeline/", "people/", "sub-partners/", "edit/"])
    def test_the_statements_do_not_grow_with_the_rows(
        self, page: str, world: VendorWorld, client_as: SignIn
    ) -> None:
        for name in ("program_admin", "distributor_admin"):
            if (name, page) == ("distributor_admin", "edit/"):
                continue
            browser, address = client_as(world.people[name]), f"/partners/alpha/{page}"
            browser.get("/partners/alpha/deals/")  # the session's first event is written here
            few = self.count(browser, address)
            self.add_more(world)
            assert self.count(browser, address) == few
            assert few <= 12, name

    def test_the_lists_statements_do_not_grow_either(self, world: VendorWorld, client_as: SignIn) -> None:
        browser = client_as(world.people["manager"])
        few = [self.count(browser, "/partners/") for _ in range(2)][1]
        self.add_more(world)
        assert self.count(browser, "/partners/") == few <= 12

    def count(self, browser: PortalClient, address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address).status_code == 200
        # The last one puts the scope back; outside a test the transaction's end does that.
        control = ("SAVEPOINT", "RELEASE", "SELECT set_config('portal.vendor_id', ''")
        return sum(not query["sql"].startswith(control) for query in captured)

    def add_more(self, world: VendorWorld) -> None:
        alpha = world.partners["alpha"]
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            for _ in range(8):
                sub = factories.PartnerFactory(parent=alpha, tier=factories.TierFactory())
                person = factories.MembershipFactory(role=Role.PARTNER_REP)
                factories.SeatFactory(partner=alpha, membership=person)
                with entered(system_scope(world.vendor.pk, person.user_id)):
                    record("partners.changed", partner_id=alpha.pk, subject=sub, data={"name": "x"})


class TestTimeline:
    def happen(self, world: VendorWorld, key: str, days_ago: float = 0, **data: Any) -> None:
        with (
            entered(system_scope(world.vendor.pk, world.people["partner_rep"].user.pk)),
            transaction.atomic(),
        ):
            when = timezone.now() - timedelta(days=days_ago)
            record(key, partner_id=world.partners["beta"].pk, data=data, occurred_at=when)

    def shown(self, page: Any) -> list[str]:
        return [entry.heading for _, entries in page.context["months"] for entry in entries]

    def test_events_read_as_sentences(self, world: VendorWorld, client_as: SignIn) -> None:
        self.happen(
            world, "deals.submitted", customer="Hohe Tauern", amount=11_800_000, currency="EUR",
            reference="D-000042",
        )  # fmt: skip
        self.happen(
            world,
            "partners.tier_changed",
            1,
            **{"from": "Silver", "to": "Gold", "reason": "Two certificates."},
        )
        page = client_as(world.people["manager"]).get("/partners/beta/timeline/")
        latest, older = (entry for _, entries in page.context["months"] for entry in entries)
        assert latest.heading == "Deal registered: Hohe Tauern, €118,000"
        assert (latest.quadrant, latest.url) == ("sales", "/v/acme/deals/D-000042/")
        assert older.line == f"{world.people['partner_rep'].user}. Silver → Gold. Two certificates"

    def test_reminders_of_one_day_are_told_together(self, world: VendorWorld, client_as: SignIn) -> None:
        for _ in range(3):
            self.happen(world, "deals.protection_ending", 40, customer="Hohe Tauern")
        self.happen(world, "deals.decision_overdue", 40, customer="Hohe Tauern")
        self.happen(world, "deals.decision_overdue", 60, customer="Hohe Tauern")
        page = client_as(world.people["manager"]).get("/partners/beta/timeline/")
        together, alone = (entry for _, entries in page.context["months"] for entry in entries)
        assert together.heading == "4 reminders"
        assert "Reminded that protection ends: 3" in together.line
        assert alone.heading == "Decision overdue, program admins told: Hohe Tauern"

    def test_a_change_is_told_in_words(self, world: VendorWorld, client_as: SignIn) -> None:
        with acting_as(world.people["manager"]) as actor:
            services.partner_change(actor=actor, partner=world.partners["beta"], changes={"type": "isv"})
        page = client_as(world.people["manager"]).get("/partners/beta/timeline/")
        assert ": isv" not in page.text
        assert PartnerType.ISV.label in page.text

    def test_kinds_and_period_narrow_it(self, world: VendorWorld, client_as: SignIn) -> None:
        self.happen(world, "deals.won", 1)
        self.happen(world, "partners.changed", 2)
        self.happen(world, "deals.lost", 20)
        browser = client_as(world.people["manager"])
        address = "/partners/beta/timeline/"
        assert self.shown(browser.get(address)) == ["Deal won", "Partner details changed", "Deal lost"]
        assert self.shown(browser.get(f"{address}?kind=sales")) == ["Deal won", "Deal lost"]
        assert self.shown(browser.get(f"{address}?kind=programme")) == ["Partner details changed"]
        assert self.shown(browser.get(f"{address}?kind=enablement")) == []

    def test_older_pages_neither_repeat_nor_skip(self, world: VendorWorld, client_as: SignIn) -> None:
        for n in range(65):
            self.happen(world, "deals.won", n // 10, customer=str(n))  # ten at about the same time
        browser, address, seen = client_as(world.people["manager"]), "/partners/beta/timeline/", []
        query = "?kind=sales"
        while query:
            page = browser.get(address + query)
            seen += self.shown(page)
            query = page.context["older_url"]
        assert len(seen) == len(set(seen)) == 65

    @pytest.mark.parametrize("query", ["before=yesterday", "before=2026-01-01~x", "kind=made-up", "period=9"])
    def test_a_page_that_cannot_be_is_told(self, query: str, world: VendorWorld, client_as: SignIn) -> None:
        answer = client_as(world.people["manager"]).get(f"/partners/beta/timeline/?{query}")
        assert answer.status_code == 422
        assert answer.context["form"].errors

    def test_a_rep_kept_to_own_deals_reads_no_others(self, world: VendorWorld, client_as: SignIn) -> None:
        with (
            entered(system_scope(world.vendor.pk, world.people["partner_admin"].user.pk)),
            transaction.atomic(),
        ):
            record("deals.won", partner_id=world.partners["beta"].pk, data={"customer": "Secret"})
        self.happen(world, "deals.submitted", customer="Own")
        self.happen(world, "partners.tier_changed")
        rep, address = client_as(world.people["partner_rep"]), "/partners/beta/timeline/"
        assert "Deal won: Secret" in self.shown(rep.get(address))
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Partner.objects.filter(slug="beta").update(own_deals_only=True)
        narrowed = self.shown(rep.get(address))
        assert "Deal won: Secret" not in narrowed
        assert {"Deal registered: Own", "Tier changed"} <= set(narrowed)
        assert "Secret" not in rep.get("/partners/beta/").text
        assert "Secret" in client_as(world.people["partner_admin"]).get(address).text

    def test_every_declared_event_has_an_icon(self) -> None:
        for kind in event_types():
            assert "<svg" in widgets.icon(kind.icon), kind.key


class TestEdit:
    def answers(self, partner: Partner, **changed: Any) -> dict[str, Any]:
        fields = ("name", "type", "city", "website", "status")
        sent = {name: getattr(partner, name) for name in fields}
        return sent | {"country": partner.country.code, "tier": partner.tier_id, "reason": ""} | changed

    def test_details_tier_and_status_change_together(self, world: VendorWorld, client_as: SignIn) -> None:
        beta = world.partners["beta"]
        sent = self.answers(beta, city="Linz", tier=world.tiers[1].pk, status="suspended", reason="Unpaid")
        answer = client_as(world.people["manager"]).post("/partners/beta/edit/", sent)
        assert (answer.status_code, answer.url) == (302, "/v/acme/partners/beta/")
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            now = Partner.objects.get(slug="beta")
            kinds = PortalEvent.objects.filter(type__startswith="partners.").order_by("pk")
            assert list(kinds.values_list("type", flat=True)) == [
                "partners.changed", "partners.tier_changed", "partners.status_changed",
            ]  # fmt: skip
        assert (now.city, now.tier_id, now.status) == ("Linz", world.tiers[1].pk, "suspended")

    @pytest.mark.parametrize(
        ("changed", "field"),
        [
            ({"status": "ended"}, "reason"),
            ({"name": ""}, "name"),
            ({"website": "nonsense here"}, "website"),
            ({"country": "XX"}, "country"),
            ({"type": "rival"}, "type"),
            ({"tier": "0"}, "tier"),
        ],
    )
    def test_what_cannot_be_stays_on_the_form(
        self, changed: dict[str, str], field: str, world: VendorWorld, client_as: SignIn
    ) -> None:
        beta = world.partners["beta"]
        sent = self.answers(beta, city="Linz") | changed
        answer = client_as(world.people["manager"]).post("/partners/beta/edit/", sent)
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == [field]
        assert answer.context["form"]["city"].value() == "Linz"
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert Partner.objects.get(slug="beta").city == "Graz"

    def test_another_vendors_tier_is_refused(
        self, world: VendorWorld, other_world: VendorWorld, client_as: SignIn
    ) -> None:
        sent = self.answers(world.partners["beta"], tier=other_world.tiers[0].pk)
        answer = client_as(world.people["manager"]).post("/partners/beta/edit/", sent)
        assert list(answer.context["form"].errors) == ["tier"]

    def test_an_objection_of_the_service_undoes_all_of_it(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        sent = self.answers(world.partners["alpha"], type="reseller", city="Linz")
        answer = client_as(world.people["manager"]).post("/partners/alpha/edit/", sent)
        assert list(answer.context["form"].errors) == ["type"]
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert Partner.objects.get(slug="alpha").city == "Graz"


class TestServices:
    def test_a_manager_may_change_a_partner_whose_distributor_is_out_of_sight(
        self, world: VendorWorld
    ) -> None:
        with acting_as(world.people["program_admin"]) as actor:
            services.channel_manager_grant(
                actor=actor,
                partner=world.partners["gamma"],
                membership=world.people["other_manager"].membership,
            )
        with acting_as(world.people["other_manager"]) as actor:
            gamma = Partner.objects.get(slug="gamma")
            assert (
                services.partner_change(actor=actor, partner=gamma, changes={"city": "Ried"}).city == "Ried"
            )
            with pytest.raises(ValidationError, match="does not buy through another"):
                services.partner_change(actor=actor, partner=gamma, changes={"type": PartnerType.DISTRIBUTOR})

    @pytest.mark.parametrize("name", ["executive", "partner_admin", "distributor_admin"])
    def test_who_may_not_change_a_partner(self, name: str, world: VendorWorld) -> None:
        with acting_as(world.people[name]) as actor:
            for change in (
                lambda: services.partner_change(
                    actor=actor, partner=world.partners["beta"], changes={"city": "x"}
                ),
                lambda: services.tier_change(actor=actor, partner=world.partners["beta"], tier=None),
                lambda: services.status_change(actor=actor, partner=world.partners["beta"], status="ended"),
                lambda: services.partner_create(actor=actor, slug="new", name="New"),
            ):
                with pytest.raises(PermissionDenied):
                    change()

    def test_a_manager_leaves_region_and_hierarchy_alone(self, world: VendorWorld) -> None:
        with acting_as(world.people["manager"]) as actor, pytest.raises(PermissionDenied):
            services.partner_change(actor=actor, partner=world.partners["beta"], changes={"region": None})

    def test_the_same_again_leaves_no_event(self, world: VendorWorld) -> None:
        with acting_as(world.people["manager"]) as actor:
            beta = world.partners["beta"]
            services.partner_change(actor=actor, partner=beta, changes={"city": beta.city})
            services.tier_change(actor=actor, partner=beta, tier=beta.tier)
            services.status_change(actor=actor, partner=beta, status=beta.status)
            assert not PortalEvent.objects.filter(type__startswith="partners.").exists()

    def test_only_the_partners_admin_limits_its_reps(self, world: VendorWorld, client_as: SignIn) -> None:
        address, sent = "/partners/beta/people/own-deals-only/", {"on": "yes"}
        for name in ("partner_rep", "manager", "executive", "program_admin"):
            assert client_as(world.people[name]).post(address, sent).status_code == 403, name
        boss = client_as(world.people["partner_admin"])
        for answer, limited in ((sent, True), ({}, False)):
            assert boss.post(address, answer).status_code == 302
            with entered(system_scope(world.vendor.pk)), transaction.atomic():
                assert Partner.objects.get(slug="beta").own_deals_only is limited
