"""Importing a programme: what lands, what is refused and why, and that the second time changes nothing."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deals.customers.models import Customer
from deals.deal.models import Deal, DealLine, Stage, StageChange
from deals.protection.models import Protection
from partners.models import Partner, PartnerUserGrant, Product, Region, RegionGroupGrant, Seat, Tier
from partners.partner_access import reach
from portal.events.models import PortalEvent
from portal.imports import kinds
from portal.imports.maps import BadMap
from portal.imports.services import load
from portal.money.models import ExchangeRate
from portal.people.models import Membership, User
from portal.tenancy.models import Vendor
from portal.tenancy.new_vendor import create_vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from scorecards.models import StalePartner
from tests.support.factories import DealFactory
from tests.support.imports import counts, faults, run, run_crm, run_whole_crm
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db
Scoped = Callable[[Vendor], Any]


@pytest.fixture
def sample(db: None) -> Vendor:
    return create_vendor(slug="sample", name="Sample", currency="GBP", time_zone="Europe/London")


def london(*given: int) -> dt.datetime:
    return dt.datetime(*given, tzinfo=dt.UTC)  # type: ignore[arg-type]


# A whole programme --------------------------------------------------------------------------------------


def test_a_crm_export_becomes_a_programme(sample: Vendor, scoped: Scoped) -> None:
    reports = run_whole_crm(sample)
    assert [counts(report) for report in reports] == [
        (3, 0, 0, 0),
        (2, 0, 0, 0),
        (3, 0, 0, 0),
        (2, 0, 0, 0),
        (6, 0, 0, 0),
    ]
    with scoped(sample):
        assert set(Partner.objects.values_list("slug", "region__name")) == {
            ("vela-networks", "North"),
            ("orbit-sohne", "North"),
            ("kite-labs", "South"),
        }
        assert dict(Customer.objects.values_list("name", "sector")) == {
            "Blue Harbour Ltd.": "technology",
            "Quarry AG": "mining",
            "Süd Metall GmbH": "",
            "Brand New Customer": "",
        }
        assert set(Product.objects.values_list("code", "name", "list_price")) == {
            ("box", "Box", 125_000),
            ("box-pro", "Box Pro", 480_000),
        }


def test_managers_reach_their_own_partners(sample: Vendor, scoped: Scoped) -> None:
    run_whole_crm(sample)
    with scoped(sample):
        north = Membership.objects.get(user__email="north@sample.example")
        wanted = Partner.objects.filter(slug__in=["vela-networks", "orbit-sohne"])
        assert north.role == Role.CHANNEL_MANAGER
        assert str(north.user) == "Manager North"
        assert not north.user.has_usable_password()
        assert reach(north).partner_ids == frozenset(wanted.values_list("pk", flat=True))
        assert RegionGroupGrant.objects.filter(content_object__in=Region.objects.all()).count() == 2


def test_deals_keep_their_history(sample: Vendor, scoped: Scoped) -> None:
    run_whole_crm(sample)
    with scoped(sample):
        deals = {deal.external_key: deal for deal in Deal.objects.all()}
        won, lost, open_deal, draft = deals["P2"], deals["P3"], deals["P4"], deals["P5"]
        assert (won.status, won.won_amount, won.won_amount_vendor, won.currency) == (
            "won",
            130_050,
            130_050,
            "GBP",
        )
        assert (won.submitted_at, won.approved_at) == (london(2026, 2, 1), london(2026, 2, 1))
        assert (won.won_at, won.created_at) == (london(2026, 2, 11), london(2026, 2, 1))
        assert (lost.lost_at, lost.amount, lost.won_amount) == (london(2026, 1, 15), None, None)
        # Summer time: the day begins an hour earlier in UTC.
        assert (open_deal.status, open_deal.approved_at) == ("approved", london(2026, 4, 1, 23))
        assert (open_deal.customer, open_deal.customer_name) == (None, "Unnamed customer")
        assert (draft.status, draft.submitted_at, draft.stage) == ("draft", None, None)
        assert Protection.objects.count() == 0
        assert len({deal.reference for deal in deals.values()}) == 6


def test_stages_lines_and_customers_of_deals(sample: Vendor, scoped: Scoped) -> None:
    run_whole_crm(sample)
    with scoped(sample):
        assert dict(DealLine.objects.values_list("deal__external_key", "product__code")) == {
            "P1": "box-pro", "P2": "box", "P3": "box", "P4": "box", "P5": "box", "P6": "box-pro",
        }  # fmt: skip
        changes = StageChange.objects.values_list("deal__external_key", "stage__name", "changed_at")
        assert set(changes) == {
            ("P1", "Qualified", london(2026, 1, 10)),
            ("P2", "Qualified", london(2026, 2, 1)),
            ("P3", "Qualified", london(2026, 1, 5)),
            ("P4", "Qualified", london(2026, 4, 1, 23)),
            ("P6", "Qualified", london(2026, 5, 4, 23)),
        }
        shared = Deal.objects.filter(customer__name="Blue Harbour Ltd.")
        assert set(shared.values_list("external_key", flat=True)) == {"P1", "P5"}


def test_the_golden_record_tells_when_it_happened(sample: Vendor, scoped: Scoped) -> None:
    run_whole_crm(sample)
    with scoped(sample):
        key = Deal.objects.get(external_key="P1").pk
        told = PortalEvent.objects.filter(subject_type="deals.deal", subject_id=key).order_by(
            "occurred_at", "id"
        )
        assert list(told.values_list("type", "occurred_at")) == [
            ("deals.submitted", london(2026, 1, 10)),
            ("deals.approved", london(2026, 1, 10)),
            ("deals.won", london(2026, 3, 1)),
        ]
        win = told.last()
        assert win is not None
        assert win.data["amount"] == 480_000
        assert win.partner_id == Partner.objects.get(slug="vela-networks").pk
        assert PortalEvent.objects.filter(type="portal.imported").count() == 5
        stale = set(StalePartner.objects.values_list("partner__slug", flat=True))
        assert stale == {"vela-networks", "orbit-sohne", "kite-labs"}


def test_the_second_time_changes_nothing(sample: Vendor, scoped: Scoped) -> None:
    run_whole_crm(sample)
    before = everything(sample)
    reports = run_whole_crm(sample)
    assert [counts(report)[:2] for report in reports] == [(0, 0)] * 5
    assert [report.unchanged for report in reports] == [3, 2, 3, 2, 6]
    assert everything(sample) == before


def everything(vendor: Vendor) -> dict[str, list[Any]]:
    models = (Partner, Region, Membership, Customer, Product, Deal, DealLine, StageChange, PortalEvent, Seat)
    with entered(system_scope(vendor.pk)), transaction.atomic():
        rows: dict[str, list[Any]] = {
            model.__name__: list(model.objects.order_by("pk").values()) for model in models
        }
    rows["grants"] = list(PartnerUserGrant.objects.order_by("pk").values())
    rows["groups"] = list(User.groups.through.objects.order_by("pk").values())
    rows["users"] = list(User.objects.order_by("pk").values())
    return rows


def test_a_dry_run_writes_nothing_and_says_the_same(sample: Vendor) -> None:
    run_crm(sample, "partners", "teams.csv")
    run_crm(sample, "products", "products.csv")
    before = everything(sample)
    trial = run_crm(sample, "deals", "pipeline.csv", dry_run=True)
    assert everything(sample) == before
    real = run_crm(sample, "deals", "pipeline.csv")
    assert counts(trial) == counts(real) == (6, 0, 0, 0)
    assert trial.notes == real.notes
    assert [(change.line, change.what, change.label) for change in trial.changes[:2]] == [
        (2, "created", "P1 Blue Harbour Ltd."),
        (3, "created", "P2 Quarry AG"),
    ]


def test_an_interrupted_import_leaves_nothing(sample: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    run_crm(sample, "partners", "teams.csv")
    run_crm(sample, "products", "products.csv")
    before = everything(sample)

    def pull_the_plug(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("deals.registration.resources.record_many", pull_the_plug)
    with pytest.raises(KeyboardInterrupt):
        run_crm(sample, "deals", "pipeline.csv")
    assert everything(sample) == before


def test_other_vendors_with_the_same_keys_are_not_touched(
    world: VendorWorld, other_world: VendorWorld, scoped: Scoped
) -> None:
    with scoped(other_world.vendor):
        DealFactory(partner=other_world.partners["beta"], external_key="X1", customer_name="Theirs")
    before = everything(other_world.vendor)
    people = "email,role,manages\nmanager@globex.example,channel_manager,beta\n"
    deals = "id,partner,customer,product,status\nX1,beta,Ours,arm,draft\n"
    assert counts(run(world.vendor, "partners", "slug,name\nbeta,New name\n")) == (0, 1, 0, 0)
    assert counts(run(world.vendor, "people", people)) == (1, 0, 0, 0)
    assert counts(run(world.vendor, "products", "code,name\narm,Arm 2\n")) == (0, 1, 0, 0)
    assert counts(run(world.vendor, "customers", "name\nTheirs\n")) == (1, 0, 0, 0)
    assert counts(run(world.vendor, "deals", deals)) == (1, 0, 0, 0)
    after = everything(other_world.vendor)
    for outside in ("grants", "groups", "users"):  # tables without a vendor: ours were added to them
        before.pop(outside)
        after.pop(outside)
    assert after == before
    with scoped(world.vendor):
        assert Deal.objects.get(external_key="X1").partner == world.partners["beta"]
        granted = PartnerUserGrant.objects.filter(user__email="manager@globex.example")
        assert world.partners["beta"].pk in granted.values_list("content_object_id", flat=True)


LINES = {
    "partners": ("external_key,name,region\n", "K{0},Partner {0},East\n"),
    "people": ("email,role,partner\n", "p{0}@x.example,partner_rep,beta\n"),
    "customers": ("name,website\n", "Customer {0},c{0}.example.org\n"),
    "products": ("code,name\n", "K{0},Product {0}\n"),
    "deals": (
        "id,partner,customer,product,status,submitted_on,closed_on,won_amount\n",
        "K{0},beta,Customer {0},Arm,won,2026-01-05,2026-02-05,100\n",
    ),
}


@pytest.mark.parametrize("kind", LINES)
def test_statements_do_not_grow_with_the_lines(world: VendorWorld, kind: str) -> None:
    header, line = LINES[kind]

    def statements(first: int, lines: int) -> int:
        text = header + "".join(line.format(n) for n in range(first, first + lines))
        with CaptureQueriesContext(connection) as queries:
            assert counts(run(world.vendor, kind, text))[:2] == (lines, 0)
        return len(queries)

    statements(0, 1)  # what only the first import creates: a region, months of events
    assert statements(1, 2) == statements(3, 200)


# What is refused ----------------------------------------------------------------------------------------


def test_rejected_lines_are_named_and_the_others_land(world: VendorWorld, scoped: Scoped) -> None:
    text = (
        "name,type,country,tier,website,joined_on\n"
        "Good One,msp,AT,Gold,good.example,2025-02-01\n"
        ",msp,AT,,,\n"
        "Bad Type,vendor,AT,,,\n"
        '"Bad\nCountry",msp,Atlantis,,,\n'
        "Bad Tier,msp,AT,Platinum,,\n"
        "Bad Site,msp,AT,,not a site,\n"
        "Bad Day,msp,AT,,,2025-13-01\n"
        "Good One,msp,AT,,,\n"
        "=cmd|' /C calc'!A0,msp,AT,Silver,,\n"
    )
    report = run(world.vendor, "partners", text)
    assert counts(report) == (2, 0, 0, 7)
    types = "agency, distributor, isv, msp, referral, reseller, system_integrator"
    assert faults(report) == [
        (3, "name", "", "This is missing."),
        (4, "type", "vendor", f"This must be one of {types}."),
        (5, "country", "Atlantis", "There is no such country. Use its ISO code or its English name."),
        (7, "tier", "Platinum", "There is no such tier."),
        (8, "website", "not a site", "Enter a valid URL."),
        (
            9,
            "joined_on",
            "2025-13-01",
            "There is no such day or time. Write it like 2017-03-01 or 2017-03-01T10:30:00.",
        ),
        (10, "slug", "", "Line 2 has the same key."),
    ]
    with scoped(world.vendor):
        good = Partner.objects.get(slug="good-one")
        assert (good.tier.name, good.website, good.joined_on) == (  # type: ignore[union-attr]
            "Gold",
            "https://good.example",
            dt.date(2025, 2, 1),
        )
        # A formula stays the text it is.
        assert Partner.objects.filter(name="=cmd|' /C calc'!A0").exists()


def test_a_line_with_several_faults_names_each(world: VendorWorld) -> None:
    text = "id,partner,customer,status,amount,expected_close\nX,nobody,C,open,1.5.6,soon\n"
    places = {(fault.line, fault.column, fault.value) for fault in run(world.vendor, "deals", text).faults}
    assert places == {
        (2, "partner", "nobody"),
        (2, "status", "open"),
        (2, "amount", "1.5.6"),
        (2, "expected_close", "soon"),
    }


def test_too_long_for_its_field(world: VendorWorld) -> None:
    report = run(world.vendor, "deals", f"id,partner,customer,status\nX,beta,{'c' * 201},draft\n")
    assert [(fault.column, fault.reason) for fault in report.faults] == [
        ("customer", "A name has at most 200 characters.")
    ]
    report = run(world.vendor, "deals", f"id,partner,customer,status\n{'x' * 121},beta,c,draft\n")
    assert [(fault.column, fault.reason) for fault in report.faults] == [
        ("id", "Ensure this value has at most 120 characters (it has 121).")
    ]


def test_nuls_and_damaged_bytes_spoil_one_line_each(world: VendorWorld) -> None:
    data = "name,city\nGünther,Köln\n".encode() + b"a\0b,Linz\nB\xff,Wien\nFine,Graz\n"
    report = run(world.vendor, "partners", data)
    assert counts(report) == (2, 0, 0, 2)
    assert faults(report) == [
        (3, "name", "a\\0b", "There is a NUL character in this cell."),
        (4, "name", "B\\udcff", "There are bytes in this cell that do not belong to the file's encoding."),
    ]


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("won,2026-02-01,,,100", "closed_on", "A deal that is won needs the day it became so."),
        ("won,2026-02-01,,2026-01-31,100", "closed_on", "This is before it was submitted or approved."),
        ("won,2026-02-01,2026-01-01,2026-03-01,100", "approved_on", "This is before it was submitted."),
        ("won,2026-02-01,,2026-03-01,", "won_amount", "A won deal needs an amount above zero."),
        ("won,2026-02-01,,2026-03-01,0", "won_amount", "A won deal needs an amount above zero."),
        ("won,2026-02-01,,2026-03-01,1.0051", "won_amount", "EUR has at most 2 decimals."),
        ("won,2026-02-01,,2026-03-01,-5", "won_amount", "An amount cannot be below zero."),
        ("submitted,,,,", "submitted_on", "A deal that is submitted needs the day it was submitted."),
        ("lost,2026-02-01,,2999-01-01,", "closed_on", "This date is still to come."),
    ],
)
def test_deals_that_cannot_have_happened(world: VendorWorld, line: str, column: str, reason: str) -> None:
    header = "id,partner,customer,status,submitted_on,approved_on,closed_on,won_amount"
    report = run(world.vendor, "deals", f"{header}\nX,beta,C,{line}\n")
    assert [(fault.line, fault.column, fault.reason) for fault in report.faults] == [(2, column, reason)]


def test_a_file_without_the_columns_that_are_needed_is_refused_whole(world: VendorWorld) -> None:
    with pytest.raises(BadMap, match=r"Nothing fills external_key, partner, status\. The file has .* a, b"):
        run(world.vendor, "deals", "a,b\n1,2\n")
    with pytest.raises(BadMap, match=r"no column 'Company'. It has name"):
        run(world.vendor, "partners", "name\nx\n", "[partners]\ncolumns.name = 'Company'")
    with pytest.raises(BadMap, match="2 columns called 'name'"):
        run(world.vendor, "partners", "name,name\nx,y\n", "[partners]\ncolumns.name = 'name'")
    with pytest.raises(BadMap, match="city cannot be the key; these can: external_key, slug"):
        run(world.vendor, "partners", "name\nx\n", "[partners]\nkey = 'city'\ncolumns.name = 'name'")


# Partners -----------------------------------------------------------------------------------------------


def test_partners_without_a_tier_enter_at_the_lowest(world: VendorWorld, scoped: Scoped) -> None:
    run(world.vendor, "partners", "name\nNewcomer\n")
    with scoped(world.vendor):
        assert Partner.objects.get(slug="newcomer").tier == Tier.objects.get(name="Silver")


def test_two_partners_of_one_name_are_told_apart_by_their_key(world: VendorWorld, scoped: Scoped) -> None:
    text = "external_key,name\n17,Bike Shop\n18,Bike Shop\n19,People\n20,株式会社\n"
    assert counts(run(world.vendor, "partners", text)) == (4, 0, 0, 0)
    assert counts(run(world.vendor, "partners", text)) == (0, 0, 4, 0)
    with scoped(world.vendor):
        slugs = dict(Partner.objects.filter(external_key__isnull=False).values_list("external_key", "slug"))
    assert [slugs["17"], slugs["18"], slugs["19"]] == ["bike-shop", "bike-shop-18", "people-partner"]
    assert slugs["20"].startswith("partner-")


def test_a_distributor_may_stand_below_its_partners_in_the_file(world: VendorWorld, scoped: Scoped) -> None:
    text = (
        "name,type,parent\nChild,reseller,big-box\nBig Box,distributor,\nOrphan,reseller,nobody\n"
        "Odd,distributor,big-box\nOther,reseller,beta\n"
    )
    report = run(world.vendor, "partners", text)
    assert counts(report) == (2, 0, 0, 3)
    assert faults(report) == [
        (4, "parent", "nobody", "There is no such distributor."),
        (5, "parent", "big-box", "A distributor does not buy through another distributor."),
        (6, "parent", "beta", "There is no such distributor."),
    ]
    assert counts(run(world.vendor, "partners", text)) == (0, 0, 2, 3)
    with scoped(world.vendor):
        assert Partner.objects.get(slug="child").parent == Partner.objects.get(slug="big-box")


def test_a_distributor_with_sub_partners_stays_one(world: VendorWorld) -> None:
    report = run(world.vendor, "partners", "slug,name,type\nalpha,Alpha,reseller\n")
    assert faults(report) == [(2, "type", "reseller", "It has sub-partners, so it must stay a distributor.")]


def test_what_changed_of_a_partner_is_told(world: VendorWorld, scoped: Scoped) -> None:
    text = "slug,name,tier,status,region\nbeta,Beta of acme,Gold,suspended,East\n"
    report = run(world.vendor, "partners", text)
    assert counts(report) == (0, 1, 0, 0)
    assert report.notes == ["New regions: East."]
    with scoped(world.vendor):
        beta = Partner.objects.get(slug="beta")
        told = PortalEvent.objects.filter(partner_id=beta.pk, type__startswith="partners.")
        assert dict(told.values_list("type", "data")) == {
            "partners.status_changed": {"from": "Active", "to": "Suspended"},
            "partners.tier_changed": {"from": "Silver", "to": "Gold"},
            "partners.changed": {"region": "East"},
        }
        assert (beta.region.name, beta.country.code) == ("East", "AT")  # type: ignore[union-attr]


def test_a_key_of_somebody_else_is_refused(world: VendorWorld) -> None:
    by_slug = """[partners]
    key = "slug"
    columns = { slug = "slug", name = "name", external_key = "external_key" }
    """
    text = "slug,name,external_key\nbeta,Beta,7\ndelta,Delta,7\n"
    report = run(world.vendor, "partners", text, by_slug)
    assert counts(report) == (0, 1, 0, 1)
    assert faults(report) == [(3, "external_key", "7", "Another partner has the key '7' already.")]
    # By the external key the other way round: it is a new partner, and its key in addresses is taken.
    report = run(world.vendor, "partners", "slug,name,external_key\ndelta,Delta,8\n")
    assert faults(report) == [(2, "slug", "delta", "Another partner has the key 'delta' already.")]


# People -------------------------------------------------------------------------------------------------


def test_partner_people_get_a_seat(world: VendorWorld, scoped: Scoped) -> None:
    text = "email,name,role,partner,title\nNew.Rep@Beta.example,New Rep,Partner rep,beta,Sales\n"
    assert counts(run(world.vendor, "people", text)) == (1, 0, 0, 0)
    assert counts(run(world.vendor, "people", text)) == (0, 0, 1, 0)
    with scoped(world.vendor):
        seat = Seat.objects.get(user__email="new.rep@beta.example")
        assert (seat.partner.slug, seat.job_title, seat.membership.role) == (
            "beta",
            "Sales",
            Role.PARTNER_REP,
        )
        moved = text.replace("beta,Sales", "delta,Sales")
        since = seat.since
        assert counts(run(world.vendor, "people", moved)) == (0, 1, 0, 0)
        seat.refresh_from_db()
        assert seat.partner.slug == "delta"
        assert seat.since > since


def test_an_account_belongs_to_its_person(world: VendorWorld, other_world: VendorWorld) -> None:
    """Somebody of another vendor joins this one; neither name nor password is touched."""
    theirs = other_world.people["executive"].user
    text = f"email,first_name,last_name,role\n{theirs.email.upper()},Another,Name,executive\n"
    assert counts(run(world.vendor, "people", text)) == (1, 0, 0, 0)
    mine = User.objects.get(pk=theirs.pk)
    assert (mine.first_name, mine.password) == (theirs.first_name, theirs.password)


def test_rights_are_added_and_never_taken(world: VendorWorld, scoped: Scoped) -> None:
    text = "email,role,manages,regions\nmanager@acme.example,channel_manager,delta,North\n"
    with scoped(world.vendor):
        manager = world.people["manager"].membership
        before = reach(manager).partner_ids
        assert counts(run(world.vendor, "people", text)) == (0, 1, 0, 0)
        assert reach(manager).partner_ids == before | {
            world.partners["delta"].pk,
            world.partners["alpha"].pk,
            world.partners["beta"].pk,
        }
        assert counts(run(world.vendor, "people", text)) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("nobody,executive,,", "email", "This is not an e-mail address."),
        ("x@a.example,boss,,", "role", "This must be one of channel_manager, executive, partner_admin, "
         "partner_rep, program_admin."),
        ("x@a.example,partner_rep,,", "partner", "A partner person needs a partner."),
        ("x@a.example,executive,beta,", "partner", "People of the vendor have no seat at a partner."),
        ("x@a.example,executive,,beta", "manages", "Only channel managers are granted partners and regions."),
        ("x@a.example,channel_manager,,omega", "manages", "There is no such partner."),
        ("partner_rep@acme.example,executive,,", "role", "This person is a partner person here. Change that "
         "by hand first."),
    ],
)  # fmt: skip
def test_people_who_cannot_be(world: VendorWorld, line: str, column: str, reason: str) -> None:
    report = run(world.vendor, "people", f"email,role,partner,manages\n{line}\n")
    assert [(fault.line, fault.column, fault.reason) for fault in report.faults] == [(2, column, reason)]


def test_nobody_raises_themselves(world: VendorWorld) -> None:
    with acting_as(world.people["program_admin"]) as actor:
        data = f"email,role\n{actor.user.email},executive\n".encode()
        report = load(kinds.kind("people"), data, vendor=world.vendor, actor=actor)
    assert [fault.column for fault in report.faults] == ["email"]


# Customers and products ---------------------------------------------------------------------------------


def test_customers_are_matched_by_name_without_its_legal_form(world: VendorWorld, scoped: Scoped) -> None:
    assert counts(run(world.vendor, "customers", "name,website\nQuarry AG,www.quarry.example.at\n")) == (
        1,
        0,
        0,
        0,
    )
    assert counts(run(world.vendor, "customers", "name,country\nQuarry,Austria\n")) == (0, 1, 0, 0)
    with scoped(world.vendor):
        assert Customer.objects.values_list("name", "domain", "country").get() == (
            "Quarry",
            "example.at",
            "AT",
        )


def test_customers_by_their_own_key(world: VendorWorld) -> None:
    text = "external_key,name,domain\n1,Acme,acme.com\n2,Acme,acme.org\n2,Other,\n3,Third,nonsense\n"
    report = run(world.vendor, "customers", text)
    assert counts(report) == (2, 0, 0, 2)
    assert faults(report) == [
        (4, "external_key", "2", "Line 3 has the same key."),
        (5, "domain", "nonsense", "There is no domain in this address."),
    ]


def test_products_of_one_name_need_their_code(world: VendorWorld) -> None:
    report = run(world.vendor, "products", "code,name,price\n1,Frame,10\n2,Frame,20\n2,Frame,30\n3,Fork,x\n")
    assert counts(report) == (2, 0, 0, 2)
    deals = "id,partner,customer,product,status\nA,beta,C,1,draft\nB,beta,C,Frame,draft\n"
    report = run(world.vendor, "deals", deals)
    assert faults(report) == [
        (3, "product", "Frame", "There are several products of this name. Use the key instead.")
    ]


# Deals --------------------------------------------------------------------------------------------------

ORDERS = """[deals]
group = true
decimal = ","
dates = ["%d.%m.%Y"]
columns.external_key = "Order"
columns.partner = "Reseller"
columns.product = "Product"
columns.quantity = "Qty"
columns.won_amount = "Sum"
columns.customer_name = { value = "Unnamed customer" }
columns.status = { value = "won" }
columns.submitted_on = "Day"
columns.closed_on = "Day"
"""


def test_lines_of_one_order_are_one_deal(world: VendorWorld, scoped: Scoped) -> None:
    text = (
        "Order;Day;Reseller;Product;Qty;Sum\n"
        "S1;02.03.2026;beta;Arm;2;1.000,50\nS2;03.03.2026;delta;Cart;1;5\n"
        "S1;02.03.2026;beta;Cart;1;99,50\nS1;02.03.2026;beta;Arm;3;100\n"
    )
    assert counts(run(world.vendor, "deals", text, ORDERS)) == (2, 0, 0, 0)
    assert counts(run(world.vendor, "deals", text, ORDERS)) == (0, 0, 2, 0)
    with scoped(world.vendor):
        deal = Deal.objects.get(external_key="S1")
        assert (deal.won_amount, deal.amount, deal.customer) == (120_000, None, None)
        assert dict(deal.lines.values_list("product__name", "quantity")) == {"Arm": 5, "Cart": 1}
        assert not Customer.objects.filter(name="Unnamed customer").exists()


def test_an_order_with_one_bad_line_is_rejected_whole(world: VendorWorld) -> None:
    text = (
        "Order;Day;Reseller;Product;Qty;Sum\n"
        "S1;02.03.2026;beta;Arm;2;10\n"
        "S1;02.03.2026;beta;Leg;1;20\n"
        "S2;02.03.2026;beta;Arm;1;30\n"
        "S2;02.03.2026;delta;Arm;1;40\n"
        "S3;02.03.2026;beta;Arm;1;50\n"
    )
    report = run(world.vendor, "deals", text, ORDERS)
    assert counts(report) == (1, 0, 0, 4)
    assert faults(report) == [
        (2, "", "", "It belongs to one record with line 3, which was rejected."),
        (3, "Product", "Leg", "There is no such product."),
        (4, "", "", "It belongs to one record with line 5, which was rejected."),
        (5, "Reseller", "delta", "Line 4 of the same record says 'beta'."),
    ]


HEADER = "id,partner,customer,product,status,submitted_on,closed_on,won_amount\n"


def test_a_later_export_moves_a_deal_on(world: VendorWorld, scoped: Scoped) -> None:
    run(world.vendor, "deals", HEADER + "X,beta,C,Arm,approved,2026-01-05,,\n")
    with scoped(world.vendor):
        stages = StageChange.objects.count()
        assert counts(
            run(world.vendor, "deals", HEADER + "X,beta,C,Cart,won,2026-01-05,2026-02-01,70\n")
        ) == (0, 1, 0, 0)
        deal = Deal.objects.get(external_key="X")
        assert (deal.status, deal.won_amount, deal.lines.get().product.name) == ("won", 7000, "Cart")
        assert StageChange.objects.count() == stages
        told = PortalEvent.objects.filter(subject_type="deals.deal", subject_id=deal.pk).order_by("pk")
        assert list(told.values_list("type", flat=True)) == [
            "deals.submitted", "deals.approved", "deals.won", "deals.imported",
        ]  # fmt: skip


def test_a_deal_given_to_another_partner_takes_everything_along(world: VendorWorld, scoped: Scoped) -> None:
    run(world.vendor, "deals", HEADER + "X,beta,C,Arm,approved,2026-01-05,,\n")
    report = run(world.vendor, "deals", HEADER + "X,delta,C,Arm,approved,2026-01-05,,\n")
    assert report.changes[0].fields == ["partner"]
    with scoped(world.vendor):
        delta = world.partners["delta"]
        assert Deal.objects.get(external_key="X").partner == delta
        assert DealLine.objects.get(deal__external_key="X").partner == delta
        assert StageChange.objects.get(deal__external_key="X").partner == delta


def test_an_old_export_takes_nothing_back(world: VendorWorld) -> None:
    won = HEADER + "X,beta,C,Arm,won,2026-01-05,2026-02-01,70\n"
    run(world.vendor, "deals", won)
    for line in ("approved,2026-01-05,,", "lost,2026-01-05,2026-02-01,"):
        report = run(world.vendor, "deals", HEADER + f"X,beta,C,Arm,{line}\n")
        status = line.partition(",")[0]
        assert faults(report) == [
            (2, "status", status, "Here the deal is won already; an import leaves it so.")
        ]
    assert counts(run(world.vendor, "deals", won)) == (0, 0, 1, 0)


def test_a_deal_won_elsewhere_frees_its_customer(world: VendorWorld, scoped: Scoped) -> None:
    with scoped(world.vendor):
        deal = DealFactory(partner=world.partners["beta"], external_key="X", approved=True)
        now = timezone.now()
        Protection.objects.create(
            partner=deal.partner, deal=deal, customer=deal.customer, product=world.products[0],
            starts_at=now, expires_at=now + dt.timedelta(days=9),
        )  # fmt: skip
        text = f"id,partner,customer,status,closed_on,won_amount\nX,beta,C,won,{now.date()},5\n"
        assert counts(run(world.vendor, "deals", text)) == (0, 1, 0, 0)
        assert Protection.objects.get(deal=deal).released_at is not None


def test_amounts_are_converted_at_the_rate_of_their_day(world: VendorWorld, scoped: Scoped) -> None:
    with scoped(world.vendor):
        for day, rate in (("2026-01-01", "0.9"), ("2026-02-01", "0.8")):
            ExchangeRate.objects.create(currency="USD", day=day, rate=Decimal(rate))
    header = HEADER.strip() + ",amount,currency\n"
    text = (
        f"{header}A,beta,C,Arm,won,2026-01-15,2026-02-15,50,100,USD\n"
        "B,beta,C,Arm,approved,2025-12-31,,,100,USD\nC,beta,C,Arm,approved,2026-03-01,,,100,EUR\n"
    )
    report = run(world.vendor, "deals", text)
    assert counts(report) == (2, 0, 0, 1)
    assert [(fault.line, fault.column, fault.value) for fault in report.faults] == [(3, "currency", "USD")]
    with scoped(world.vendor):
        deal = Deal.objects.get(external_key="A")
        assert (deal.amount, deal.amount_vendor) == (10_000, 9_000)
        assert (deal.won_amount, deal.won_amount_vendor) == (5_000, 4_000)
        ExchangeRate.objects.create(currency="USD", day="2026-02-10", rate=Decimal("0.5"))
    # A rate that comes later changes nothing that was fixed.
    assert counts(run(world.vendor, "deals", text)) == (0, 0, 2, 1)


def test_the_customer_of_a_deal_is_found_by_key_domain_or_name(world: VendorWorld, scoped: Scoped) -> None:
    run(world.vendor, "customers", "external_key,name,domain\nC-1,Quarry AG,quarry.at\n")
    text = (
        "id,partner,customer,customer_domain,status\n"
        "A,beta,C-1,,draft\nB,beta,QUARRY,,draft\nC,beta,Something,www.quarry.at,draft\n"
        "D,beta,Quarry AG,quarry.de,draft\nE,beta,quarry,quarry.de,draft\n"
    )
    report = run(world.vendor, "deals", text)
    assert report.notes == ["New customers: 1."]
    with scoped(world.vendor):
        found = dict(Deal.objects.values_list("external_key", "customer__domain"))
    assert found == {
        "A": "quarry.at", "B": "quarry.at", "C": "quarry.at", "D": "quarry.de", "E": "quarry.de"
    }  # fmt: skip


def test_registrations_and_imports_never_share_a_reference(world: VendorWorld, scoped: Scoped) -> None:
    with scoped(world.vendor):
        kept = DealFactory(partner=world.partners["beta"], reference="D-000007")
    run(world.vendor, "deals", HEADER + "X,beta,C,Arm,draft,,,\nY,beta,C,Arm,draft,,,\n")
    with scoped(world.vendor):
        taken = Deal.objects.filter(external_key__isnull=False).values_list("reference", flat=True)
        assert len({*taken, kept.reference}) == 3


# A new vendor -------------------------------------------------------------------------------------------


def test_a_new_vendor_has_stages_and_a_tier_to_begin_in(sample: Vendor, scoped: Scoped) -> None:
    with scoped(sample):
        assert list(Stage.objects.values_list("name", "probability")) == [
            ("Qualified", 20),
            ("Proposal", 50),
            ("Negotiation", 70),
        ]
        assert list(Tier.objects.values_list("name", "rank")) == [("Registered", 1)]
