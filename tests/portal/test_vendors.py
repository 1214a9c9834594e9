"""Which vendor an address belongs to, and who is let in."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import Http404
from django.test import Client, override_settings
from django.urls import include, path, reverse

from portal.events.log import record
from portal.events.models import PortalEvent
from portal.tenancy.models import Vendor, VendorHost
from portal.tenancy.scope import entered, system_scope
from portal.tenancy.vendors import split_prefix
from tests.support.factories import PASSWORD, MembershipFactory, UserFactory
from tests.support.worlds import PortalClient, VendorWorld

pytestmark = pytest.mark.django_db


class TestAddress:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/v/acme/deals/", ("acme", "/deals/")),
            ("/v/acme/", ("acme", "/")),
            ("/v/acme", ("acme", None)),
            ("/deals/", (None, None)),
            ("/v/", (None, None)),
            ("/v/AC me/", (None, None)),
            ("/v/../x/", (None, None)),
        ],
    )
    def test_split(self, path: str, expected: tuple[str | None, str | None]) -> None:
        assert split_prefix(path) == expected

    def test_prefix_names_the_vendor_and_links_keep_it(self, world: VendorWorld) -> None:
        answer = Client().get("/v/acme/deals/")
        assert answer.status_code == 302
        assert answer.url == "/v/acme/accounts/login/?next=/v/acme/deals/"

    def test_without_its_slash_the_prefix_is_completed(self, vendor: Vendor) -> None:
        answer = Client().get("/v/acme")
        assert (answer.status_code, answer.url) == (301, "/v/acme/")

    def test_the_vendors_own_host_needs_no_prefix(self, vendor: Vendor) -> None:
        VendorHost.objects.create(vendor=vendor, host="partners.acme.example")
        with override_settings(ALLOWED_HOSTS=["partners.acme.example"]):
            answer = Client(HTTP_HOST="partners.acme.example:8000").get("/accounts/login/")
        assert answer.status_code == 200
        assert "Acme Robotics" in answer.text

    @pytest.mark.parametrize("path", ["/v/nobody/", "/v/nobody/deals/", "/deals/"])
    def test_an_unknown_vendor_is_not_found(self, path: str) -> None:
        assert Client().get(path).status_code == 404

    def test_a_vendor_switched_off_is_not_found(self, vendor: Vendor) -> None:
        Vendor.objects.update(is_active=False)
        assert Client().get("/v/acme/accounts/login/").status_code == 404

    def test_a_foreign_host_header_is_refused(self, vendor: Vendor) -> None:
        assert Client(HTTP_HOST="evil.example").get("/v/acme/accounts/login/").status_code == 400

    def test_health(self) -> None:
        assert Client().get("/healthz").json() == {"status": "ok"}


class TestSignIn:
    def test_by_email_lands_on_the_vendors_home_and_is_recorded_once(self, world: VendorWorld) -> None:
        person, client = world.people["partner_rep"], PortalClient(world.vendor)
        answer = client.post("/accounts/login/", {"login": person.user.email.upper(), "password": PASSWORD})
        assert (answer.status_code, answer.url) == (302, "/v/acme/")
        for _ in range(3):
            assert client.get("/").status_code == 200
        with entered(system_scope(world.vendor.pk)):
            event = PortalEvent.objects.get(type="portal.login")
        assert (event.actor_id, event.partner_id) == (person.user.pk, world.partners["beta"].pk)

    def test_wrong_password_says_so_and_keeps_the_address(self, world: VendorWorld) -> None:
        email = world.people["partner_rep"].user.email
        answer = PortalClient(world.vendor).post("/accounts/login/", {"login": email, "password": "wrong"})
        assert answer.status_code == 422
        assert "not correct" in answer.text
        assert email in answer.text

    def test_nobody_signs_up_unasked(self, vendor: Vendor) -> None:
        answer = PortalClient(vendor).get("/accounts/signup/")
        assert "password1" not in answer.text

    def test_a_disabled_account_is_out_on_the_next_request(self, world: VendorWorld, client_as: Any) -> None:
        person = world.people["partner_rep"]
        client = client_as(person)
        assert client.get("/").status_code == 200
        person.user.is_active = False
        person.user.save()
        assert client.get("/").status_code == 302

    def test_a_disabled_membership_is_out_on_the_next_request(
        self, world: VendorWorld, client_as: Any
    ) -> None:
        person = world.people["partner_rep"]
        client = client_as(person)
        with entered(system_scope(world.vendor.pk)):
            type(person.membership).objects.filter(pk=person.membership.pk).update(is_active=False)
        assert client.get("/").status_code == 404

    def test_the_sign_in_page_carries_name_and_colour(self, vendor: Vendor) -> None:
        Vendor.objects.update(colour="#aa3377")
        client = PortalClient(vendor)
        assert "Acme Robotics" in client.get("/accounts/login/").text
        assert "#aa3377" in client.get("/brand.css").text

    def test_no_page_may_be_kept_by_a_shared_cache(self, world: VendorWorld, client_as: Any) -> None:
        answer = client_as(world.people["partner_rep"]).get("/")
        assert "no-store" in answer["Cache-Control"]
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]


class TestSeveralVendors:
    def test_a_member_of_another_vendor_is_not_found(
        self, world: VendorWorld, other_world: VendorWorld, client_as: Any
    ) -> None:
        client = client_as(other_world.people["program_admin"], world.vendor)
        for address in ("/", "/deals/", "/admin/"):
            assert client.get(address).status_code == 404

    def test_one_person_at_two_vendors_sees_each_at_its_address(
        self, world: VendorWorld, other_world: VendorWorld, client_as: Any
    ) -> None:
        person = world.people["manager"]
        with entered(system_scope(other_world.vendor.pk)):
            MembershipFactory(user=person.user, role="executive")
        client = client_as(person)
        assert client.get("/").status_code == 200
        assert client_as(person, other_world.vendor).get("/").status_code == 200
        switcher = client.get(reverse("switch")).text
        assert "Acme Robotics" in switcher
        assert "Globex Systems" in switcher

    def test_the_lobby_leads_on_to_the_only_vendor(self, world: VendorWorld, client_as: Any) -> None:
        client = Client()
        client.force_login(
            world.people["partner_rep"].user, "allauth.account.auth_backends.AuthenticationBackend"
        )
        answer = client.get("/")
        assert (answer.status_code, answer.url) == (302, "/v/acme/")

    def test_the_lobby_asks_strangers_to_sign_in(self) -> None:
        assert Client().get("/").url.startswith("/accounts/login/")


class TestPlatformSupport:
    def test_a_superuser_works_at_each_vendors_address_and_leaves_a_record(self, world: VendorWorld) -> None:
        root = UserFactory(is_superuser=True)
        client = PortalClient(world.vendor)
        client.force_login(root, "allauth.account.auth_backends.AuthenticationBackend")
        for _ in range(2):
            assert client.get("/").status_code == 200
        with entered(system_scope(world.vendor.pk)):
            assert PortalEvent.objects.filter(type="portal.support_session", actor=root).count() == 1
            assert not PortalEvent.objects.filter(type="portal.login").exists()


class TestSecondFactor:
    @pytest.mark.parametrize(
        ("name", "asked"),
        [("program_admin", True), ("executive", True), ("manager", False), ("partner_rep", False)],
    )
    def test_asked_of_admins_and_executives_where_the_vendor_says_so(
        self, name: str, asked: bool, world: VendorWorld, client_as: Callable[..., PortalClient]
    ) -> None:
        Vendor.objects.update(requires_second_factor=True)
        answer = client_as(world.people[name]).get("/")
        assert (answer.status_code == 302) == asked
        if asked:
            assert answer.url.endswith("/accounts/2fa/totp/activate/")


def write_and_miss(request: Any) -> None:
    record("portal.exported", actor=request.actor)
    raise Http404


urlpatterns = [path("boom/", write_and_miss), path("", include("portal.urls"))]


@override_settings(ROOT_URLCONF=__name__)
def test_what_a_failed_view_wrote_is_undone(world: VendorWorld, client_as: Any) -> None:
    assert client_as(world.people["partner_rep"]).get("/boom/").status_code == 404
    with entered(system_scope(world.vendor.pk)):
        assert not PortalEvent.objects.filter(type="portal.exported").exists()
