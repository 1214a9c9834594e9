"""Who left, moved or lost a grant hears nothing; what waited for them goes to who is responsible, visibly."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.utils import timezone

from deals.approvals import services as approvals_services
from deals.approvals.tasks import nudge_approvals
from deals.deal.models import Deal
from deals.handover.services import handover
from deals.protection.requests import EXTENSION
from partners import services as partner_services
from partners.models import Partner, Seat
from portal.events.models import OutboxMessage, PortalEvent
from portal.events.outbox import deliver
from portal.notifications import readers
from portal.notifications import services as notifications_services
from portal.notifications.models import Mail, Notification
from portal.notifications.services import Wish
from portal.people.models import Membership
from portal.requests.services import request_ask
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from tests.support import leads
from tests.support.clocks import stopped_at
from tests.support.deals import do, submitted
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as, add_person, grant_partner

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]


def switch_off(world: VendorWorld, name: str) -> None:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Membership.objects.filter(pk=world.people[name].membership.pk).update(is_active=False)


def move(world: VendorWorld, name: str, slug: str) -> None:
    with acting_as(world.people["program_admin"]) as actor:
        seat = Seat.objects.get(user=world.people[name].user)
        partner_services.seat_move(actor=actor, seat=seat, partner=Partner.objects.get(slug=slug))


def revoke(world: VendorWorld, slug: str) -> None:
    with acting_as(world.people["program_admin"]) as actor:
        partner_services.channel_manager_revoke(
            actor=actor,
            partner=Partner.objects.get(slug=slug),
            membership=world.people["manager"].membership,
        )


def successor(world: VendorWorld, slug: str = "beta") -> Person:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        person = add_person(world.vendor, "successor", Role.CHANNEL_MANAGER)
        grant_partner(person.user, world.partners[slug])
        world.people["successor"] = person
    return person


def mails_to(world: VendorWorld) -> list[str]:
    mail.outbox.clear()
    deliver(world.vendor.pk)
    deliver(world.vendor.pk)  # what was passed on
    return [message.to[0].partition("@")[0] for message in mail.outbox]


def inbox(world: VendorWorld, name: str) -> list[str]:
    with entered(system_scope(world.vendor.pk)):
        rows = Notification.objects.filter(user=world.people[name].user, in_app=True)
        return list(rows.order_by("pk").values_list("title", flat=True))


class TestWhoLeft:
    def test_a_mail_in_the_outbox_goes_to_the_new_manager(self, world: VendorWorld) -> None:
        submitted(world.people["partner_rep"], world)
        successor(world)
        switch_off(world, "manager")
        assert mails_to(world) == ["successor"]
        assert "because Manager Acme Robotics does not look after it" in str(mail.outbox[0].body)
        assert "(was with Manager Acme Robotics)" in inbox(world, "successor")[0]
        with entered(system_scope(world.vendor.pk)):
            assert OutboxMessage.objects.filter(last_error__startswith="not sent").count() == 1

    def test_without_a_manager_to_the_program_admins(self, world: VendorWorld) -> None:
        submitted(world.people["partner_rep"], world)
        switch_off(world, "manager")
        assert mails_to(world) == ["program_admin"]

    def test_a_manager_without_the_grant_hears_nothing_either(self, world: VendorWorld) -> None:
        submitted(world.people["partner_rep"], world)
        successor(world)
        revoke(world, "beta")
        assert mails_to(world) == ["successor"]

    def test_reminders_already_due_go_to_the_new_one_and_the_deal_too(self, world: VendorWorld) -> None:
        deal = submitted(world.people["partner_rep"], world)
        mails_to(world)
        new = successor(world)
        switch_off(world, "manager")
        with stopped_at(deal.decision_due_at + timedelta(minutes=1)):
            nudge_approvals()
            assert "manager" not in mails_to(world)
        with entered(system_scope(world.vendor.pk)):
            assert Deal.objects.get(pk=deal.pk).assigned_to == new.user
            event = PortalEvent.objects.filter(type="deals.handed_over", subject_id=deal.pk).first()
        assert event is not None
        assert (event.data["from"], event.data["to"]) == (str(world.people["manager"].user), str(new.user))
        assert any("Yours now" in title for title in inbox(world, "successor"))

    def test_twice_is_once(self, world: VendorWorld) -> None:
        submitted(world.people["partner_rep"], world)
        successor(world)
        switch_off(world, "manager")
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert handover(vendor=world.vendor) == 1  # the approval, and its deal with it
            assert handover(vendor=world.vendor) == 0

    def test_every_kind_of_request_is_passed_on(self, world: VendorWorld) -> None:
        """Set by hand on every kind of row that has somebody to wait for."""
        from deals.handover.services import _KINDS

        models = {kind.model.__name__ for kind in _KINDS}
        from django.apps import apps

        waiting = {
            model.__name__
            for model in apps.get_app_config("deals").get_models()
            if any(field.name in ("owner", "assigned_to") for field in model._meta.fields)
        }
        assert waiting - {"Lead", "DirectAccount"} == models, "a kind of request nobody passes on"

    def test_extensions_prices_and_proofs_change_hands(self, world: VendorWorld) -> None:
        rep, manager = world.people["partner_rep"], world.people["manager"]
        deal = do(approvals_services.deal_approve, manager, submitted(rep, world))
        with acting_as(rep) as actor:
            extension = request_ask(actor=actor, kind=EXTENSION, subject=deal, days=30, reason="Survey.")
        new = successor(world)
        switch_off(world, "manager")
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            handover(vendor=world.vendor)
            extension.refresh_from_db()
        assert extension.owner == new.user
        assert "manager" not in mails_to(world)

    def test_a_lead_of_who_left(self, world: VendorWorld) -> None:
        offer = leads.offered(world)
        switch_off(world, "manager")
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            handover(vendor=world.vendor)
            offer.lead.refresh_from_db()
        assert offer.lead.owner is None
        assert "manager" not in mails_to(world)

    def test_who_still_decides_keeps_it(self, world: VendorWorld) -> None:
        submitted(world.people["partner_rep"], world)
        successor(world)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert handover(vendor=world.vendor) == 0
        assert mails_to(world) == ["manager"]


class TestWhoMoved:
    def approved(self, world: VendorWorld) -> Deal:
        deal = submitted(world.people["partner_rep"], world)
        mails_to(world)
        return do(approvals_services.deal_approve, world.people["manager"], deal)

    def test_the_former_partners_news_are_neither_mailed_nor_shown(
        self, world: VendorWorld, client_as: SignIn
    ) -> None:
        deal = self.approved(world)
        assert deal.customer_name in inbox(world, "partner_rep")[0]
        move(world, "partner_rep", "delta")
        assert mails_to(world) == []
        page = client_as(world.people["partner_rep"]).get("/notifications/")
        assert deal.customer_name not in page.text
        assert inbox(world, "partner_rep") == []

    def test_nor_in_the_digest(self, world: VendorWorld) -> None:
        with acting_as(world.people["partner_rep"]) as actor:
            notifications_services.preferences_set(
                actor=actor, wishes={"deals.approved": Wish(Mail.DIGEST, True)}
            )
        self.approved(world)
        move(world, "partner_rep", "delta")
        tomorrow = timezone.now() + timedelta(days=1, hours=12)
        with stopped_at(tomorrow), entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert notifications_services.digests_send(vendor=world.vendor) == 0
        assert mails_to(world) == []

    def test_nor_in_a_digest_that_waits_to_be_sent(self, world: VendorWorld) -> None:
        with acting_as(world.people["partner_rep"]) as actor:
            notifications_services.preferences_set(
                actor=actor, wishes={"deals.approved": Wish(Mail.DIGEST, True)}
            )
        self.approved(world)
        tomorrow = timezone.now() + timedelta(days=1, hours=12)
        with stopped_at(tomorrow), entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert notifications_services.digests_send(vendor=world.vendor) == 1
        move(world, "partner_rep", "delta")
        assert mails_to(world) == []

    def test_news_without_a_page_of_their_own_stay_with_the_partner_too(self, world: VendorWorld) -> None:
        """The list of shared deals is everybody's page; what was told of it is one partner's."""
        rep = world.people["partner_rep"]
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            notifications_services.notify(
                "deals.share_offered", vendor=world.vendor, key="k", to=[rep.user], page="deals:shared",
                template="share_offered", context={"customer": "C", "lead": "Alpha", "share": "30 %"},
            )  # fmt: skip
        move(world, "partner_rep", "delta")
        assert mails_to(world) == []

    def test_who_stays_is_written_to_at_the_present_address(self, world: VendorWorld) -> None:
        self.approved(world)
        user = world.people["partner_rep"].user
        user.email = "rep@new.example"
        user.save()
        assert mails_to(world) == ["rep"]

    def test_who_is_kept_to_own_deals_hears_of_those_only(self, world: VendorWorld) -> None:
        deal = self.approved(world)
        reader = readers.Reader(
            world.people["partner_rep"].user.pk, "deals:detail", deal.reference, False, deal.partner_id
        )
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert readers.still_reads(world.vendor, reader)
            Partner.objects.filter(slug="beta").update(own_deals_only=True)
            assert readers.still_reads(world.vendor, reader)
            Deal.objects.update(registered_by=world.people["partner_admin"].user)
            assert readers.still_reads(world.vendor, reader) is None

    def test_a_suspended_partner_that_may_not_read_hears_nothing(self, world: VendorWorld) -> None:
        self.approved(world)
        world.vendor.suspended_partners_read = False
        world.vendor.save()
        with acting_as(world.people["program_admin"]) as actor:
            beta = Partner.objects.get(slug="beta")
            partner_services.status_change(actor=actor, partner=beta, status="suspended", reason="r")
        assert mails_to(world) == []


def test_every_page_notifications_lead_to_says_who_may_see_it() -> None:
    """A page with a target that nobody declared would be open to everybody of the vendor."""
    project = Path(__file__).resolve().parent.parent.parent
    pages: set[str] = set()
    for app in ("portal", "partners", "deals", "enablement", "mdf", "scorecards"):
        for path in (project / app).rglob("*.py"):
            text = path.read_text()
            for call in re.finditer(r"notify\((?:[^()]|\([^()]*\))*\)", text):
                page = re.search(r'page="([^"]+)"', call[0])
                if page and "target=" in call[0]:
                    pages.add(page[1])
    assert len(pages) >= 6
    assert {page for page in pages if not readers.is_declared(page)} == set()


def test_telling_takes_few_statements_however_many(
    world: VendorWorld, django_assert_max_num_queries: Any
) -> None:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        people = [
            add_person(world.vendor, f"rep{n}", Role.PARTNER_REP, world.partners["beta"]).user
            for n in range(20)
        ]
        with django_assert_max_num_queries(12 + 20):  # each mail is one row of the outbox
            notifications_services.notify(
                "leads.offered", vendor=world.vendor, key="k", to=people, page="leads:detail",
                target="L-4F7HQ2X", template="lead_offered",
                context={"reference": "L-4F7HQ2X", "customer": "C", "due": "today", "reason": "r"},
            )  # fmt: skip


def suspend(world: VendorWorld) -> None:
    world.vendor.suspended_partners_read = False
    world.vendor.save()
    with acting_as(world.people["program_admin"]) as actor:
        beta = Partner.objects.get(slug="beta")
        partner_services.status_change(actor=actor, partner=beta, status="suspended", reason="r")


def lose_the_account(world: VendorWorld, name: str) -> None:
    user = world.people[name].user
    user.is_active = False
    user.save()


LEFT: dict[str, tuple[str, Callable[[VendorWorld], None]]] = {
    "rep switched off": ("partner_rep", lambda world: switch_off(world, "partner_rep")),
    "rep moved": ("partner_rep", lambda world: move(world, "partner_rep", "delta")),
    "rep without an account": ("partner_rep", lambda world: lose_the_account(world, "partner_rep")),
    "partner suspended": ("partner_rep", suspend),
    "manager switched off": ("manager", lambda world: switch_off(world, "manager")),
    "manager without the grant": ("manager", lambda world: revoke(world, "beta")),
    "manager without an account": ("manager", lambda world: lose_the_account(world, "manager")),
}


@pytest.mark.parametrize("how", sorted(LEFT))
def test_over_all_kinds_nobody_hears_what_they_may_not_see(how: str, world: VendorWorld) -> None:
    """Every declared kind is queued, then the reader leaves, then everything is sent."""
    deal = submitted(world.people["partner_rep"], world)
    mails_to(world)
    name, leave = LEFT[how]
    kinds = [
        kind.key
        for kind in notifications_services._kinds.values()
        if (kind.for_staff if name == "manager" else kind.for_partners) and kind.mail == Mail.NOW
    ]
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        for kind in kinds:
            notifications_services.notify(
                kind, vendor=world.vendor, key=f"all:{kind}", to=[world.people[name].user],
                page="deals:detail", target=deal.reference, template="deal_approved",
                context={"reference": deal.reference, "customer": deal.customer_name},
            )  # fmt: skip
    assert len(kinds) > 10
    leave(world)
    heard = mails_to(world)
    assert name not in heard
    assert name == "partner_rep" or len(heard) >= len(kinds), "who is responsible hears of each"
