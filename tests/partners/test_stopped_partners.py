"""Suspended and ended partners: they change nothing anywhere, read as the vendor says, and are told why."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from deals.approvals import services as approvals_services
from deals.deal.models import Deal
from deals.outcome import services as outcome_services
from deals.protection.requests import EXTENSION
from partners.models import Partner, PartnerStatus
from partners.services import person_invite, status_change
from portal.requests.services import request_ask, request_grant, request_refuse
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from portal.tenancy.vendors import forget
from tests.support.deals import do, submitted
from tests.support.worlds import PortalClient, VendorWorld, acting_as
from tests.test_access_matrix import MATRIX, OTHER_PARTNERS, PARTNER_OF_BETA, targets  # noqa: F401

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]
STOPPED = [PartnerStatus.SUSPENDED, PartnerStatus.ENDED]
#: What belongs to the person and not to the partner.
OWN_INBOX = {"notifications_read", "notification_open"}


def stop(world: VendorWorld, status: str, slug: str = "beta") -> None:
    with acting_as(world.people["program_admin"]) as actor:
        partner = Partner.objects.get(slug=slug)
        status_change(actor=actor, partner=partner, status=status, reason="Invoices are open.")


@pytest.mark.parametrize("status", STOPPED)
def test_no_action_of_its_people_is_let_through(
    status: str,
    world: VendorWorld,
    targets: Any,  # noqa: F811
    client_as: SignIn,
) -> None:
    """Every address at which its people may do something, walked; what is built later as well."""
    stop(world, status)
    with entered(system_scope(world.vendor.pk)):
        before = _everything()
    for name in sorted(PARTNER_OF_BETA):
        browser = client_as(world.people[name])
        for address, line in MATRIX.items():
            path = reverse(address, kwargs=targets[line.args])
            answer = browser.post(path, targets[line.data])
            if line.method == "post" and address not in OWN_INBOX:
                assert answer.status_code in {403, 404}, (address, name, answer.status_code)
    with entered(system_scope(world.vendor.pk)):
        assert _everything() == before


def _everything() -> list[Any]:
    return list(Deal.objects.order_by("pk").values())


@pytest.mark.parametrize("status", STOPPED)
def test_services_ask_as_well(status: str, world: VendorWorld) -> None:
    rep, admin = world.people["partner_rep"], world.people["partner_admin"]
    deal = do(approvals_services.deal_approve, world.people["manager"], submitted(rep, world))
    stop(world, status)
    with pytest.raises(PermissionDenied):
        do(outcome_services.deal_stage_change, rep, deal, stage=world.stages[1])
    with pytest.raises(PermissionDenied), acting_as(admin) as actor:
        person_invite(actor=actor, partner=actor.partner, email="a@b.example", role=Role.PARTNER_ADMIN)


def test_the_database_refuses_what_the_code_might_forget(world: VendorWorld) -> None:
    submitted(world.people["partner_rep"], world)
    stop(world, PartnerStatus.SUSPENDED)
    with acting_as(world.people["partner_rep"]):
        assert Deal._base_manager.count() == 1
        assert Deal._base_manager.update(notes="still here") == 0


@pytest.mark.parametrize("status", STOPPED)
def test_every_page_says_what_is_going_on(status: str, world: VendorWorld, client_as: SignIn) -> None:
    deal = submitted(world.people["partner_rep"], world)
    stop(world, status)
    browser = client_as(world.people["partner_rep"])
    for address in ("/", "/deals/", f"/deals/{deal.reference}/", "/notifications/"):
        page = browser.get(address)
        assert page.status_code == 200, address
        assert "Invoices are open." in page.text
        assert "nothing can be changed" in page.text
    assert "Invoices are open." in browser.post(f"/deals/{deal.reference}/withdraw/").text
    assert "Register a deal" not in browser.get("/deals/").text


def test_reading_ends_as_the_vendor_says(world: VendorWorld, client_as: SignIn) -> None:
    browser = client_as(world.people["partner_rep"])
    stop(world, PartnerStatus.SUSPENDED)
    Vendor.objects.update(suspended_partners_read=False)
    forget()
    page = browser.get("/deals/")
    assert (page.status_code, "Closed for now" in page.text) == (403, True)
    assert "Invoices are open" in page.text
    with acting_as(world.people["partner_rep"]):
        assert not Deal._base_manager.exists()
        assert not Partner._base_manager.exists()
    assert browser.get("/accounts/password/change/").status_code == 200
    assert browser.get(reverse("switch")).status_code == 200


def test_an_ended_partner_reads_for_some_days(world: VendorWorld, client_as: SignIn) -> None:
    browser = client_as(world.people["partner_rep"])
    stop(world, PartnerStatus.ENDED)
    assert browser.get("/deals/").status_code == 200
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Partner.objects.filter(slug="beta").update(status_since=timezone.now() - timedelta(days=31))
    assert browser.get("/deals/").status_code == 403
    Vendor.objects.update(ended_partners_read_days=60)
    forget()
    assert browser.get("/deals/").status_code == 200
    Vendor.objects.update(ended_partners_read_days=0)
    forget()
    assert browser.get("/deals/").status_code == 403


def test_others_and_the_vendor_are_not_concerned(world: VendorWorld, client_as: SignIn) -> None:
    stop(world, PartnerStatus.SUSPENDED, "alpha")
    assert client_as(world.people["manager"]).get("/partners/alpha/").status_code == 200
    for name in sorted(OTHER_PARTNERS - {"sub_rep"}):
        assert "suspended" in client_as(world.people[name]).get("/deals/").text
    assert "suspended" not in client_as(world.people["sub_rep"]).get("/deals/").text
    submitted(world.people["sub_rep"], world)


def test_back_to_active_everything_is_as_before(world: VendorWorld, client_as: SignIn) -> None:
    stop(world, PartnerStatus.SUSPENDED)
    stop(world, PartnerStatus.ACTIVE)
    assert "suspended" not in client_as(world.people["partner_rep"]).get("/deals/").text
    submitted(world.people["partner_rep"], world)


@pytest.mark.parametrize("status", STOPPED)
class TestWhatManagersStillDo:
    """They say no, end things and record what has happened; nothing new is given."""

    def test_no_registration_is_approved_and_the_page_says_why(
        self, status: str, world: VendorWorld, client_as: SignIn
    ) -> None:
        deal = submitted(world.people["partner_rep"], world)
        stop(world, status)
        for name in ("manager", "program_admin"):
            page = client_as(world.people[name]).get(f"/deals/{deal.reference}/").text
            assert "Nothing new is given to it" in page
            assert f"/deals/{deal.reference}/approve/" not in page
            assert f"/deals/{deal.reference}/return/" not in page
            assert f"/deals/{deal.reference}/reject/" in page
        for service in (approvals_services.deal_approve, approvals_services.deal_return):
            more = {"reason": "Which?"} if service is approvals_services.deal_return else {}
            with pytest.raises(ValidationError, match="nothing new is given"):
                do(service, world.people["manager"], deal, **more)
        browser = client_as(world.people["manager"])
        answer = browser.post(f"/deals/{deal.reference}/approve/")
        assert (answer.status_code, "nothing new is given to it" in answer.text) == (422, True)
        browser.post("/deals/inbox/", {"reference": [deal.reference]})
        with entered(system_scope(world.vendor.pk)):
            assert Deal.objects.get(pk=deal.pk).is_pending
        do(approvals_services.deal_reject, world.people["manager"], deal, reason="The partner has left.")

    def test_no_request_is_granted_but_each_can_be_refused(
        self, status: str, world: VendorWorld, client_as: SignIn
    ) -> None:
        rep, manager = world.people["partner_rep"], world.people["manager"]
        deal = do(approvals_services.deal_approve, manager, submitted(rep, world))
        with acting_as(rep) as actor:
            asked = request_ask(actor=actor, kind=EXTENSION, subject=deal, days=1, reason="Budget slipped.")
        stop(world, status)
        page = client_as(manager).get(f"/deals/{deal.reference}/").text
        assert "1 more day asked for" in page
        assert "Grant 1 day" not in page
        with pytest.raises(ValidationError, match="nothing new is given"), acting_as(manager) as actor:
            request_grant(actor=actor, request=asked)
        with acting_as(manager) as actor:
            request_refuse(actor=actor, request=asked, reason="The partnership has stopped.")

    def test_what_happened_is_recorded(self, status: str, world: VendorWorld) -> None:
        rep, manager = world.people["partner_rep"], world.people["manager"]
        deal = do(approvals_services.deal_approve, manager, submitted(rep, world))
        stop(world, status)
        do(outcome_services.deal_stage_change, manager, deal, stage=world.stages[1])
        do(outcome_services.deal_lose, manager, deal, reason="price")

    def test_nobody_is_invited(self, status: str, world: VendorWorld, client_as: SignIn) -> None:
        stop(world, status)
        browser = client_as(world.people["manager"])
        assert "Nobody new is invited" in browser.get("/partners/beta/people/").text
        form = {"email": "new@beta.example", "role": Role.PARTNER_REP}
        answer = browser.post("/partners/beta/people/invite/", form)
        assert (answer.status_code, "nothing new is given" in answer.text) == (422, True)
