"""A kind of request, declared here and nowhere else: everything all kinds do comes with it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connections, models, transaction
from django.db.models import F
from django.utils import timezone

from deals.deal.models import Deal
from deals.deal.requests import DealRequestKind
from deals.outcome.services import deal_lose
from partners.models import Partner
from portal.calendar.models import Holiday
from portal.events import log
from portal.events.outbox import deliver
from portal.notifications import services as notification_services
from portal.notifications.models import Notification
from portal.notifications.moments import moment, read_now, to_keep
from portal.requests import clock, kinds, queue
from portal.requests.kinds import register
from portal.requests.models import Request, request_constraints, request_indexes
from portal.requests.queue import Side, queue_of
from portal.requests.services import (
    request_ask,
    request_grant,
    request_refuse,
    request_withdraw,
    requests_mind,
)
from portal.tenancy.access import Actor
from portal.tenancy.privileges import grant_to_app_role
from portal.tenancy.scope import entered, system_scope
from portal.tenancy.tables import TenantKey
from tests.support.clocks import stopped_at
from tests.support.deals import approved, do, events
from tests.support.worlds import VendorWorld, acting_as

pytestmark = pytest.mark.django_db


# The whole of a new kind: a table, and what is its own ---------------------------------------------------


class Visit(Request):
    """An engineer of the vendor comes along to the customer."""

    subject_field = "deal"

    partner = TenantKey(Partner, related_name="+")
    deal = TenantKey(Deal, models.CASCADE, related_name="+")
    day = models.DateField()

    class Meta(Request.Meta):
        app_label = "visits"
        indexes = request_indexes("visits_visit", "deal")
        constraints = request_constraints("visits_visit", "deal", taken="A visit is asked for already.")


class VisitKind(DealRequestKind[Visit]):
    key = "visits.visit"
    model = Visit
    label = "Visit"
    icon = "map-pin"
    noun = "visit of an engineer"
    page = "deals:detail"
    ask = "amend"
    same_by = ("day",)

    def build(self, actor: Actor, subject: Deal, *, day: date, reason: str = "") -> Visit:
        return Visit(day=day, reason=reason)

    def check(self, actor: Actor, request: Visit) -> None:
        if request.day.weekday() > 4:
            raise ValidationError({"day": "Engineers travel from Monday to Friday."})

    def grant(self, actor: Actor, request: Visit, now: datetime) -> dict[str, Any]:
        request.deal.notes = f"Engineer on {request.day}"
        request.deal.save(update_fields=["notes"])
        return {}

    def asks(self, request: Visit) -> str:
        return "asks for an engineer"

    def summary(self, request: Visit) -> str:
        return f"on {request.day}"

    def summary_values(self) -> dict[str, Any]:
        return {"day": F("day")}


@pytest.fixture(scope="module", autouse=True)
def table(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Its table as a migration would make it, row security and keys included; gone after this module."""
    with django_db_blocker.unblock():
        with connections["owner"].schema_editor() as editor:
            editor.create_model(Visit)
        grant_to_app_role()
    yield
    with django_db_blocker.unblock(), connections["owner"].schema_editor() as editor:
        editor.delete_model(Visit)


@pytest.fixture(autouse=True)
def kind(monkeypatch: pytest.MonkeyPatch) -> VisitKind:
    """Known for the length of a test."""
    registries = ((kinds, "_kinds"), (queue, "_sources"), (clock, "_movable"), (log, "_types"))
    for module, name in (*registries, (notification_services, "_kinds")):
        monkeypatch.setattr(module, name, dict(getattr(module, name)))
    visit = VisitKind()
    register(visit)
    return visit


MONDAY = date(2027, 3, 1)


def ask(world: VendorWorld, deal: Deal, kind: VisitKind, who: str = "partner_rep", **more: Any) -> Visit:
    with acting_as(world.people[who]) as actor:
        return request_ask(actor=actor, kind=kind, subject=deal, **{"day": MONDAY, **more})


def settle(service: Any, world: VendorWorld, visit: Visit, who: str = "manager", **more: Any) -> Visit:
    with acting_as(world.people[who]) as actor:
        there = Visit.objects.select_related("deal__partner").get(pk=visit.pk)
        done: Visit = service(actor=actor, request=there, **more)
        return done


def told(world: VendorWorld, kind: str) -> list[str]:
    with acting_as(world.people["program_admin"]):
        return list(Notification.objects.filter(kind=kind).values_list("user__email", flat=True))


def mind(world: VendorWorld, now: datetime) -> int:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        vendor = type(world.vendor).objects.get(pk=world.vendor.pk)
        return requests_mind(vendor=vendor, now=now)


def test_asked_once_and_granted_once(world: VendorWorld, kind: VisitKind, mailoutbox: list[Any]) -> None:
    deal = approved(world)
    visit = ask(world, deal, kind, reason="The hall is new.")
    assert ask(world, deal, kind).pk == visit.pk
    with pytest.raises(ValidationError, match="asked for already"):
        ask(world, deal, kind, day=MONDAY + timedelta(days=1))
    assert visit.owner == world.people["manager"].user
    for _ in range(2):
        assert settle(request_grant, world, visit).status == "granted"
    with acting_as(world.people["program_admin"]):
        assert Deal.objects.get(pk=deal.pk).notes == f"Engineer on {MONDAY}"
    assert events(world, deal)[-2:] == ["visits.visit_requested", "visits.visit_granted"]
    assert told(world, "visits.visit_requested") == ["manager@acme.example"]
    assert told(world, "visits.visit_answered") == ["partner_rep@acme.example"]
    deliver(world.vendor.pk)
    subjects = [mail.subject for mail in mailoutbox]
    assert f"Beta of acme asks for an engineer: {deal.customer_name}" in subjects
    assert f"Visit of an engineer granted: {deal.customer_name}" in subjects
    [asked] = [mail for mail in mailoutbox if "asks for an engineer" in mail.subject]
    assert "“The hall is new.”" in asked.body
    assert "(CE" in asked.body, "the zone stands beside the deadline"


def test_refused_with_a_reason_and_asked_for_again(world: VendorWorld, kind: VisitKind) -> None:
    deal = approved(world)
    visit = ask(world, deal, kind)
    with pytest.raises(ValidationError):
        settle(request_refuse, world, visit, reason=" ")
    assert settle(request_refuse, world, visit, reason="Nobody is free.").decision_reason == "Nobody is free."
    with pytest.raises(ValidationError, match="refused already"):
        settle(request_grant, world, visit)
    again = ask(world, deal, kind)
    assert settle(request_withdraw, world, again, "partner_rep").status == "withdrawn"


def test_its_own_check_and_who_may(world: VendorWorld, kind: VisitKind) -> None:
    deal = approved(world)
    with pytest.raises(ValidationError, match="Monday to Friday"):
        ask(world, deal, kind, day=MONDAY - timedelta(days=1))
    for who in ("manager", "sub_rep", "executive"):
        with pytest.raises(PermissionDenied):
            ask(world, deal, kind, who)
    visit = ask(world, deal, kind)
    for who in ("partner_rep", "executive", "other_manager"):
        with pytest.raises(PermissionDenied):
            settle(request_grant, world, visit, who) if who != "other_manager" else _unseen(world, visit)
    with pytest.raises(PermissionDenied):
        settle(request_withdraw, world, visit, "manager")


def _unseen(world: VendorWorld, visit: Visit) -> None:
    """Who does not manage the partner does not even read it; handed the row, they may not decide it."""
    with acting_as(world.people["other_manager"]) as actor:
        assert not Visit.objects.filter(pk=visit.pk).exists()
        request_grant(actor=actor, request=visit)


def test_it_lapses_with_its_deal(world: VendorWorld, kind: VisitKind) -> None:
    deal = approved(world)
    visit = ask(world, deal, kind)
    do(deal_lose, world.people["partner_rep"], deal, reason="Price")
    with acting_as(world.people["program_admin"]):
        assert Visit.objects.get(pk=visit.pk).status == "lapsed"
    assert events(world, deal)[-2:] == ["visits.visit_lapsed", "deals.lost"]


def test_its_clock_reminds_once_and_escalates_once(world: VendorWorld, kind: VisitKind) -> None:
    visit = ask(world, approved(world), kind)
    assert visit.remind_at is not None
    early = visit.remind_at - timedelta(minutes=1)
    assert [mind(world, at) for at in (early, visit.remind_at, visit.remind_at)] == [0, 1, 0]
    assert told(world, "portal.request_due") == ["manager@acme.example"]
    assert [mind(world, at) for at in (visit.due_at, visit.due_at)] == [1, 0]
    assert told(world, "portal.request_overdue") == ["program_admin@acme.example"]
    assert events(world, visit.deal)[-1] == "visits.visit_overdue"


def test_a_holiday_entered_later_moves_what_is_not_yet_due(world: VendorWorld, kind: VisitKind) -> None:
    visit = ask(world, approved(world), kind)
    local = timezone.localtime(visit.due_at, world.vendor.zone)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Holiday.objects.create(day=local.date(), name="Founders' day")
    assert mind(world, visit.requested_at) == 1
    assert mind(world, visit.requested_at) == 0
    with acting_as(world.people["program_admin"]):
        moved = Visit.objects.get(pk=visit.pk)
    assert moved.due_at > visit.due_at
    assert set(told(world, "portal.request_moved")) == {"manager@acme.example", "partner_rep@acme.example"}
    assert events(world, visit.deal)[-1] == "visits.visit_moved"


def test_a_half_day_counts_until_it_closes(world: VendorWorld, kind: VisitKind) -> None:
    visit = ask(world, approved(world), kind)
    local = timezone.localtime(visit.due_at, world.vendor.zone)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        Holiday.objects.create(day=local.date(), name="Half a day", closes=time(23, 59))
    assert mind(world, visit.requested_at) == 0, "it closes after the hours anyway"


def test_it_waits_in_the_queue_of_both_sides(world: VendorWorld, kind: VisitKind) -> None:
    deal = approved(world)
    visit = ask(world, deal, kind, reason="The hall is new.")
    with acting_as(world.people["manager"]) as actor:
        [one] = queue_of(actor, kind.key).items
    assert (one.kind, one.step, one.reason) == ("Visit", f"on {MONDAY}", "The hall is new.")
    assert (one.title, one.due, one.yours) == (deal.customer_name, visit.due_at, True)
    assert one.who == str(world.people["manager"].user)
    assert one.url.endswith(f"/deals/{deal.reference}/")
    with acting_as(world.people["partner_rep"]) as actor:
        mine = queue_of(actor, kind.key)
    assert [one.yours for one in mine.items] == [False], "the partner reads that the vendor has it"
    with acting_as(world.people["sub_rep"]) as actor:
        assert queue_of(actor, kind.key).items == []


def test_the_queue_is_one_statement_however_much_waits(
    world: VendorWorld, kind: VisitKind, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        ask(world, approved(world, customer_name=f"Customer {number}", customer_domain=""), kind)
    for who in ("manager", "partner_rep", "distributor_admin"):
        with acting_as(world.people[who]) as actor, django_assert_num_queries(1):
            queue_of(actor)
    with acting_as(world.people["manager"]) as actor:
        assert len(queue_of(actor, side=Side.VENDOR).items) == 3


def test_the_database_allows_one_open_per_subject(world: VendorWorld, kind: VisitKind) -> None:
    visit = ask(world, approved(world), kind)
    with acting_as(world.people["partner_rep"]), pytest.raises(IntegrityError), transaction.atomic():
        visit.pk = None
        visit.save(force_insert=True)


def test_a_kept_moment_is_worded_when_it_is_read() -> None:
    due = datetime(2027, 3, 2, 10, 30, tzinfo=UTC)
    kept = f"Due {to_keep(due)}: Customer"
    assert moment(due) == {"moment": "2027-03-02T10:30:00+00:00"}
    with stopped_at(due - timedelta(days=1)):
        assert read_now(kept) == "Due tomorrow 11:30: Customer"
    with stopped_at(due):
        assert read_now(kept) == "Due today 11:30: Customer"
