"""Every page reads a text as it is meant: sign-in, search, naming a partner, what a form keeps."""

import unicodedata
from collections.abc import Callable

import pytest
from django.db import transaction

from partners.models import Partner
from partners.selectors import partners_called
from portal.people.models import Invitation, User
from portal.tenancy.scope import entered, system_scope
from tests.support.deals import draft
from tests.support.factories import PASSWORD, PartnerFactory, UserFactory
from tests.support.worlds import PortalClient, VendorWorld

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]
UMLAUT = "Öztürk & Söhne"


def ways_of(text: str) -> list[str]:
    """The same text as people and programs write it."""
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)
    return [
        text, text.upper(), f"  {text}\u200b", unicodedata.normalize("NFD", text), f"\ufeff{text}", wide,
        text.replace(" ", "\u00a0"),
    ]  # fmt: skip


class TestAddresses:
    @pytest.mark.parametrize("typed", ways_of("jo.huber@example.com"))
    def test_one_signs_in_however_the_address_is_pasted(self, world: VendorWorld, typed: str) -> None:
        UserFactory(email="jo.huber@example.com")
        browser = PortalClient(world.vendor)
        answer = browser.post("/accounts/login/", {"login": typed, "password": PASSWORD})
        assert answer.status_code == 302, answer.content.decode()

    @pytest.mark.parametrize(
        "typed", ["jo@xn--mller-kva.example", "JO@Müller.example", "mailto:jo@MÜLLER.example"]
    )
    def test_a_domain_in_another_script_is_one_with_its_ascii_form(
        self, world: VendorWorld, typed: str
    ) -> None:
        user = UserFactory(email="jo@müller.example")
        assert user.email == "jo@xn--mller-kva.example"
        browser = PortalClient(world.vendor)
        answer = browser.post("/accounts/login/", {"login": typed, "password": PASSWORD})
        assert answer.status_code == 302

    def test_a_forgotten_password_is_sent_to_the_one_meant(
        self, world: VendorWorld, mailoutbox: list[object]
    ) -> None:
        UserFactory(email="jo@example.com")
        answer = PortalClient(world.vendor).post(
            "/accounts/password/reset/", {"email": "\u200bJO@example.com"}
        )
        assert answer.status_code == 302
        assert [letter.to for letter in mailoutbox] == [["jo@example.com"]]  # type: ignore[attr-defined]

    def test_an_address_is_found_and_kept_once(self, world: VendorWorld) -> None:
        user = UserFactory(email="Jo@Example.com")
        assert User.objects.get(email=" JO@EXAMPLE.COM\u200b") == user
        assert User.objects.get_by_natural_key("jo@example.COM") == user

    def test_nobody_is_invited_twice_by_an_invisible_character(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        client = client_as(world.people["partner_admin"])
        for typed in (
            "ada@example.com",
            "ADA@example.com",
            "ada\u200b@example.com",
            "mailto:ada@example.com",
        ):
            client.post("/partners/beta/people/invite/", {"email": typed, "role": "partner_rep"})
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert [one.email for one in Invitation.objects.all()] == ["ada@example.com"]


class TestNames:
    @pytest.mark.parametrize("typed", ways_of(UMLAUT))
    def test_a_list_finds_a_partner(self, world: VendorWorld, client_as: SignIn, typed: str) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            PartnerFactory(slug="oezturk", name=UMLAUT, tier=world.tiers[0])
        page = client_as(world.people["program_admin"]).get("/partners/", {"q": typed})
        assert "/partners/oezturk/" in page.content.decode()

    @pytest.mark.parametrize("typed", ways_of(UMLAUT))
    def test_a_list_finds_a_deal(self, world: VendorWorld, client_as: SignIn, typed: str) -> None:
        deal = draft(world.people["partner_rep"], world, customer_name=UMLAUT)
        page = client_as(world.people["partner_rep"]).get("/deals/", {"q": typed})
        assert f"/deals/{deal.reference}/" in page.content.decode()

    @pytest.mark.parametrize("typed", ways_of(UMLAUT)[2:])
    def test_a_form_keeps_a_name_without_what_nobody_sees(
        self, world: VendorWorld, client_as: SignIn, typed: str
    ) -> None:
        """Full width stays as it was written: some write so on purpose."""
        client = client_as(world.people["program_admin"])
        partner = {"name": typed, "key": "oe", "slug": "oe", "type": "reseller", "status": "active"}
        answer = client.post("/admin/partners/partner/add/", {**partner, "joined_on": "2026-01-01"})
        assert answer.status_code == 302, answer.content.decode()
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            kept = Partner.objects.get(slug="oe")
        assert (kept.name, kept.name_key) == (unicodedata.normalize("NFC", kept.name), "öztürk & söhne")
        assert not {"\u200b", "\u00a0", "\ufeff"} & set(kept.name)

    def test_two_partners_that_differ_only_in_case_are_told_apart(self, world: VendorWorld) -> None:
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            loud = PartnerFactory(slug="loud", name="ACME", tier=world.tiers[0])
            quiet = PartnerFactory(slug="quiet", name="Acme", tier=world.tiers[0])
            everybody = Partner.objects.order_by("pk")
            assert partners_called(everybody, "ACME") == [loud]
            assert partners_called(everybody, "Acme\u200b") == [quiet]
            assert partners_called(everybody, "acme") == [loud, quiet]
            assert partners_called(everybody, "QUIET") == [quiet]

    def test_the_form_of_a_deal_finds_the_own_one_of_that_name(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        draft(world.people["partner_rep"], world, customer_name=UMLAUT)
        client = client_as(world.people["partner_rep"])
        typed = {"customer_name": unicodedata.normalize("NFD", UMLAUT).upper()}
        assert (
            UMLAUT.split(maxsplit=1)[0] in client.get("/deals/register/duplicates/", typed).content.decode()
        )
