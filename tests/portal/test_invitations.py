"""Invitations: who sends them to whom, and how they turn into people with a seat."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from partners import services as partners_services
from partners.models import Partner, Seat, SeatInvitation
from portal.events import outbox
from portal.events.models import OutboxMessage, PortalEvent
from portal.people import services as people_services
from portal.people.models import Invitation, Membership, User
from portal.sealed_ids import sealed
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from tests.support.factories import PASSWORD, UserFactory
from tests.support.races import at_once
from tests.support.worlds import PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]
ANSWERS = {"first_name": "Ada", "last_name": "Byron", "password": "a long enough sentence"}
CLOSED = "This invitation is closed"


def invite(
    world: VendorWorld, slug: str = "beta", email: str = "ada@example.com", role: str = "partner_rep",
    by: str = "partner_admin",
) -> str:  # fmt: skip
    """Invite and return the path of the link in the e-mail."""
    with acting_as(world.people[by]) as actor:
        partner = Partner.objects.get(slug=slug)
        partners_services.person_invite(actor=actor, partner=partner, email=email, role=role)
    return link_to(world.vendor, email)


def link_to(vendor: Vendor, email: str) -> str:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        letters = OutboxMessage.objects.filter(kind="email", payload__to=email).order_by("-created_at")
        link = letters[0].payload["context"]["link"]
    return "/" + link.split("/", 3)[3]


def seats(vendor: Vendor, email: str) -> list[tuple[str, str, bool]]:
    with entered(system_scope(vendor.pk)), transaction.atomic():
        rows = Seat.objects.filter(user__email=email)
        return list(rows.values_list("partner__slug", "membership__role", "membership__is_active"))


def withdraw(world: VendorWorld) -> None:
    with acting_as(world.people["partner_admin"]) as actor:
        partners_services.person_invitation_revoke(actor=actor, invited=SeatInvitation.objects.get())


class TestSending:
    def test_the_letter_names_vendor_and_role_and_carries_the_only_copy_of_the_link(
        self, world: VendorWorld
    ) -> None:
        link = invite(world)
        assert outbox.deliver(world.vendor.pk) == 1
        (letter,) = mail.outbox
        assert letter.to == ["ada@example.com"]
        assert "Acme Robotics" in letter.subject
        assert link in letter.body
        assert "partner rep" in letter.body
        token = link.rstrip("/").rsplit("/", 1)[1]
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert token not in Invitation.objects.get().token_hash

    @pytest.mark.parametrize("by", ["partner_admin", "manager", "program_admin"])
    def test_partner_admins_and_the_partners_managers_invite(self, by: str, world: VendorWorld) -> None:
        invite(world, by=by)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            event = PortalEvent.objects.get(type="portal.invited")
        assert (event.partner_id, event.actor_id) == (world.partners["beta"].pk, world.people[by].user.pk)

    @pytest.mark.parametrize(
        "by", ["partner_rep", "executive"],
    )  # fmt: skip
    def test_others_who_see_the_partner_do_not(self, by: str, world: VendorWorld) -> None:
        with pytest.raises(PermissionDenied):
            invite(world, by=by)

    def test_a_distributors_admin_invites_nobody_into_a_sub_partner(self, world: VendorWorld) -> None:
        with pytest.raises(PermissionDenied):
            invite(world, slug="gamma", by="distributor_admin")

    @pytest.mark.parametrize("role", ["program_admin", "channel_manager", "executive", "owner", ""])
    def test_nobody_becomes_staff_through_a_partner(self, role: str, world: VendorWorld) -> None:
        for by in ("partner_admin", "program_admin"):
            with pytest.raises(PermissionDenied):
                invite(world, role=role, by=by)

    def test_another_partner_is_not_even_found(self, world: VendorWorld, client_as: SignIn) -> None:
        browser = client_as(world.people["partner_admin"])
        sent = {"email": "ada@example.com", "role": "partner_rep"}
        assert browser.post("/partners/alpha/people/invite/", sent).status_code == 404
        assert browser.post("/partners/beta/people/invite/", sent | {"role": "executive"}).status_code == 422
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert not Invitation.objects.exists()

    def test_a_partner_admin_cannot_write_around_the_service(self, world: VendorWorld) -> None:
        """The database refuses a seat or an invitation for another partner, whatever the code says."""
        with acting_as(world.people["partner_admin"]) as actor:
            invitation = people_services.invitation_create(
                actor=actor, email="ada@example.com", role="partner_rep", partner_id=world.partners["beta"].pk
            )
            with pytest.raises(Exception, match="row-level security"), transaction.atomic():
                SeatInvitation.objects.create(invitation=invitation, partner_id=world.partners["alpha"].pk)

    @pytest.mark.parametrize(
        "email", ["distributor_rep@acme.example", "EXECUTIVE@acme.example", "nobody@anywhere.example"]
    )
    def test_the_answer_never_tells_who_works_where(
        self, email: str, world: VendorWorld, client_as: SignIn
    ) -> None:
        """A rival's rep, the vendor's own, a stranger: one answer, one list, one mail."""
        browser = client_as(world.people["partner_admin"])
        answer = browser.post(
            "/partners/beta/people/invite/", {"email": email, "role": "partner_rep"}, follow=True
        )
        assert [str(message) for message in answer.context["messages"]] == [f"Invited {email.lower()}."]
        assert email.lower() in answer.text
        assert outbox.deliver(world.vendor.pk) == 1
        assert "invites you" in mail.outbox[0].subject

    def test_who_is_somewhere_already_is_told_by_the_link_alone(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        link = invite(world, email="distributor_rep@acme.example")
        answer = client_as(world.people["distributor_rep"]).post(link)
        assert (answer.status_code, "You belong to this vendor already" in answer.text) == (422, True)
        assert seats(world.vendor, "distributor_rep@acme.example") == [("alpha", "partner_rep", True)]

    def test_among_ones_own_people_the_way_on_is_told(self, world: VendorWorld) -> None:
        with pytest.raises(ValidationError, match="among the people of this partner"):
            invite(world, email="Partner_Rep@acme.example")
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Membership.objects.filter(user=world.people["partner_rep"].user).update(is_active=False)
        with pytest.raises(ValidationError, match="Switch it on again in the list"):
            invite(world, email="partner_rep@acme.example")

    def test_who_had_left_comes_back_through_the_vendor_alone(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        rep = world.people["distributor_rep"]
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Membership.objects.filter(user=rep.user).update(is_active=False)
        by_partner = invite(world, email=rep.user.email)
        assert "was switched off" in client_as(rep).post(by_partner).text
        withdraw(world)
        by_manager = invite(world, email=rep.user.email, by="manager")
        assert client_as(rep).post(by_manager).status_code == 302
        assert seats(world.vendor, rep.user.email) == [("beta", "partner_rep", True)]

    def test_a_program_admin_is_told_how_things_stand(self, world: VendorWorld) -> None:
        with acting_as(world.people["program_admin"]) as actor:
            for email, told in (("executive@acme.example", "already has access"),):
                with pytest.raises(ValidationError, match=told):
                    people_services.staff_invite(actor=actor, email=email, role=Role.EXECUTIVE)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Membership.objects.filter(user=world.people["executive"].user).update(is_active=False)
        with (
            acting_as(world.people["program_admin"]) as actor,
            pytest.raises(ValidationError, match="Switch"),
        ):
            people_services.staff_invite(actor=actor, email="executive@acme.example", role=Role.EXECUTIVE)

    def test_a_person_and_a_partner_invite_only_so_many_a_day(self, world: VendorWorld) -> None:
        for number in range(20):
            invite(world, email=f"person{number}@anywhere.example")
        with pytest.raises(ValidationError, match="Too many"):
            invite(world, email="one.more@anywhere.example")
        invite(world, email="one.more@anywhere.example", by="manager")

    def test_a_double_click_is_one_invitation(self, world: VendorWorld) -> None:
        sent = {"email": "ada@example.com", "role": "partner_rep"}
        browser = PortalClient(world.vendor)
        browser.force_login(
            world.people["partner_admin"].user,
            backend="allauth.account.auth_backends.AuthenticationBackend",
        )
        for _ in range(2):
            assert browser.post("/partners/beta/people/invite/", sent).status_code == 302
        for _ in range(2):
            with acting_as(world.people["program_admin"]) as actor:
                people_services.staff_invite(actor=actor, email="eva@example.com", role=Role.EXECUTIVE)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert Invitation.objects.count() == 2
        assert outbox.deliver(world.vendor.pk) == 2

    @pytest.mark.django_db(transaction=True)
    def test_two_clicks_at_the_same_moment_are_one_invitation(self, world: VendorWorld) -> None:
        def click() -> None:
            invite(world)

        at_once(click, click)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert Invitation.objects.count() == 1

    def test_the_link_is_gone_from_the_outbox_once_sent(self, world: VendorWorld) -> None:
        link = invite(world)
        outbox.deliver(world.vendor.pk)
        assert link in mail.outbox[0].body
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            row = OutboxMessage.objects.get()
        assert link.rstrip("/").rsplit("/", 1)[1] not in str(row.payload)

    def test_a_carriage_return_in_a_name_stops_no_mail(self, world: VendorWorld) -> None:
        user = world.people["partner_admin"].user
        user.first_name = "Ada\rBcc: all\x0b\u2028@x"
        user.save()
        invite(world)
        assert outbox.deliver(world.vendor.pk) == 1
        assert "Ada Bcc: all @x" in mail.outbox[0].subject
        assert mail.outbox[0].message()["Subject"]

    def test_an_open_invitation_is_not_sent_twice(self, world: VendorWorld) -> None:
        invite(world)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Invitation.objects.update(created_at=timezone.now() - timedelta(minutes=5))
        with pytest.raises(ValidationError, match="open invitation"):
            invite(world, email="ADA@example.com")

    def test_bad_answers_stay_on_the_form(self, world: VendorWorld, client_as: SignIn) -> None:
        browser = client_as(world.people["partner_admin"])
        answer = browser.post(
            "/partners/beta/people/invite/", {"email": "ada at home", "role": "partner_rep"}
        )
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == ["email"]
        assert "ada at home" in answer.text


class TestJoining:
    def test_a_new_person_joins_with_name_and_password_and_is_seated(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        link, browser = invite(world, role="partner_admin"), client_as(None, world.vendor)
        assert "ada@example.com" in browser.get(link).text
        answer = browser.post(link, ANSWERS)
        assert (answer.status_code, answer.url) == (302, "/v/acme/")
        assert seats(world.vendor, "ada@example.com") == [("beta", "partner_admin", True)]
        assert browser.get("/partners/beta/people/").status_code == 200
        assert browser.get("/partners/alpha/").status_code == 404
        again = client_as(None, world.vendor)
        signed_in = again.post(
            "/accounts/login/", {"login": "ada@example.com", "password": ANSWERS["password"]}
        )
        assert signed_in.status_code == 302

    @pytest.mark.parametrize(
        ("answers", "field"),
        [
            ({"password": "short"}, "password"),
            ({"password": "1q2w3e4r5t6y7u"}, "password"),
            ({"password": "ada@example.com"}, "password"),
            ({"first_name": ""}, "first_name"),
            ({"last_name": "x" * 200}, "last_name"),
        ],
    )
    def test_answers_that_cannot_be_are_told(
        self, answers: dict[str, str], field: str, world: VendorWorld, client_as: SignIn
    ) -> None:
        answer = client_as(None, world.vendor).post(invite(world), ANSWERS | answers)
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == [field]
        assert not User.objects.filter(email="ada@example.com").exists()

    def test_a_link_works_once(self, world: VendorWorld, client_as: SignIn) -> None:
        link = invite(world)
        assert client_as(None, world.vendor).post(link, ANSWERS).status_code == 302
        replayed = client_as(None, world.vendor)
        for answer in (replayed.get(link), replayed.post(link, ANSWERS | {"first_name": "Eve"})):
            assert answer.status_code == 404
            assert CLOSED in answer.text
        assert User.objects.get(email="ada@example.com").first_name == "Ada"

    def test_a_link_expires(self, world: VendorWorld, client_as: SignIn) -> None:
        link = invite(world)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        answer = client_as(None, world.vendor).post(link, ANSWERS)
        assert answer.status_code == 404
        assert not User.objects.filter(email="ada@example.com").exists()
        assert invite(world) != link

    def test_a_link_that_was_withdrawn_is_closed(self, world: VendorWorld, client_as: SignIn) -> None:
        link = invite(world)
        withdraw(world)
        assert client_as(None, world.vendor).get(link).status_code == 404

    def test_a_made_up_link_is_closed(self, world: VendorWorld, client_as: SignIn) -> None:
        assert client_as(None, world.vendor).get("/join/made-up/").status_code == 404

    def test_a_link_of_one_vendor_opens_nothing_at_another(
        self, world: VendorWorld, other_world: VendorWorld, client_as: SignIn
    ) -> None:
        link = invite(world).replace("/v/acme/", "/v/globex/")
        assert client_as(None, other_world.vendor).get(link).status_code == 404

    def test_somebody_elses_link_is_refused(self, world: VendorWorld, client_as: SignIn) -> None:
        link = invite(world)
        stranger = UserFactory(email="eve@example.com")
        browser = PortalClient(world.vendor)
        browser.force_login(stranger, backend="allauth.account.auth_backends.AuthenticationBackend")
        answer = browser.post(link)
        assert answer.status_code == 422
        assert "sent to another address" in answer.text
        assert seats(world.vendor, "eve@example.com") == []
        assert client_as(None, world.vendor).get(link).status_code == 200

    def test_who_has_an_account_signs_in_first(self, world: VendorWorld, client_as: SignIn) -> None:
        UserFactory(email="ada@example.com")
        answer = client_as(None, world.vendor).post(invite(world), ANSWERS)
        assert answer.status_code == 422
        assert "You have an account already" in answer.text

    def test_a_person_joins_a_second_vendor_and_chooses_between_them(
        self, world: VendorWorld, other_world: VendorWorld, client_as: SignIn
    ) -> None:
        rep = other_world.people["partner_rep"]
        link = invite(world, email=rep.user.email)
        browser = client_as(rep, world.vendor)
        assert browser.get("/partners/beta/").status_code == 404
        assert rep.user.email in browser.get(link).text
        assert browser.post(link).status_code == 302
        assert seats(world.vendor, rep.user.email) == [("beta", "partner_rep", True)]
        assert browser.get("/partners/beta/").status_code == 200
        lobby = PortalClient()
        lobby.force_login(rep.user, backend="allauth.account.auth_backends.AuthenticationBackend")
        page = lobby.get("/").text
        assert re.search(r'href="/v/acme/"', page)
        assert re.search(r'href="/v/globex/"', page)

    def test_two_invitations_do_not_make_two_seats(self, world: VendorWorld, client_as: SignIn) -> None:
        first = invite(world)
        second = invite(world, slug="alpha", role="partner_admin", by="distributor_admin")
        browser = client_as(None, world.vendor)
        assert browser.post(first, ANSWERS).status_code == 302
        answer = browser.post(second)
        assert answer.status_code == 422
        assert "belong to this vendor already" in answer.text
        assert seats(world.vendor, "ada@example.com") == [("beta", "partner_rep", True)]


class TestFirstAdmin:
    def test_a_new_vendors_first_admin_comes_in_by_a_link_from_the_command_line(
        self, capsys: pytest.CaptureFixture[str], client_as: SignIn
    ) -> None:
        call_command("create_vendor", "newco", "New Company", admin="ada@example.com")
        vendor = Vendor.objects.get(slug="newco")
        link = link_to(vendor, "ada@example.com")
        assert link in capsys.readouterr().out
        browser = client_as(None, vendor)
        assert browser.post(link, ANSWERS).status_code == 302
        page = browser.get("/admin/portal/invitation/")
        assert page.status_code == 200
        assert "ada@example.com" in page.text


class TestPeoplePage:
    def test_pending_invitations_are_listed_and_withdrawn(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        link, browser = invite(world), client_as(world.people["partner_admin"])
        assert "ada@example.com" in browser.get("/partners/people/").text
        with acting_as(world.people["partner_admin"]):
            pk = SeatInvitation.objects.get().pk
        assert browser.post(f"/partners/beta/people/invitations/{sealed(pk)}/revoke/").status_code == 302
        assert "Invited, not yet here" not in browser.get("/partners/people/").text
        assert client_as(None, world.vendor).get(link).status_code == 404

    def test_reps_see_colleagues_but_no_invitations(self, world: VendorWorld, client_as: SignIn) -> None:
        invite(world)
        page = client_as(world.people["partner_rep"]).get("/partners/people/").text
        assert "partner_admin@acme.example" in page
        assert "ada@example.com" not in page

    @pytest.mark.parametrize("by", ["distributor_admin", "other_manager"])
    def test_invitations_of_another_partner_are_not_found(
        self, by: str, world: VendorWorld, client_as: SignIn
    ) -> None:
        link = invite(world)
        with acting_as(world.people["partner_admin"]):
            pk = SeatInvitation.objects.get().pk
        browser = client_as(world.people[by])
        for slug in ("beta", "alpha"):
            answer = browser.post(f"/partners/{slug}/people/invitations/{sealed(pk)}/revoke/")
            assert answer.status_code == 404
        assert client_as(None, world.vendor).get(link).status_code == 200

    def test_switching_off_bites_on_the_next_request_and_on_again_opens(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        rep, boss = client_as(world.people["partner_rep"]), client_as(world.people["partner_admin"])
        with acting_as(world.people["partner_admin"]):
            pk = Seat.objects.get(user=world.people["partner_rep"].user).pk
        assert rep.get("/partners/beta/").status_code == 200
        assert boss.post(f"/partners/beta/people/{sealed(pk)}/disable/").status_code == 302
        assert rep.get("/partners/beta/").status_code == 404
        assert boss.post(f"/partners/beta/people/{sealed(pk)}/enable/").status_code == 302
        assert rep.get("/partners/beta/").status_code == 200

    def test_nobody_changes_their_own_access_or_role(self, world: VendorWorld, client_as: SignIn) -> None:
        boss = client_as(world.people["partner_admin"])
        with acting_as(world.people["partner_admin"]) as actor:
            pk = Seat.objects.get(user=actor.user).pk
        assert boss.post(f"/partners/beta/people/{sealed(pk)}/disable/").status_code == 403
        assert (
            boss.post(f"/partners/beta/people/{sealed(pk)}/role/", {"role": "partner_rep"}).status_code == 403
        )

    def test_a_rep_is_made_an_admin_but_never_staff(self, world: VendorWorld, client_as: SignIn) -> None:
        boss, rep = client_as(world.people["partner_admin"]), world.people["partner_rep"]
        with acting_as(world.people["partner_admin"]):
            pk = Seat.objects.get(user=rep.user).pk
        address = f"/partners/beta/people/{sealed(pk)}/role/"
        assert boss.post(address, {"role": "program_admin"}).status_code == 403
        assert boss.post(address, {"role": "partner_admin"}).status_code == 302
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert Membership.objects.get(pk=rep.membership.pk).role == "partner_admin"

    def test_a_session_of_somebody_switched_off_signs_in_to_nothing(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        rep: Any = world.people["partner_rep"]
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Membership.objects.filter(pk=rep.membership.pk).update(is_active=False)
        browser = PortalClient(world.vendor)
        browser.post("/accounts/login/", {"login": rep.user.email, "password": PASSWORD})
        assert browser.get("/partners/people/").status_code == 404
