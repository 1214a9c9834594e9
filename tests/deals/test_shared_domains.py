"""Domains that many share identify nobody; companies of one group are possibly one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from deals.approvals import services
from deals.customers.domains import DomainList, shared_domains
from deals.customers.models import Customer, SharedDomain
from deals.customers.services import customer_named
from deals.deal.models import Verdict
from deals.protection.models import Protection
from portal.tenancy.scope import entered, system_scope
from tests.support.conflicts import ask, beside
from tests.support.deals import do, posted, submitted
from tests.support.imports import run
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], PortalClient]
CLEAR, POSSIBLE, CLAIMED = Verdict.CLEAR, Verdict.POSSIBLE, Verdict.CLAIMED

_SHARED = """
    gmail.com gmx.at aon.at chello.at a1.net bluewin.ch hispeed.ch t-online.de vodafone.de libero.it
    tin.it orange.fr telefonica.net ya.com sapo.pt skynet.be ziggo.nl telia.com mail.dk elisanet.fi
    onet.pl seznam.cz zoznam.sk freemail.hu abv.bg mail.ru ukr.net otenet.gr mynet.com walla.co.il
    naver.com qq.com docomo.ne.jp rediffmail.com uol.com.br bigpond.com xtra.co.nz shaw.ca comcast.net
    yahoo.com.vn outlook.cz hotmail.se singnet.com.sg hinet.net emirates.net.ae telkomsa.net
    contoso.onmicrosoft.com contoso.sharepoint.com facebook.com instagram.com linkedin.com x.com
    youtube.com xing.com vk.com weibo.com sites.google.com firma.jimdosite.com firma.webnode.at
    firma.wordpress.com wixsite.com tumblr.com medium.com linktr.ee etsy.com ebay.co.uk amazon.de
    alibaba.com allegro.pl willhaben.at mercadolibre.com.ar shopee.sg bit.ly
"""
_OWN = """
    siemens.com sap.com oracle.com microsoft.com google.com spar.at voestalpine.com wienerlinien.at
    mill.github.io mill.myshopify.com mill.blogspot.com mail.huber.at facebookfans.at amazonas-reisen.de
"""
SHARED, OWN = _SHARED.split(), _OWN.split()


@pytest.mark.parametrize("domain", SHARED)
def test_a_shared_domain_says_nothing(domain: str) -> None:
    listed = DomainList({})
    for address in (domain, f"https://www.{domain}/huber", f"jo@{domain}", domain.upper()):
        assert listed.identifying(address) == "", address


@pytest.mark.parametrize("domain", OWN)
def test_a_domain_of_ones_own_does(domain: str) -> None:
    assert DomainList({}).identifying(f"https://{domain}/kontakt")


@pytest.mark.parametrize("domain", SHARED[::6])
def test_two_customers_behind_one_shared_domain_are_two(world: VendorWorld, domain: str) -> None:
    names = {"customer_name": "Northern Mill", "customer_domain": domain}
    submitted(world.people["partner_rep"], world, **names)
    assert ask(world, "sub_rep", "Southern Quarry", domain) == [CLEAR, CLEAR]
    assert ask(world, "sub_rep", "Northern Mill", domain) == [CLAIMED, CLEAR]


def test_the_vendor_adds_and_takes_out(world: VendorWorld, client_as: SignIn) -> None:
    client = client_as(world.people["program_admin"])
    for domain, shared in (("www.Dorfnetz.at", "on"), ("facebook.com", "")):
        answer = client.post("/admin/deals/shareddomain/add/", {"domain": domain, "is_shared": shared})
        assert answer.status_code == 302, answer.content.decode()
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        domains = shared_domains()
    assert domains.identifying("jo@mail.www.dorfnetz.at") == ""
    assert domains.identifying("https://facebook.com/") == "facebook.com"
    assert (
        "Give a domain" in client.post("/admin/deals/shareddomain/add/", {"domain": "x y"}).content.decode()
    )


def test_another_vendors_list_is_not_ours(world: VendorWorld, other_world: VendorWorld) -> None:
    with entered(system_scope(other_world.vendor.pk)), transaction.atomic():
        SharedDomain.objects.create(domain="huber.at")
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        assert shared_domains().identifying("huber.at") == "huber.at"


def test_the_form_says_why_a_shared_domain_does_not_help(world: VendorWorld, client_as: SignIn) -> None:
    client = client_as(world.people["partner_rep"])
    page = client.post("/deals/register/", posted(world, customer_domain="firma.onmicrosoft.com", submit="1"))
    assert page.status_code == 422
    assert "shared by many companies" in page.content.decode()


class TestGroups:
    """Siemens AG (Germany) and its companies, all of them at siemens.com."""

    def named(self, world: VendorWorld, name: str, country: str, domain: str = "siemens.com") -> Customer:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            return customer_named(name, domain, country)

    def test_each_company_of_a_group_is_a_customer_of_its_own(self, world: VendorWorld) -> None:
        parent = self.named(world, "Siemens AG", "DE")
        assert self.named(world, "SIEMENS", "") == parent
        for name, country in (
            ("Siemens Energy", "DE"),
            ("Siemens AG Österreich", "AT"),
            ("Siemens AG", "AT"),
        ):
            child = self.named(world, name, country)
            assert child != parent
            assert self.named(world, name, country) == child, "found again the second time"

    def test_one_company_under_two_names_stays_one(self, world: VendorWorld) -> None:
        parent = self.named(world, "Alpine Systems", "AT", "alpine.at")
        for name in ("Alpin Systems", "Alpine Systems Gruppe", "Something Else", "Alpine Systems Austria"):
            assert self.named(world, name, "AT", "alpine.at") == parent

    def test_an_exact_name_in_its_own_country_beats_a_shared_domain(self, world: VendorWorld) -> None:
        own = self.named(world, "Siemens Österreich", "AT", "siemens.at")
        self.named(world, "Siemens AG", "DE", "siemens.com")
        assert self.named(world, "Siemens Österreich", "AT", "siemens.com") == own

    def test_a_relative_is_possibly_claimed_and_can_be_approved(self, world: VendorWorld) -> None:
        names = {"customer_name": "Siemens AG", "customer_domain": "siemens.com", "customer_country": "DE"}
        first = submitted(world.people["partner_rep"], world, **names)
        do(services.deal_approve, world.people["program_admin"], first)
        for name, country in (("Siemens Energy", "DE"), ("Siemens Austria", "AT")):
            assert ask(world, "sub_rep", name, "siemens.com", country) == [POSSIBLE, CLEAR]
        changed = {**names, "customer_name": "Siemens Energy"}
        second = submitted(world.people["sub_rep"], world, **changed)
        (claim,) = beside(world, second)
        assert (claim.blocks, claim.how_known) == (False, "Same domain, perhaps another company of the group")
        do(services.deal_approve, world.people["program_admin"], second)
        with acting_as(world.people["program_admin"]):
            assert Protection.objects.filter(released_at=None).count() == 2

    def test_the_same_company_is_still_claimed(self, world: VendorWorld) -> None:
        names = {"customer_name": "Siemens AG", "customer_domain": "siemens.com", "customer_country": "DE"}
        submitted(world.people["partner_rep"], world, **names)
        for name, country in (("Siemens", "DE"), ("Siemens", ""), ("Etwas anderes", "DE")):
            assert ask(world, "sub_rep", name, "siemens.com", country) == [CLAIMED, CLEAR]


def test_an_import_knows_shared_domains_and_groups(world: VendorWorld) -> None:
    rows = [
        "name,domain,country", "Northern Mill,gmx.at,AT", "Siemens AG,siemens.com,DE",
        "Siemens Energy,siemens.com,DE", "Southern Quarry,gmx.at,AT",
    ]  # fmt: skip
    report: Any = run(world.vendor, "customers", "\n".join(rows))
    assert not report.faults
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        kept = dict(Customer.objects.values_list("name", "domain"))
    assert kept == {
        "Northern Mill": "", "Southern Quarry": "",
        "Siemens AG": "siemens.com", "Siemens Energy": "siemens.com",
    }  # fmt: skip
