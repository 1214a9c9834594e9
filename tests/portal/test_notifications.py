"""The inbox, e-mails and digests: as each person prefers, and never twice."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from deals.approvals import services as approvals_services
from deals.deal.notifications import KINDS
from deals.registration import services as registration_services
from portal.events.models import OutboxMessage
from portal.events.outbox import deliver
from portal.notifications import services as notifications_services
from portal.notifications import tasks
from portal.notifications.email_declarations import email_parts
from portal.notifications.models import Mail, Notification, NotificationPreference
from portal.notifications.services import Wish, notify
from portal.people.models import User
from portal.tenancy.scope import Scope, entered, system_scope
from tests.support.clocks import StoppedClock, stopped_at
from tests.support.deals import do, submitted
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

VIENNA = ZoneInfo("Europe/Vienna")
#: A Wednesday, before the vendor's morning.
NIGHT = datetime(2026, 11, 18, 3, tzinfo=VIENNA)
SignIn = Callable[..., PortalClient]


@pytest.fixture
def frozen() -> Iterator[StoppedClock]:
    with stopped_at(NIGHT) as clock:
        yield clock


def tell(world: VendorWorld, *people: User, key: str = "k", kind: str = "deals.approved") -> None:
    context = {"by": "Ana", "customer": "Tiroler Logistik AG", "reference": "D-000001", "partner": "Beta"}
    with acting_as(world.people["manager"]):
        notify(
            kind, vendor=world.vendor, key=key, to=people, page="deals:list", template="deal_approved",
            context={**context, "days": 90, "until": "1 Feb 2027"},
        )  # fmt: skip


def wish(person: Person, how: Mail, *, in_app: bool = True, kind: str = "deals.approved") -> None:
    with acting_as(person) as actor:
        notifications_services.preferences_set(actor=actor, wishes={kind: Wish(how, in_app)})


def inbox(world: VendorWorld, person: Person) -> list[Notification]:
    with entered(system_scope(world.vendor.pk)):
        return list(Notification.objects.filter(user=person.user, in_app=True).order_by("pk"))


def send_all(world: VendorWorld) -> int:
    return deliver(world.vendor.pk)


@pytest.mark.django_db
class TestTelling:
    def test_by_default_at_once_and_in_the_portal(self, world: VendorWorld) -> None:
        rep = world.people["partner_rep"]
        tell(world, rep.user)
        send_all(world)
        (row,) = inbox(world, rep)
        (message,) = mail.outbox
        assert row.title == message.subject == "Approved: Tiroler Logistik AG is yours until 1 Feb 2027"
        assert message.to == [rep.user.email]
        assert f"Hello {rep.user.first_name}," in message.body
        assert message.alternatives[0][1] == "text/html"

    def test_the_same_thing_twice_is_told_once(self, world: VendorWorld) -> None:
        rep = world.people["partner_rep"]
        tell(world, rep.user), tell(world, rep.user)
        send_all(world), send_all(world)
        assert (len(inbox(world, rep)), len(mail.outbox)) == (1, 1)

    @pytest.mark.parametrize(
        ("how", "in_app", "mails", "rows"),
        [
            (Mail.NOW, True, 1, 1),
            (Mail.NOW, False, 1, 0),
            (Mail.DIGEST, True, 0, 1),
            (Mail.NONE, True, 0, 1),
            (Mail.NONE, False, 0, 0),
        ],
    )
    def test_as_the_person_prefers(
        self, how: Mail, in_app: bool, mails: int, rows: int, world: VendorWorld
    ) -> None:
        rep, admin = world.people["partner_rep"], world.people["partner_admin"]
        wish(rep, how, in_app=in_app)
        tell(world, rep.user, admin.user)
        send_all(world)
        assert [m.to for m in mail.outbox].count([rep.user.email]) == mails
        assert len(inbox(world, rep)) == rows
        assert len(inbox(world, admin)) == 1, "the other's wishes are untouched"

    def test_who_has_no_access_any_more_is_not_written_to(self, world: VendorWorld) -> None:
        rep = world.people["partner_rep"]
        rep.user.is_active = False
        tell(world, rep.user)
        send_all(world)
        assert not mail.outbox
        assert not inbox(world, rep)

    def test_a_kind_nobody_declared_is_a_defect(self, world: VendorWorld) -> None:
        with pytest.raises(KeyError):
            tell(world, world.people["partner_rep"].user, kind="deals.unheard_of")

    def test_what_is_rolled_back_was_never_told(self, world: VendorWorld) -> None:
        rep = world.people["partner_rep"]
        with pytest.raises(SystemError), transaction.atomic():
            tell(world, rep.user)
            raise SystemError
        send_all(world)
        assert not mail.outbox
        assert not inbox(world, rep)

    def test_every_step_of_a_deal_is_told(self, world: VendorWorld) -> None:
        rep, manager = world.people["partner_rep"], world.people["manager"]
        deal = submitted(rep, world)
        do(approvals_services.deal_return, manager, deal, reason="Which site?")
        do(registration_services.deal_resubmit, rep, deal)
        do(approvals_services.deal_approve, manager, deal)
        assert [row.kind for row in inbox(world, manager)] == ["deals.submitted", "deals.submitted"]
        assert [row.kind for row in inbox(world, rep)] == ["deals.returned", "deals.approved"]

    def test_the_email_of_every_kind_is_declared(self, world: VendorWorld) -> None:
        context = {
            "vendor": world.vendor,
            "name": "Ada",
            "link": "https://portal.example/",
            "reason": "A & B",
        }
        for kind in KINDS:
            subject, text, html = email_parts(kind.key.replace("deals.", "deal_"), context)
            assert subject
            assert text.startswith("Hello Ada,")
            assert "https://portal.example/" in html
            assert "A & B" not in html, "what somebody wrote is escaped"


@pytest.mark.django_db
class TestTheWall:
    def test_people_read_and_mark_their_own_only(self, world: VendorWorld) -> None:
        rep, colleague = world.people["partner_rep"], world.people["partner_admin"]
        tell(world, rep.user)
        for other in (colleague, world.people["manager"], world.people["executive"]):
            with acting_as(other):
                assert Notification.objects.filter(user=rep.user).count() == 0
                assert Notification.objects.update(title="Mine") == 0
        with acting_as(rep) as actor:
            assert notifications_services.notifications_read(actor=actor) == 1

    def test_not_even_of_oneself_at_another_vendor(
        self, world: VendorWorld, other_world: VendorWorld
    ) -> None:
        rep = world.people["partner_rep"]
        tell(world, rep.user)
        with entered(Scope(other_world.vendor.pk, actor_id=rep.user.pk)), transaction.atomic():
            assert Notification._base_manager.count() == 0

    def test_an_executive_reads_everything_and_may_still_tidy_up_the_own_inbox(
        self, world: VendorWorld
    ) -> None:
        executive = world.people["executive"]
        tell(world, executive.user)
        with acting_as(executive) as actor:
            assert notifications_services.notifications_read(actor=actor) == 1


@pytest.mark.django_db
class TestPages:
    def test_the_bell_counts_and_costs_no_statement(self, world: VendorWorld, client_as: SignIn) -> None:
        rep = world.people["partner_rep"]
        client = client_as(rep)
        path = reverse("notification_preferences")
        client.get(path)
        with CaptureQueriesContext(connection) as before:
            assert b"not read" not in client.get(path).content
        for number in range(3):
            tell(world, rep.user, world.people["partner_admin"].user, key=f"k{number}")
        with CaptureQueriesContext(connection) as after:
            page = client.get(path).content.decode()
        assert '<span class="n">3<span class="visually-hidden"> not read' in page
        assert len(before) == len(after)

    def test_opening_marks_as_read_and_leads_there(self, world: VendorWorld, client_as: SignIn) -> None:
        rep = world.people["partner_rep"]
        deal = submitted(rep, world)
        do(approvals_services.deal_approve, world.people["manager"], deal)
        client, (row,) = client_as(rep), inbox(world, rep)
        answer = client.post(reverse("notification_open", args=[row.pk]))
        assert answer.status_code == 302
        assert answer.url.endswith(f"/deals/{deal.reference}/")
        assert inbox(world, rep)[0].read_at is not None
        page = client.get(reverse("notifications")).content.decode()
        assert "Nothing new to read" in page, page[page.index("<h1") : page.index("</h1") + 900]

    def test_all_at_once(self, world: VendorWorld, client_as: SignIn) -> None:
        rep = world.people["partner_rep"]
        tell(world, rep.user, key="a"), tell(world, rep.user, key="b")
        client = client_as(rep)
        assert "2 notifications to read" in client.get(reverse("notifications")).content.decode()
        client.post(reverse("notifications_read"))
        assert all(row.read_at for row in inbox(world, rep))

    def test_the_page_costs_the_same_for_one_and_fifty(self, world: VendorWorld, client_as: SignIn) -> None:
        rep = world.people["partner_rep"]
        client, path, counts = client_as(rep), reverse("notifications"), []
        for amount in (1, 50):
            for number in range(amount):
                tell(world, rep.user, key=f"{amount}:{number}")
            client.get(path)
            with CaptureQueriesContext(connection) as queries:
                client.get(path)
            counts.append(len(queries))
        assert counts[0] == counts[1] <= 12

    def test_preferences_are_kept_and_bad_ones_refused(self, world: VendorWorld, client_as: SignIn) -> None:
        rep = world.people["partner_rep"]
        client, path = client_as(rep), reverse("notification_preferences")
        page = client.get(path).content.decode()
        assert "My registration was approved" in page
        assert "waits for my decision" not in page, "what only the vendor's people hear of"
        with acting_as(rep) as actor:
            kinds = [kind.key for kind in notifications_services.kinds_for(actor)]
        answers = {f"mail_{n}": "digest" for n in range(len(kinds))}
        assert client.post(path, {**answers, "mail_0": "pigeon"}).status_code == 422
        with entered(system_scope(world.vendor.pk)):
            assert not NotificationPreference.objects.exists()
        for _ in range(2):
            assert (
                client.post(path, {**answers, f"in_app_{kinds.index('deals.approved')}": "on"}).status_code
                == 302
            )
        with acting_as(rep) as actor:
            wishes = notifications_services.wishes_of(actor)
        assert wishes["deals.approved"] == Wish("digest", True)
        assert wishes["deals.rejected"] == Wish("digest", False)


@pytest.mark.django_db
class TestDigest:
    @pytest.fixture
    def rep(self, world: VendorWorld, frozen: StoppedClock) -> Person:
        rep = world.people["partner_rep"]
        wish(rep, Mail.DIGEST)
        frozen.move_to(NIGHT - timedelta(hours=10))
        tell(world, rep.user, key="a"), tell(world, rep.user, key="b")
        with entered(system_scope(world.vendor.pk)):  # a column default keeps the real clock
            Notification.objects.update(created_at=frozen.moment)
        frozen.move_to(NIGHT)
        return rep

    def test_one_mail_in_the_vendors_morning(
        self, world: VendorWorld, rep: Person, frozen: StoppedClock
    ) -> None:
        assert tasks.send_digests() == 0
        frozen.move_to(datetime(2026, 11, 18, 7, tzinfo=VIENNA))
        assert tasks.send_digests() == 1
        send_all(world)
        (message,) = mail.outbox
        assert message.subject == f"2 things since yesterday at {world.vendor.name}"
        assert message.body.count("Tiroler Logistik AG") == 2

    def test_run_twice_and_every_quarter_of_the_day_it_is_one_mail(
        self, world: VendorWorld, rep: Person, frozen: StoppedClock
    ) -> None:
        for quarter in range(60):
            frozen.move_to(datetime(2026, 11, 18, 7, tzinfo=VIENNA) + timedelta(minutes=15 * quarter))
            tasks.send_digests(), tasks.send_digests()
        send_all(world)
        assert len(mail.outbox) == 1

    def test_what_comes_after_the_morning_waits_for_the_next(
        self, world: VendorWorld, rep: Person, frozen: StoppedClock
    ) -> None:
        frozen.move_to(datetime(2026, 11, 18, 7, tzinfo=VIENNA))
        tasks.send_digests()
        tell(world, rep.user, key="c")
        with entered(system_scope(world.vendor.pk)):
            Notification.objects.filter(key="c").update(created_at=frozen.moment)
        frozen.move_to(datetime(2026, 11, 18, 23, tzinfo=VIENNA))
        assert tasks.send_digests() == 0
        frozen.move_to(datetime(2026, 11, 19, 7, tzinfo=VIENNA))
        assert tasks.send_digests() == 1

    @pytest.mark.parametrize("day", [datetime(2026, 3, 29), datetime(2026, 10, 25)])  # noqa: DTZ001
    def test_the_morning_is_seven_on_the_wall_on_days_the_clock_changes(
        self, day: datetime, world: VendorWorld, rep: Person, frozen: StoppedClock
    ) -> None:
        with entered(system_scope(world.vendor.pk)):
            Notification.objects.update(created_at=day.replace(tzinfo=VIENNA))
        frozen.move_to(day.replace(hour=6, minute=59, tzinfo=VIENNA))
        assert tasks.send_digests() == 0
        frozen.move_to(day.replace(hour=7, tzinfo=VIENNA))
        assert tasks.send_digests() == 1

    def test_who_left_gets_nothing(self, world: VendorWorld, rep: Person, frozen: StoppedClock) -> None:
        with entered(system_scope(world.vendor.pk)):
            type(rep.membership).objects.filter(pk=rep.membership.pk).update(is_active=False)
        frozen.move_to(datetime(2026, 11, 18, 8, tzinfo=VIENNA))
        assert tasks.send_digests() == 0


@pytest.mark.django_db(transaction=True)
class TestKilledWorkers:
    """A worker is a process: it is forked, stopped by SIGKILL at the worst moment, and started again."""

    def test_killed_before_the_commit_nothing_is_lost_and_nothing_doubled(self, world: VendorWorld) -> None:
        rep = world.people["partner_rep"]
        wish(rep, Mail.DIGEST)
        now = datetime(2026, 11, 18, 12, tzinfo=VIENNA)
        tell(world, rep.user)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Notification.objects.update(created_at=now - timedelta(days=1))
        with stopped_at(now):
            _killed_in(_digest_and_die)
            assert _mails(world) == 0
            assert tasks.send_digests() == 1
            assert tasks.send_digests() == 0
        assert _mails(world) == 1

    def test_killed_while_delivering_it_is_sent_once(self, world: VendorWorld) -> None:
        rep = world.people["partner_rep"]
        tell(world, rep.user)
        _killed_in(lambda: _claim_and_die(world))
        mail.outbox.clear()
        assert send_all(world) == 0, "the claim of the dead stands for five minutes"
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            OutboxMessage.objects.update(claimed_until=None)
        assert send_all(world) == 1
        assert send_all(world) == 0
        assert len(mail.outbox) == 1


def _digest_and_die() -> None:
    from portal.notifications import services as notifications_services

    def send_and_die(*args: Any, **kwargs: Any) -> None:
        original(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    original, notifications_services._send_digest = notifications_services._send_digest, send_and_die  # type: ignore[assignment]
    tasks.send_digests()


def _claim_and_die(world: VendorWorld) -> None:
    from portal.events import outbox

    outbox._effects = {"email": lambda message: os.kill(os.getpid(), signal.SIGKILL)}
    deliver(world.vendor.pk)


def _mails(world: VendorWorld) -> int:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        return OutboxMessage.objects.filter(payload__template="digest").count()


def _killed_in(work: Callable[[], object]) -> None:
    """Run in a forked process with connections of its own; it must die by SIGKILL."""
    for one in connections.all():
        one.close()
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)  # reaching this is a failure: it was to be killed
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)
    assert os.WTERMSIG(status) == signal.SIGKILL
