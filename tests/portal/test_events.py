"""Events are written with what they tell of; effects are carried out once."""

from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core import mail
from django.db import ProgrammingError, connection, connections, transaction
from django.utils import timezone

from portal.events import outbox, partitions
from portal.events.log import enqueue, event_type, record
from portal.events.models import OutboxMessage, PortalEvent
from portal.notifications import email
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered, system_scope
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
