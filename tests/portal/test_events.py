"""Events are written with what they tell of; effects are carried out once."""

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.core import mail
from django.db import ProgrammingError, connection, connections, transaction
from django.utils import timezone

from portal.events import outbox, partitions
from portal.events.log import Fact, enqueue, event_type, record, record_many
from portal.events.models import OutboxMessage, PortalEvent
from portal.events.tasks import create_event_partitions
from portal.notifications import email
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
from tests.support.patience import patient
from tests.support.processes import PATIENCE
from tests.support.worlds import VendorWorld, acting_as


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Effects of the kind "probe", as they are carried out."""
    carried: list[Any] = []
    monkeypatch.setitem(outbox._effects, "probe", lambda message: carried.append(message.key))
    monkeypatch.setattr(outbox, "hand_over", lambda vendor_id: None)
    return carried


@pytest.mark.django_db
class TestRecord:
    def test_tells_who_what_whom_and_when(self, world: VendorWorld) -> None:
        with acting_as(world.people["partner_rep"]) as actor:
            event = record("portal.exported", actor=actor, partner_id=actor.partner.pk, subject=actor.partner)
        assert (event.actor_id, event.partner_id) == (actor.user.pk, world.partners["beta"].pk)
        assert (event.subject_type, event.subject_id) == ("partners.partner", world.partners["beta"].pk)
        assert event.recorded_at - event.occurred_at < timedelta(seconds=1)

    def test_an_undeclared_type_is_a_defect(self, world: VendorWorld) -> None:
        with entered(system_scope(world.vendor.pk)), pytest.raises(KeyError):
            record("nobody.declared_this")

    def test_without_a_scope_nothing_is_recorded(self) -> None:
        with pytest.raises(RuntimeError):
            record("portal.exported")

    def test_an_old_row_of_a_forgotten_type_still_has_a_name(self) -> None:
        assert event_type("gone.long_ago").label == "gone.long_ago"

    def test_nobody_records_as_another_for_a_partner_out_of_reach(self, world: VendorWorld) -> None:
        elsewhere = PortalEvent(
            type="portal.exported", partner_id=world.partners["alpha"].pk, occurred_at=timezone.now()
        )
        with acting_as(world.people["partner_rep"]), pytest.raises(ProgrammingError), transaction.atomic():
            elsewhere.vendor_id = world.vendor.pk
            elsewhere.save()


@pytest.mark.django_db
class TestPartitions:
    def test_months_between_cross_a_year(self) -> None:
        assert partitions.months_between(date(2025, 11, 30), date(2026, 2, 1)) == [
            date(2025, 11, 1),
            date(2025, 12, 1),
            date(2026, 1, 1),
            date(2026, 2, 1),
        ]

    def test_the_running_month_and_three_more_are_ready(self) -> None:
        assert partitions.months_ahead(date(2026, 11, 21)) == [
            date(2026, 11, 1),
            date(2026, 12, 1),
            date(2027, 1, 1),
            date(2027, 2, 1),
        ]

    def test_the_app_role_creates_a_missing_month_once_and_reads_through_the_parent_only(
        self, world: VendorWorld
    ) -> None:
        assert partitions.ensure([date(2019, 5, 1)]) == 1
        assert partitions.ensure([date(2019, 5, 17)]) == 0
        with entered(system_scope(world.vendor.pk)):
            record("portal.exported", occurred_at=datetime(2019, 5, 31, 23, 59, tzinfo=UTC))
            assert PortalEvent.objects.filter(occurred_at__year=2019).count() == 1
        with connection.cursor() as cursor:
            cursor.execute("select has_table_privilege('portal_portalevent_201905', 'select')")
            assert cursor.fetchone() == (False,)

    def test_an_event_of_a_month_without_partition_is_kept_until_the_month_is_made(
        self, world: VendorWorld
    ) -> None:
        moments = [datetime(2031, 1, 31, 23, 59, 59, tzinfo=UTC), datetime(2031, 2, 1, tzinfo=UTC)]
        with entered(system_scope(world.vendor.pk)):
            for moment in moments:
                record("portal.exported", occurred_at=moment)
        assert partitions.months_waiting() == [date(2031, 2, 1), date(2031, 1, 1)]
        assert self.lies_in(world) == ["portal_portalevent_default"] * 2
        assert create_event_partitions() >= 2
        assert partitions.months_waiting() == []
        assert self.lies_in(world) == ["portal_portalevent_203101", "portal_portalevent_203102"]
        assert create_event_partitions() == 0

    def lies_in(self, world: VendorWorld) -> list[str]:
        with entered(system_scope(world.vendor.pk)), connection.cursor() as cursor:
            cursor.execute(
                "select tableoid::regclass::text from portal_portalevent"
                " where occurred_at >= '2031-01-01' order by occurred_at"
            )
            return [name for (name,) in cursor.fetchall()]

    def test_a_partition_has_every_index_and_key_of_the_table(self) -> None:
        partitions.ensure([date(2019, 5, 1)])
        with connection.cursor() as cursor:
            cursor.execute(
                "select inhrelid::regclass::text from pg_inherits"
                " where inhparent = 'portal_portalevent'::regclass"
            )
            names = ["portal_portalevent", *(name for (name,) in cursor.fetchall())]
            assert {"portal_portalevent_default", "portal_portalevent_201905"} < set(names)
            shapes = set()
            for name in names:
                cursor.execute(
                    "select (select count(*) from pg_index where indrelid = %s::regclass),"
                    " (select count(*) from pg_constraint"
                    "  where conrelid = %s::regclass and contype in ('f', 'p'))",
                    [name, name],
                )
                shapes.add(cursor.fetchone())
            assert len(shapes) == 1


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
class TestMonthsBesideOtherWork:
    def test_no_partition_is_made_in_a_transaction_that_does_anything_else(self) -> None:
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            partitions.ensure([date(2019, 5, 1)])

    def test_two_loads_of_unknown_months_wait_for_nobody_and_readers_neither(self, vendor: Vendor) -> None:
        """Both write while the other's transaction is open; nothing may wait for half a second."""
        written, seen = Barrier(2, timeout=patient(PATIENCE)), []

        def load(year: int) -> None:
            with entered(system_scope(vendor.pk)), transaction.atomic():
                impatient()
                record_many(
                    [
                        Fact("portal.exported", None, vendor, datetime(year, m, 9, tzinfo=UTC), {})
                        for m in (1, 2)
                    ]
                )
                written.wait()
                seen.append(PortalEvent.objects.filter(occurred_at__year__lt=2015).count())
            connections.close_all()

        threads = [Thread(target=load, args=[year]) for year in (2011, 2012)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [2, 2]
        with entered(system_scope(vendor.pk)), transaction.atomic():
            assert PortalEvent.objects.count() == 4

    def test_a_month_is_made_beside_an_open_load_and_left_for_later_where_its_events_are_read(
        self, vendor: Vendor
    ) -> None:
        started, finish = Event(), Event()

        def load(moment: datetime) -> None:
            with entered(system_scope(vendor.pk)), transaction.atomic():
                record("portal.exported", occurred_at=moment)
                started.set()
                finish.wait(patient(PATIENCE))
            connections.close_all()

        def beside_a_load_of(moment: datetime) -> int:
            started.clear(), finish.clear()
            thread = Thread(target=load, args=[moment])
            thread.start()
            started.wait(patient(PATIENCE))
            try:
                return partitions.ensure([date(2034, 5, 1)])
            finally:
                finish.set()
                thread.join()

        assert beside_a_load_of(datetime(2034, 5, 9, tzinfo=UTC)) == 0, (
            "its row lies in the default partition"
        )
        assert partitions.ensure([date(2034, 5, 1)]) == 1
        drop(date(2034, 5, 1))
        now = timezone.now()
        partitions.ensure([now.date()])  # the daily task's; the tables were made by another clock, perhaps
        assert beside_a_load_of(now) == 1, "the running month is nobody's obstacle"
        drop(date(2034, 5, 1))


def impatient() -> None:
    with connection.cursor() as cursor:
        cursor.execute("set local lock_timeout = '500ms'")


def drop(month: date) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"drop table portal_portalevent_{month:%Y%m}")
    connections["owner"].close()


@pytest.mark.django_db(transaction=True)
class TestOutbox:
    def put(self, vendor: Vendor, key: str = "one") -> None:
        with entered(system_scope(vendor.pk)), transaction.atomic():
            enqueue("probe", key=key, payload={})

    def state(self, vendor: Vendor) -> OutboxMessage:
        with entered(system_scope(vendor.pk)), transaction.atomic():
            return OutboxMessage.objects.get()

    def test_the_same_key_twice_is_once(self, vendor: Vendor, heard: list[str]) -> None:
        self.put(vendor), self.put(vendor)
        assert outbox.deliver(vendor.pk) == 1
        assert outbox.deliver(vendor.pk) == 0
        assert heard == ["one"]

    def test_what_is_rolled_back_is_never_sent(self, vendor: Vendor, heard: list[str]) -> None:
        with pytest.raises(ZeroDivisionError), entered(system_scope(vendor.pk)), transaction.atomic():
            enqueue("probe", key="one", payload={})
            1 / 0
        assert outbox.deliver(vendor.pk) == 0

    def test_eight_sweeps_at_once_deliver_once(self, vendor: Vendor, heard: list[str]) -> None:
        for number in range(5):
            self.put(vendor, f"key {number}")
        barrier = Barrier(8)

        def sweep() -> None:
            barrier.wait()
            outbox.deliver(vendor.pk)
            connections.close_all()

        threads = [Thread(target=sweep) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(heard) == [f"key {number}" for number in range(5)]

    def test_a_failing_effect_is_put_back_and_tried_again(
        self, vendor: Vendor, heard: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.put(vendor)
        with monkeypatch.context() as patch:
            patch.setitem(outbox._effects, "probe", lambda message: 1 / 0)
            assert outbox.deliver(vendor.pk) == 0
        assert "ZeroDivisionError" in self.state(vendor).last_error
        assert outbox.deliver(vendor.pk) == 0, "not before its pause is over"
        with entered(system_scope(vendor.pk)), transaction.atomic():
            OutboxMessage.objects.update(claimed_until=timezone.now())
        assert outbox.deliver(vendor.pk) == 1
        assert heard == ["one"]

    def test_a_claim_left_by_a_killed_worker_is_taken_over(self, vendor: Vendor, heard: list[str]) -> None:
        self.put(vendor)
        with entered(system_scope(vendor.pk)), transaction.atomic():
            OutboxMessage.objects.update(attempts=1, claimed_until=timezone.now() - timedelta(seconds=1))
        assert outbox.deliver(vendor.pk) == 1

    def test_a_broker_that_is_away_loses_nothing(
        self, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from kombu.exceptions import OperationalError

        from portal.events import tasks

        def away(*args: Any) -> None:
            raise OperationalError("no redis")

        monkeypatch.setitem(outbox._effects, "probe", lambda message: None)
        monkeypatch.setattr(tasks.deliver_outbox, "delay", away)
        self.put(vendor)
        assert self.state(vendor).sent_at is None
        assert tasks.sweep_outbox() == 1
        assert self.state(vendor).sent_at is not None


@pytest.mark.django_db(transaction=True)
def test_an_email_carries_the_vendors_name_as_text_and_html(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "hand_over", lambda vendor_id: None)
    context = {
        "link": "http://localhost:8000/v/acme/join/x/",
        "role": "Partner rep",
        "invited_by": "Ida",
        "days": 14,
    }
    with entered(system_scope(vendor.pk)), transaction.atomic():
        for _ in range(2):
            email.send_email("invitation", key="invitation:1", to="new@example.com", context=context)
    assert outbox.deliver(vendor.pk) == 1
    (message,) = mail.outbox
    assert message.to == ["new@example.com"]
    assert "Acme Robotics" in message.subject + message.body
    assert context["link"] in message.body
    assert context["link"] in message.alternatives[0][0]
