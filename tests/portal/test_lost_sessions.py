"""The session is gone: sign-in brings people back with what they typed; no address ends in a bare error."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from deals.deal.models import Deal
from portal.tenancy.scope import entered, system_scope
from tests.support.deals import posted, submitted
from tests.support.factories import PASSWORD
from tests.support.worlds import PortalClient, VendorWorld
from tests.test_access_matrix import MATRIX, targets  # noqa: F401  (targets is a fixture)

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]


def sign_in(client: Any, world: VendorWorld, name: str = "partner_rep", **data: str) -> Any:
    email = world.people[name].user.email
    return client.post("/accounts/login/", {"login": email, "password": PASSWORD, **data})


def expire(client: Any) -> None:
    """As it happens: the row is gone, the cookies are still there."""
    client.session.flush()


def next_of(answer: Any) -> str:
    assert answer.status_code == 302
    assert urlsplit(answer.url).path == "/v/acme/accounts/login/"
    return parse_qs(urlsplit(answer.url).query)["next"][0]


def fields(page: str) -> dict[str, str]:
    inputs = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    return {unescape(name): unescape(value) for name, value in inputs if name != "csrfmiddlewaretoken"}


def deals(world: VendorWorld) -> int:
    with entered(system_scope(world.vendor.pk)):
        return Deal.objects.count()


def test_a_long_form_is_sent_after_signing_in_again(world: VendorWorld) -> None:
    client = PortalClient(world.vendor)
    sign_in(client, world)
    form = {**posted(world), "use_case": 'Lines\n"quotes" & <b>', "submit": "1"}
    expire(client)
    back = next_of(client.post("/deals/register/", form))
    landed = sign_in(client, world, next=back)
    assert landed.url == "/v/acme/resume/"
    page = client.get("/resume/")
    assert fields(page.text) == {name: str(value) for name, value in form.items()}
    assert 'action="/v/acme/deals/register/"' in page.text
    assert deals(world) == 0  # nothing goes out on its own
    assert client.post("/deals/register/", fields(page.text)).status_code == 302
    assert deals(world) == 1


def test_what_one_typed_is_not_shown_to_who_signs_in_next(world: VendorWorld) -> None:
    client = PortalClient(world.vendor)
    sign_in(client, world)
    expire(client)
    client.post("/deals/register/", posted(world))
    sign_in(client, world, "partner_admin")
    assert client.get("/resume/").status_code == 302


def test_without_input_a_page_leads_back_to_itself_with_its_query(world: VendorWorld) -> None:
    assert next_of(PortalClient(world.vendor).get("/deals/?q=tirol&status=won")) == (
        "/v/acme/deals/?q=tirol&status=won"
    )


def test_a_filter_goes_to_sign_in_and_comes_back_filtered(world: VendorWorld) -> None:
    answer = PortalClient(world.vendor).get(
        "/deals/?q=tirol",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/v/acme/deals/"},
    )
    assert answer.status_code == 401
    assert next_of_header(answer["HX-Redirect"]) == "/v/acme/deals/?q=tirol"


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_form_in_which_somebody_types_stays_on_the_page(method: str, world: VendorWorld) -> None:
    current = "http://testserver/v/acme/deals/register/"
    address = "/deals/register/check/" if method == "get" else "/deals/register/"
    answer = getattr(PortalClient(world.vendor), method)(
        address, headers={"HX-Request": "true", "HX-Current-URL": current}
    )
    assert answer.status_code == 401
    assert "HX-Redirect" not in answer
    assert next_of_header(answer["X-Sign-In"]) == "/v/acme/deals/register/"


def next_of_header(address: str) -> str:
    assert address.startswith("/v/acme/accounts/login/?next=")
    return parse_qs(urlsplit(address).query)["next"][0]


def test_a_form_from_before_signing_in_again_is_offered_once_more(world: VendorWorld) -> None:
    """Signing in gives out another token: the form in the older tab carries the old one."""
    client = PortalClient(world.vendor, enforce_csrf_checks=True)
    token = client.get("/accounts/login/").cookies["csrftoken"].value
    email = world.people["partner_rep"].user.email
    sent = {"login": email, "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert client.post("/accounts/login/", sent).status_code == 302
    form = {**posted(world), "csrfmiddlewaretoken": token, "submit": "1"}
    stale = client.post("/deals/register/", form, headers={"Origin": "http://testserver"})
    assert (stale.status_code, "Send what you typed?" in stale.text) == (403, True)
    assert fields(stale.text)["customer_name"] == "Tiroler Logistik AG"
    assert deals(world) == 0
    fresh = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', stale.text)
    assert fresh
    again = {**fields(stale.text), "csrfmiddlewaretoken": fresh[1]}
    answer = client.post("/deals/register/", again, headers={"Origin": "http://testserver"})
    assert answer.status_code == 302
    assert deals(world) == 1


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_form_of_another_site_is_not_offered(origin: str, world: VendorWorld) -> None:
    client = PortalClient(world.vendor, enforce_csrf_checks=True)
    client.force_login(
        world.people["partner_rep"].user, "allauth.account.auth_backends.AuthenticationBackend"
    )
    answer = client.post("/deals/register/", posted(world), headers={"Origin": origin} if origin else {})
    assert answer.status_code == 403
    assert "Tiroler Logistik AG" not in answer.text


def test_passwords_are_not_kept_and_too_much_is_not_either(world: VendorWorld) -> None:
    client = PortalClient(world.vendor)
    client.post("/deals/register/", {"password": "secret", "notes": "x"})
    assert [name for name, _ in client.session["kept_input"]["fields"]] == ["notes"]
    large = PortalClient(world.vendor)
    assert next_of(large.post("/deals/register/", {"notes": "x" * 300_000})) == "/v/acme/deals/register/"
    assert "kept_input" not in large.session


def test_files_must_be_chosen_again_and_the_page_says_so(world: VendorWorld) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = PortalClient(world.vendor)
    client.post("/deals/register/", {"notes": "x", "uploads": SimpleUploadedFile("a.pdf", b"%PDF-1.4")})
    sign_in(client, world)
    assert "must be chosen again" in client.get("/resume/").text


@pytest.mark.parametrize("address", sorted(name for name, line in MATRIX.items() if line.method == "post"))
def test_an_address_that_only_takes_a_form_leads_to_its_page(
    address: str,
    world: VendorWorld,
    targets: Any,  # noqa: F811
    client_as: SignIn,
) -> None:
    """Walked for every one there is, as somebody who may use it."""
    line = MATRIX[address]
    path = reverse(address, kwargs=targets[line.args])
    person = world.people[sorted(line.allowed)[0]]
    answer = client_as(person).get(path, follow=True)
    assert answer.status_code == 200, answer.redirect_chain
    if answer.redirect_chain:
        assert f"/v/acme{path}".startswith(answer.redirect_chain[-1][0])


def test_after_signing_in_too(world: VendorWorld) -> None:
    client = PortalClient(world.vendor)
    deal = submitted(world.people["partner_rep"], world)
    client.post(f"/deals/{deal.reference}/withdraw/")
    sign_in(client, world)
    assert client.get(f"/deals/{deal.reference}/withdraw/").url == f"/v/acme/deals/{deal.reference}/"


def test_other_methods_get_a_page_of_ours(world: VendorWorld, client_as: SignIn) -> None:
    rep = client_as(world.people["partner_rep"])
    answer = rep.post("/notifications/")
    assert (answer.status_code, "Acme Robotics" in answer.text) == (405, True)
    assert answer["Allow"] == "GET"
    assert "Go to its page" in answer.text
    assert Client().put("/healthz").status_code == 405


def test_403_and_404_say_one_thing_each(world: VendorWorld, client_as: SignIn) -> None:
    rep = client_as(world.people["partner_rep"])
    refused, missing = rep.get("/partners/").text, rep.get("/deals/D-2222222/").text
    assert refused.count("Your own partner&#x27;s page shows what is yours.") == 1
    assert "role does not include" not in refused
    assert missing.count("Nothing you can see is at this address.") == 1
    assert "mistyped" not in missing
