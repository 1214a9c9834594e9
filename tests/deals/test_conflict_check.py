"""The conflict check against real rows: who is told what, what is kept of it, what those who decide see."""

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from deals.approvals import services as approvals_services
from deals.conflicts import check
from deals.conflicts.check import conflict_check
from deals.conflicts.models import CustomerWord, DirectAccount, DirectAccountProduct
from deals.customers.match_keys import normalised_name
from deals.customers.models import Customer
from deals.customers.spelling import spelling
from deals.customers.word_keys import heard_as, words_kept
from deals.deal.models import Deal, DealLine, DealStatus, Verdict
from deals.outcome import services as outcome_services
from deals.protection.models import Protection
from deals.registration import services as registration_services
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.support.conflicts import ask, beside
from tests.support.deals import approved, do, draft, now_is, posted, submitted
from tests.support.imports import run
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], PortalClient]


CLEAR, OWN, POSSIBLE, CLAIMED = Verdict.CLEAR, Verdict.OWN, Verdict.POSSIBLE, Verdict.CLAIMED


class TestVerdicts:
    """`tests.deals.answers`: Tiroler Logistik AG, tiroler-logistik.at, Austria; product Arm."""

    @pytest.mark.parametrize("stand", [submitted, approved])
    @pytest.mark.parametrize(
        ("name", "domain", "country", "verdict"),
        [
            ("Tiroler Logistik AG", "tiroler-logistik.at", "AT", CLAIMED),
            ("Another name altogether", "https://www.tiroler-logistik.at/kontakt", "AT", CLAIMED),
            # Of one group, perhaps: the domain is the same, the country is another.
            ("Another name altogether", "https://www.tiroler-logistik.at/kontakt", "DE", POSSIBLE),
            ("Tiroler Logistik Energie", "tiroler-logistik.at", "AT", POSSIBLE),
            ("Tiroler Logistik Gruppe", "tiroler-logistik.at", "AT", CLAIMED),
            ("Tirloer Logistk", "tiroler-logistik.at", "AT", CLAIMED),
            ("Another name altogether", "einkauf@shop.tiroler-logistik.at", "", CLAIMED),
            ("TIROLER LOGISTIK GmbH & Co. KG", "", "AT", CLAIMED),
            ("Tiroler Logistik", "", "", CLAIMED),
            ("Tiroler Logistik", "tiroler-logistik.com", "AT", POSSIBLE),  # another domain speaks against it
            ("Tiroler Logistik", "", "DE", POSSIBLE),  # another country as well
            ("Tirloer Logistik", "", "AT", POSSIBLE),
            ("Logistik Tiroler", "", "AT", POSSIBLE),
            ("TirolerLogistik", "", "AT", POSSIBLE),
            ("Tiroler Speck", "", "AT", CLEAR),
            ("Vorarlberger Logistik", "", "AT", CLEAR),
            ("", "nobody.example", "AT", CLEAR),
        ],
    )
    def test_another_partner_is_told(
        self,
        world: VendorWorld,
        stand: Callable[..., Deal],
        name: str,
        domain: str,
        country: str,
        verdict: Verdict,
    ) -> None:
        stand(*([world.people["partner_rep"], world] if stand is submitted else [world]))
        assert ask(world, "sub_rep", name, domain, country) == [verdict, CLEAR]

    def test_the_partner_itself_is_told_its_own(self, world: VendorWorld) -> None:
        deal = submitted(world.people["partner_rep"], world)
        assert ask(world, "partner_admin", "Tiroler Logistik AG") == [OWN, CLEAR]
        assert ask(world, "partner_rep", "Tiroler Logistik AG", ignoring=deal) == [CLEAR, CLEAR]
        assert ask(world, "partner_rep", "Tiroler Logistik AG", ignoring=deal.reference) == [CLEAR, CLEAR]

    def test_somebody_elses_claim_outweighs_the_own_one(self, world: VendorWorld) -> None:
        for who in ("partner_rep", "sub_rep"):
            submitted(world.people[who], world)
        assert ask(world, "partner_rep", "Tiroler Logistik AG") == [CLAIMED, CLEAR]

    def test_a_distributor_is_told_no_more_than_others(self, world: VendorWorld) -> None:
        submitted(world.people["sub_rep"], world)
        assert ask(world, "distributor_rep", "Tiroler Logistik AG") == [CLAIMED, CLEAR]

    def test_a_returned_registration_keeps_its_place(self, world: VendorWorld) -> None:
        deal = submitted(world.people["partner_rep"], world)
        do(approvals_services.deal_return, world.people["manager"], deal, reason="Which site?")
        assert ask(world, "sub_rep", "Tiroler Logistik AG") == [CLAIMED, CLEAR]

    def test_drafts_and_what_has_ended_claim_nothing(self, world: VendorWorld) -> None:
        rep, manager = world.people["partner_rep"], world.people["manager"]
        draft(rep, world)
        do(approvals_services.deal_reject, manager, submitted(rep, world), reason="No.")
        do(registration_services.deal_withdraw, rep, submitted(rep, world))
        do(outcome_services.deal_lose, rep, approved(world), reason="Price")
        over = approved(world)
        with acting_as(world.people["program_admin"]):
            an_hour_ago = timezone.now() - timedelta(hours=1)
            two = an_hour_ago - timedelta(hours=1)
            Protection.objects.filter(deal=over).update(starts_at=two, expires_at=an_hour_ago)
        assert ask(world, "sub_rep", "Tiroler Logistik AG") == [CLEAR, CLEAR]

    def test_another_vendors_rows_claim_nothing(self, world: VendorWorld, other_world: VendorWorld) -> None:
        submitted(other_world.people["partner_rep"], other_world, currency="USD")
        assert ask(world, "sub_rep", "Tiroler Logistik AG", "tiroler-logistik.at") == [CLEAR, CLEAR]

    def test_unknown_products_are_left_out(self, world: VendorWorld, other_world: VendorWorld) -> None:
        strange = [other_world.products[0].pk, 10**12]
        with acting_as(world.people["sub_rep"]) as actor:
            assert conflict_check(actor, name="X", domain="", country="", product_ids=strange) == []


class TestDomains:
    """Where comparing domains alone, as they stand, goes wrong."""

    CASES: ClassVar = [
        ("shop.mill.co.uk", "www.mill.co.uk", True),  # subdomains of one registration
        ("mill.co.uk", "quarry.co.uk", False),  # co.uk is nobody's
        ("mill.github.io", "quarry.github.io", False),  # customers of one host
        ("docs.mill.github.io", "mill.github.io", True),
        ("mill.myshopify.com", "quarry.myshopify.com", False),
        ("mill@gmail.com", "quarry@gmail.com", False),  # a mail provider says nothing
        ("MILL.DE", "https://mill.de:8443/x?y", True),
        ("müller.de", "xn--mller-kva.de", True),
        ("192.0.2.7", "192.0.2.7", False),
    ]

    @pytest.mark.parametrize(("one", "other", "same"), CASES)
    def test_one_registration_is_one_customer(
        self, world: VendorWorld, one: str, other: str, same: bool
    ) -> None:
        names = {"customer_name": "Northern Mill", "customer_domain": one}
        submitted(world.people["partner_rep"], world, **names)
        assert ask(world, "sub_rep", "Southern Quarry", other) == [CLAIMED if same else CLEAR, CLEAR]

    def test_the_last_two_labels_alone_would_err_on_most(self) -> None:
        """The negative control: the naive form of the check."""

        def naive(address: str) -> list[str]:
            return address.rsplit("@")[-1].split(".")[-2:]

        wrong = [case for case in self.CASES if (naive(case[0]) == naive(case[1])) != case[2]]
        assert len(wrong) > len(self.CASES) / 2


class TestDirectAccounts:
    @pytest.fixture
    def account(self, world: VendorWorld) -> DirectAccount:
        with acting_as(world.people["program_admin"]):
            customer = Customer.objects.create(
                name="Quarry", normalised_name="quarry", domain="quarry.at", country="AT"
            )
            return DirectAccount.objects.create(customer=customer, name="Quarry AG", owner="Direct sales")

    def test_without_products_everything_is_sold_directly(
        self, world: VendorWorld, account: DirectAccount
    ) -> None:
        assert ask(world, "partner_rep", "Quarry AG") == [CLAIMED, CLAIMED]
        assert ask(world, "partner_rep", "Quary", "quarry.com") == [POSSIBLE, POSSIBLE]

    def test_with_products_only_those(self, world: VendorWorld, account: DirectAccount) -> None:
        with acting_as(world.people["program_admin"]):
            DirectAccountProduct.objects.create(account=account, product=world.products[1])
        assert ask(world, "partner_rep", "Quarry AG") == [CLEAR, CLAIMED]

    def test_who_decides_sees_who_sells_to_it(self, world: VendorWorld, account: DirectAccount) -> None:
        deal = submitted(
            world.people["partner_rep"], world, (0, 1), customer_name="Quarry", customer_domain=""
        )
        (claim,) = beside(world, deal)
        assert (claim.name, claim.owner, claim.products, claim.blocks) == (
            "Quarry AG",
            "Direct sales",
            ("Arm", "Cart"),
            False,
        )
        assert claim.how_known == "Same name"


class TestSubmitting:
    def verdicts(self, world: VendorWorld, deal: Deal) -> list[str]:
        with acting_as(world.people["program_admin"]):
            return list(
                DealLine.objects.filter(deal=deal).order_by("product").values_list("verdict", flat=True)
            )

    def test_the_verdict_is_kept_with_each_product(self, world: VendorWorld) -> None:
        first = submitted(world.people["partner_rep"], world)
        second = submitted(world.people["sub_rep"], world, (0, 1), customer_name="Tiroler Logistk")
        assert self.verdicts(world, first) == [CLEAR]
        assert self.verdicts(world, second) == [CLAIMED, CLEAR]  # the domain is the same

    def test_and_made_again_with_every_submission(self, world: VendorWorld) -> None:
        first = submitted(world.people["partner_rep"], world)
        second = submitted(world.people["sub_rep"], world)
        do(approvals_services.deal_return, world.people["program_admin"], second, reason="Which site?")
        do(registration_services.deal_withdraw, world.people["partner_rep"], first)
        do(registration_services.deal_resubmit, world.people["sub_rep"], second)
        assert self.verdicts(world, second) == [CLEAR]

    def test_both_sides_read_it(self, world: VendorWorld, client_as: SignIn) -> None:
        submitted(world.people["sub_rep"], world)
        deal = submitted(world.people["partner_rep"], world)
        for who in ("partner_rep", "manager"):
            page = client_as(world.people[who]).get(f"/deals/{deal.reference}/").content.decode()
            assert "Claimed" in page
            assert "when submitted" in page

    def test_what_is_contested_is_not_ticked_for_bulk_approval(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        first = submitted(world.people["sub_rep"], world)
        second = submitted(
            world.people["partner_rep"], world, customer_name="Tirloer Logistik", customer_domain=""
        )
        third = submitted(world.people["partner_rep"], world, customer_name="Else", customer_domain="")
        page = client_as(world.people["program_admin"]).get("/deals/inbox/").content.decode()
        ticks = [deal for deal in (first, second, third) if f'value="{deal.reference}"' in page]
        assert ticks == [third] or ticks == [first, third]
        assert "Contested" in page


class TestSideBySide:
    def test_protection_comes_first_with_its_reason(self, world: VendorWorld, client_as: SignIn) -> None:
        standing = approved(world, "distributor_rep")
        similar = submitted(
            world.people["sub_rep"], world, customer_name="Tirloer Logistik", customer_domain=""
        )
        deal = submitted(world.people["partner_rep"], world)
        blocking, other = beside(world, deal)
        assert (blocking.reference, blocking.blocks, blocking.how_known) == (
            standing.reference,
            True,
            "Same domain",
        )
        assert (other.reference, other.blocks) == (similar.reference, False)
        assert other.how_known.startswith("Similar name, ")
        page = client_as(world.people["manager"]).get(f"/deals/{deal.reference}/claims/").content.decode()
        for words in ("Tirloer Logistik", similar.reference, standing.reference, "Gamma of acme"):
            assert words in page

    def test_the_partners_own_and_other_products_are_not_beside_it(self, world: VendorWorld) -> None:
        submitted(world.people["partner_rep"], world)
        submitted(world.people["sub_rep"], world, (1,))
        deal = submitted(world.people["partner_rep"], world)
        assert beside(world, deal) == []

    def test_it_is_looked_at_across_the_wall_for_a_recorded_reason(self, world: VendorWorld) -> None:
        deal = submitted(world.people["partner_rep"], world)
        beside(world, deal)
        with acting_as(world.people["program_admin"]):
            reasons = PortalEvent.objects.filter(type="portal.wall_crossed").values_list(
                "data__reason", flat=True
            )
            assert {check.REASON, "show who decides which claims stand beside a registration"} <= set(reasons)


class TestWords:
    """The words kept with each customer, whoever writes it."""

    def kept(self, customer: Customer) -> set[str]:
        return set(CustomerWord.objects.filter(customer=customer).values_list("word", flat=True))

    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(st.text(max_size=80).map(normalised_name))
    def test_the_database_keeps_what_is_looked_for(self, world: VendorWorld, name: str) -> None:
        assume(spelling(name) or not name)  # what cannot be spelt is kept as it stands
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            customer = Customer.objects.create(name="x", normalised_name=name)
            assert self.kept(customer) == words_kept(name) | heard_as("x", name)

    def test_many_at_once_renamed_and_removed(self, world: VendorWorld) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            one, two = Customer.objects.bulk_create(
                Customer(name=name, normalised_name=name) for name in ("alder mill", "birch mill")
            )
            assert {"alder", "mill", "aldermill", "<redla", "<llimredla", "^rtr", "^mr"} == self.kept(one)
            Customer.objects.filter(pk=two.pk).update(normalised_name="cedar")
            assert {"cedar", "<radec"} <= self.kept(two)
            two.normalised_name = "elm"
            two.save()
            assert self.kept(two) == {"elm", "^rm"}
            two.delete()
            assert not CustomerWord.objects.filter(customer_id=two.pk).exists()

    @pytest.mark.django_db(transaction=True, databases=["default", "owner"])
    def test_a_bulk_load_by_the_owner_as_well(self, world: VendorWorld) -> None:
        from django.db import connections

        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "insert into deals_customer"
                " (vendor_id, name, normalised_name, domain, country, sector, created_at)"
                " values (%s, 'Loaded', 'loaded', '', '', '', now())",
                [world.vendor.pk],
            )
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert self.kept(Customer.objects.get(name="Loaded")) == {"loaded", "<dedaol"}


class TestTyping:
    """The fragment of the form."""

    def typed(self, world: VendorWorld, **changes: str) -> dict[str, str]:
        return {
            "customer_name": "Tiroler Logistik",
            "customer_domain": "",
            "customer_country": "AT",
            "lines-0-product": str(world.products[0].pk),
            "lines-1-product": str(world.products[1].pk),
            **changes,
        }

    def test_a_verdict_for_each_product(self, world: VendorWorld, client_as: SignIn) -> None:
        submitted(world.people["sub_rep"], world)
        answer = client_as(world.people["partner_rep"]).get("/deals/register/check/", self.typed(world))
        page = answer.content.decode()
        assert "Arm: claimed" in page
        assert "Cart: clear" in page
        assert "<html" not in page

    @pytest.mark.parametrize(
        "changes",
        [
            {"customer_name": "", "customer_domain": ""},
            {"customer_name": "!?"},
            {"lines-0-product": "", "lines-1-product": "x"},
            {"customer_name": "\0", "customer_domain": "\0"},
            {"lines-0-product": "9" * 30, "lines-1-product": "-1"},
        ],
    )
    def test_nothing_is_said_of_nothing(
        self, world: VendorWorld, client_as: SignIn, changes: dict[str, str]
    ) -> None:
        answer = client_as(world.people["partner_rep"]).get(
            "/deals/register/check/", self.typed(world, **changes)
        )
        assert answer.status_code == 200
        assert "Name the customer and choose a product" in answer.content.decode()

    def test_the_button_does_it_without_scripts_and_keeps_what_was_typed(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        submitted(world.people["sub_rep"], world)
        data = posted(world, check="1", use_case="Half a sent", amount="nonsense")
        answer = client_as(world.people["partner_rep"]).post("/deals/register/", data)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert "Arm: claimed" in page
        assert "Half a sent" in page
        assert 'value="nonsense"' in page
        with acting_as(world.people["partner_rep"]):
            assert not Deal.objects.exists()

    def test_nobody_reads_out_the_customer_list(
        self, world: VendorWorld, client_as: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(check, "MOST_AN_HOUR", 2)
        submitted(world.people["sub_rep"], world)
        client = client_as(world.people["partner_rep"])
        pages = [client.get("/deals/register/check/", self.typed(world)).content.decode() for _ in range(3)]
        assert ["Arm: claimed" in page for page in pages] == [True, True, False]
        assert "very many customers" in pages[2]
        colleague = client_as(world.people["partner_admin"])
        assert "Arm: claimed" in colleague.get("/deals/register/check/", self.typed(world)).content.decode()
        answer = client.post("/deals/register/", posted(world, submit="1"))
        assert answer.status_code == 302, "who has looked too often may still submit"


class TestImport:
    def test_open_deals_are_checked_and_none_is_stopped(self, world: VendorWorld) -> None:
        approved(world, "distributor_rep")
        rows = [
            "external_key,partner,customer,customer_domain,product,status,submitted_on,amount,closed_on",
            "A-1,beta,Somebody,tiroler-logistik.at,Arm,submitted,2026-01-05,100,",
            "A-2,beta,Tirloer Logistik,,Arm,submitted,2026-01-05,100,",
            "A-3,beta,Somebody else,,Arm,submitted,2026-01-05,100,",
            "A-4,beta,Tiroler Logistik,,Cart,approved,2026-01-05,100,",
            "A-5,beta,Tiroler Logistik,,Arm,won,2026-01-05,100,2026-02-01",
            "A-6,alpha,Tiroler Logistik,,Arm,submitted,2026-01-05,100,",
        ]
        report = run(world.vendor, "deals", "\n".join(rows) + "\n")
        assert (report.created, report.faults) == (6, [])
        assert "Claimed: 2 open deals (lines 2, 7)." in report.notes  # line 7: beta's of line 2
        assert "Possibly claimed: 1 open deal (line 3)." in report.notes

    def test_two_partners_of_one_file_are_checked_against_each_other(self, world: VendorWorld) -> None:
        rows = [
            "external_key,partner,customer,product,status,submitted_on",
            "A-1,beta,Quarry AG,Arm,submitted,2026-01-05",
            "A-2,gamma,Quarry GmbH,Arm,under_review,2026-01-06",
        ]
        report = run(world.vendor, "deals", "\n".join(rows) + "\n")
        assert "Claimed: 2 open deals (lines 2, 3)." in report.notes

    def test_as_many_statements_for_ten_deals_as_for_one(self, world: VendorWorld) -> None:
        from django.test.utils import CaptureQueriesContext

        head = "external_key,partner,customer,product,status,submitted_on\n"
        counts = []
        for first, last in ((0, 1), (1, 2), (2, 12)):  # the first opens the month's partition of events
            lines = [f"A-{n},beta,Customer {n},Arm,submitted,2026-01-05" for n in range(first, last)]
            with CaptureQueriesContext(connection) as captured:
                run(world.vendor, "deals", head + "\n".join(lines) + "\n")
            counts.append(len(captured))
        assert counts[1] == counts[2]

    def test_direct_accounts(self, world: VendorWorld) -> None:
        text = (
            "name,website,country,owner,product,external_key\n"
            "Quarry AG,www.quarry.at,Austria,Jo Direct,Arm,K-1\n"
            "Mill SA,,France,Jo Direct,,K-2\n"
        )
        first, second = (run(world.vendor, "direct_accounts", text) for _ in range(2))
        assert (first.created, first.faults) == (2, [])
        assert (second.unchanged, second.created, second.updated) == (2, 0, 0)
        assert ask(world, "partner_rep", "Quarry") == [CLAIMED, CLEAR]
        assert ask(world, "partner_rep", "Mill", country="FR") == [CLAIMED, CLAIMED]
        changed = run(world.vendor, "direct_accounts", text.replace("Arm", "Cart"))
        assert (changed.updated, changed.unchanged) == (1, 1)
        assert ask(world, "partner_rep", "Quarry") == [CLEAR, CLAIMED]

    def test_a_direct_account_takes_the_customer_that_is_here(self, world: VendorWorld) -> None:
        deal = submitted(world.people["partner_rep"], world)
        run(world.vendor, "direct_accounts", "name,domain,owner\nTL,tiroler-logistik.at,Jo\n")
        with acting_as(world.people["program_admin"]):
            assert DirectAccount.objects.get().customer_id == deal.customer_id
            assert Customer.objects.count() == 1

    @pytest.mark.parametrize(
        ("text", "field", "reason"),
        [
            ("name,owner\nQuarry,\n", "owner", "This is missing."),
            ("name,owner\n,Jo\n", "name", "This is missing."),
            ("name,owner,product\nQuarry,Jo,Armm\n", "product", "Did you mean"),
            ("name,owner,domain\nQuarry,Jo,x y\n", "domain", "There is no domain in this address."),
            ("name,owner\nQuarry AG,Jo\nQuarry GmbH,Jo\n", "name", "this customer already"),
            ("name,owner,external_key\nQuarry,Jo,K\nMill,Jo,K\n", "external_key", "same key"),
        ],
    )
    def test_bad_lines_are_named(self, world: VendorWorld, text: str, field: str, reason: str) -> None:
        report = run(world.vendor, "direct_accounts", text)
        (fault,) = report.faults
        assert (fault.column, reason in fault.reason) == (field, True), fault


class TestAdmin:
    def form(self, **changes: str) -> dict[str, str]:
        return {
            "name": "Quarry AG",
            "domain": "www.quarry.at",
            "country": "AT",
            "owner": "Jo Direct",
            "external_key": "",
            "lines-TOTAL_FORMS": "0",
            "lines-INITIAL_FORMS": "0",
            **changes,
        }

    def test_an_account_is_added_and_matched(self, world: VendorWorld, client_as: SignIn) -> None:
        client = client_as(world.people["program_admin"])
        answer = client.post("/admin/deals/directaccount/add/", self.form())
        assert answer.status_code == 302
        assert ask(world, "partner_rep", "X", "quarry.at") == [CLAIMED, CLAIMED]
        twice = client.post("/admin/deals/directaccount/add/", self.form(name="Quarry"))
        assert twice.status_code == 422
        assert "among the direct accounts already" in twice.content.decode()
        with acting_as(world.people["program_admin"]):
            account = DirectAccount.objects.get()
        path = f"/admin/deals/directaccount/{account.pk}/change/"
        assert 'value="quarry.at"' in client.get(path).content.decode()
        client.post(path, self.form(owner="Sam Direct"))
        with acting_as(world.people["program_admin"]):
            assert (DirectAccount.objects.get().owner, Customer.objects.count()) == ("Sam Direct", 1)

    def test_a_bad_domain_is_told_beside_the_field(self, world: VendorWorld, client_as: SignIn) -> None:
        client = client_as(world.people["program_admin"])
        answer = client.post("/admin/deals/directaccount/add/", self.form(domain="x y"))
        assert answer.status_code == 422
        assert "Give a domain" in answer.content.decode()
        with acting_as(world.people["program_admin"]):
            assert not Customer.objects.exists()


def test_a_rule_that_approves_at_once_does_not_when_somebody_may_have_a_claim(world: VendorWorld) -> None:
    """Only similar: the database would not have refused."""
    from deals.approvals.models import ApprovalRule, Outcome

    submitted(world.people["sub_rep"], world)
    with acting_as(world.people["program_admin"]):
        ApprovalRule.objects.create(position=1, name="All", outcome=Outcome.APPROVE)
    rep = world.people["partner_rep"]
    contested = submitted(rep, world, customer_name="Tirloer Logistik", customer_domain="")
    free = submitted(rep, world, customer_name="Else", customer_domain="")
    assert now_is(world, contested).status == DealStatus.SUBMITTED
    assert now_is(world, free).status == DealStatus.APPROVED
