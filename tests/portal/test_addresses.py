"""The address one signs in with: it counts once proved, the old one can undo it, and nobody learns of it."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.utils import timezone

from portal.events.models import PortalEvent
from portal.people import addresses
from portal.people.models import Membership, User
from portal.people.services import invitation_create, is_address_taken
from portal.tenancy.models import AddressChange
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from tests.support.clocks import stopped_at
from tests.support.factories import PASSWORD
from tests.support.worlds import PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]
NEW = "rep@elsewhere.example"


def signed_in(world: VendorWorld, name: str = "partner_rep") -> PortalClient:
    client = PortalClient(world.vendor)
    email = world.people[name].user.email
    assert client.post("/accounts/login/", {"login": email, "password": PASSWORD}).status_code == 302
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    return client


def ask(client: PortalClient, email: str, callbacks: Any) -> Any:
    with callbacks(execute=True):
        return client.post("/accounts/email/", {"email": email})


def link(n: int = -1) -> str:
    found = re.search(r"http://localhost:8000(/accounts/email/\S+)", str(mail.outbox[n].body))
    assert found, mail.outbox[n].body
    return found[1]


def change(world: VendorWorld, callbacks: Any, email: str = NEW, name: str = "partner_rep") -> None:
    ask(signed_in(world, name), email, callbacks)
    with callbacks(execute=True):
        assert Client().post(link()).status_code == 200


def address_of(world: VendorWorld, name: str = "partner_rep") -> str:
    return User.objects.get(pk=world.people[name].user.pk).email


def test_a_new_address_counts_only_once_proved(
    world: VendorWorld, django_capture_on_commit_callbacks: Any
) -> None:
    old = world.people["partner_rep"].user.email
    answer = ask(signed_in(world), NEW, django_capture_on_commit_callbacks)
    assert (answer.status_code, answer.url) == (302, "/v/acme/accounts/email/")
    assert address_of(world) == old
    assert mail.outbox[-1].to == [NEW]
    assert Client().get(link()).status_code == 200
    assert address_of(world) == old  # opening, as a mail scanner does, changes nothing
    with django_capture_on_commit_callbacks(execute=True):
        assert "counts now" in Client().post(link()).text
    assert address_of(world) == NEW
    login = PortalClient(world.vendor).post("/accounts/login/", {"login": old, "password": PASSWORD})
    assert login.status_code == 422
    login = PortalClient(world.vendor).post("/accounts/login/", {"login": NEW, "password": PASSWORD})
    assert login.status_code == 302


def test_a_link_works_once_and_for_a_day(world: VendorWorld, django_capture_on_commit_callbacks: Any) -> None:
    change(world, django_capture_on_commit_callbacks)
    assert Client().post(link(-2)).status_code == 404
    ask(signed_in(world, "partner_admin"), "x@elsewhere.example", django_capture_on_commit_callbacks)
    with stopped_at(timezone.now() + timedelta(hours=25)):
        assert Client().get(link()).status_code == 404


def test_asking_again_or_cancelling_closes_the_first_link(
    world: VendorWorld, django_capture_on_commit_callbacks: Any
) -> None:
    client = signed_in(world)
    ask(client, NEW, django_capture_on_commit_callbacks)
    first = link()
    ask(client, "second@elsewhere.example", django_capture_on_commit_callbacks)
    assert Client().post(first).status_code == 404
    client.post("/accounts/email/cancel/")
    assert Client().post(link()).status_code == 404


def test_the_old_address_is_told_and_takes_it_back(
    world: VendorWorld, django_capture_on_commit_callbacks: Any
) -> None:
    old = world.people["partner_rep"].user.email
    thief = signed_in(world)
    ask(thief, NEW, django_capture_on_commit_callbacks)
    with django_capture_on_commit_callbacks(execute=True):
        Client().post(link())
    assert (mail.outbox[-1].to, NEW in str(mail.outbox[-1].body)) == ([old], True)
    assert thief.get("/").status_code == 200
    assert Client().get(link()).status_code == 200
    assert address_of(world) == NEW
    assert Client().post(link()).url == "/accounts/password/reset/"
    assert address_of(world) == old
    assert thief.get("/").status_code == 302  # signed out everywhere
    assert not User.objects.get(email=old).has_usable_password()
    assert Client().post(link()).status_code == 404


def test_a_thiefs_own_undo_link_is_void_afterwards(
    world: VendorWorld, django_capture_on_commit_callbacks: Any
) -> None:
    old = world.people["partner_rep"].user.email
    change(world, django_capture_on_commit_callbacks)
    owners = link()
    thief = PortalClient(world.vendor)
    thief.post("/accounts/login/", {"login": NEW, "password": PASSWORD})
    thief.post("/accounts/reauthenticate/", {"password": PASSWORD})
    ask(thief, "third@elsewhere.example", django_capture_on_commit_callbacks)
    with django_capture_on_commit_callbacks(execute=True):
        Client().post(link())
    thiefs = link()
    Client().post(owners)
    assert address_of(world) == old
    assert Client().post(thiefs).status_code == 404
    assert address_of(world) == old


def test_undoing_ends_after_some_days(world: VendorWorld, django_capture_on_commit_callbacks: Any) -> None:
    change(world, django_capture_on_commit_callbacks)
    AddressChange.objects.update(undo_until=timezone.now() - timedelta(seconds=1))
    assert Client().get(link()).status_code == 404


def test_an_address_that_has_an_account_looks_like_any_other(
    world: VendorWorld, django_capture_on_commit_callbacks: Any
) -> None:
    """Neither an error that says who has an account, nor a way to take it."""
    client = signed_in(world)
    taken = world.people["executive"].user.email
    free = ask(client, NEW, django_capture_on_commit_callbacks)
    told = ask(client, taken.upper(), django_capture_on_commit_callbacks)
    assert (told.status_code, told.url) == (free.status_code, free.url)
    assert (mail.outbox[-1].to, "/accounts/" in str(mail.outbox[-1].body)) == ([taken], False)
    assert address_of(world) == world.people["partner_rep"].user.email


def test_an_address_given_up_lately_is_kept_for_its_owner(
    world: VendorWorld, django_capture_on_commit_callbacks: Any
) -> None:
    old = world.people["partner_rep"].user.email
    change(world, django_capture_on_commit_callbacks)
    assert is_address_taken(old)
    assert not is_address_taken(old, by_others_than=world.people["partner_rep"].user)


def test_mails_to_strangers_are_limited(world: VendorWorld, django_capture_on_commit_callbacks: Any) -> None:
    client = signed_in(world)
    answers = [
        ask(client, f"stranger{n}@elsewhere.example", django_capture_on_commit_callbacks).status_code
        for n in range(6)
    ]
    assert answers == [302] * 5 + [422]
    assert len(mail.outbox) == 5


@pytest.mark.parametrize(
    "address",
    [
        "confirm-email/", "confirm-email/abc/", "login/code/", "login/code/confirm/", "phone/verify/",
        "signup/passkey/", "2fa/webauthn/", "2fa/trust/", "sessions/", "3rdparty/", "social/signup/",
    ],
)  # fmt: skip
def test_what_nobody_wanted_of_the_library_is_off(address: str, world: VendorWorld) -> None:
    for client in (Client(), signed_in(world)):
        for ask_for in (client.get, client.post):
            assert ask_for(f"/v/acme/accounts/{address}").status_code == 404
            assert ask_for(f"/accounts/{address}").status_code == 404


def test_the_librarys_own_actions_do_nothing(world: VendorWorld) -> None:
    client, old = signed_in(world), world.people["partner_rep"].user.email
    for action in ("action_add", "action_primary", "action_send", "action_remove"):
        client.post("/accounts/email/", {action: "", "email": NEW})
    assert address_of(world) == old
    assert not EmailAddress.objects.exclude(email=old).exists()


def test_an_invitation_is_bound_to_the_proved_address(
    world: VendorWorld, other_world: VendorWorld, django_capture_on_commit_callbacks: Any
) -> None:
    """What happened: somebody took the address of a future admin of another vendor, and became it."""
    victim = "future.admin@globex.example"
    ask(signed_in(world), victim, django_capture_on_commit_callbacks)
    with acting_as(other_world.people["program_admin"]) as actor:
        invitation_create(actor=actor, email=victim, role=Role.PROGRAM_ADMIN)
    with entered(system_scope(other_world.vendor.pk)), transaction.atomic():
        assert not Membership.objects.filter(user=world.people["partner_rep"].user).exists()
    assert address_of(world) == world.people["partner_rep"].user.email


def test_each_vendor_of_the_person_records_it(
    world: VendorWorld, django_capture_on_commit_callbacks: Any
) -> None:
    change(world, django_capture_on_commit_callbacks)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        event = PortalEvent.objects.get(type="portal.address_changed")
    assert (event.partner_id, event.data["to"]) == (world.partners["beta"].pk, NEW)


def test_ones_own_address_is_no_change(world: VendorWorld) -> None:
    user = world.people["partner_rep"].user
    with pytest.raises(ValidationError, match="already"):
        addresses.address_change_ask(user=user, email=user.email.upper())


def test_it_asks_for_the_password_once_more_after_a_while(world: VendorWorld) -> None:
    client = PortalClient(world.vendor)
    email = world.people["partner_rep"].user.email
    client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    asked = client.post("/accounts/email/", {"email": NEW})
    assert asked.url.startswith("/v/acme/accounts/reauthenticate/?next=")
    assert not AddressChange.objects.exists()
    assert client.get(asked.url).status_code == 200
    client.post(asked.url, {"password": PASSWORD})  # goes on with what was typed
    assert AddressChange.objects.get().after == NEW
