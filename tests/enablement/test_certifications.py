"""Certificates: given by themselves, ended on the vendor's clock, renewed, shared, revoked, carried along."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from enablement.certifications import services
from enablement.certifications.accreditation import coverage
from enablement.certifications.models import AccreditationRule, Award
from enablement.certifications.team import ending_at, team_of
from enablement.courses.models import Enrolment
from partners.models import Partner, Seat
from partners.services import seat_move
from portal.calendar.days import end_of_day_after, months_after
from portal.events.log import Fact, record_many
from portal.events.models import PortalEvent
from portal.notifications.models import Notification
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered, system_scope
from tests.enablement import certificates, school
from tests.enablement.certificates import at, award, awards, certification, take
from tests.enablement.school import do
from tests.support.clocks import stopped_at
from tests.support.pages import BUDGET, statements
from tests.support.worlds import VendorWorld, acting_as, add_person

pytestmark = pytest.mark.django_db


def told(world: VendorWorld, key: str) -> int:
    with entered(system_scope(world.vendor.pk)):
        rows = Notification.objects.filter(user=world.people["partner_rep"].user, kind=f"enablement.{key}")
        return rows.count()


def mind(world: VendorWorld, now: datetime) -> int:
    with entered(system_scope(world.vendor.pk)), timezone.override(world.vendor.zone), stopped_at(now):
        return services.awards_mind(vendor=world.vendor)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2025-02-28", 36, "2028-02-28"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-01-31", 25, "2028-02-29"),
    ],
)
def test_months_are_calendar_months(day: str, months: int, expected: str) -> None:
    assert months_after(date.fromisoformat(day), months) == date.fromisoformat(expected)


def test_the_last_course_certifies(world: VendorWorld) -> None:
    rep = world.people["partner_rep"]
    first, second = school.course(world, questions=0), school.course(world, "safety", questions=0)
    certification(world, first, second, validity_months=12)
    take(rep, first, world)
    assert awards(world) == []
    take(rep, second, world)
    (one,) = awards(world)
    assert one.partner_id == world.partners["beta"].pk
    assert one.expires_on == months_after(timezone.localdate(one.awarded_at, world.vendor.zone), 12)
    assert told(world, "certified") == 1
    with entered(system_scope(world.vendor.pk)):
        assert PortalEvent.objects.filter(type="enablement.certified", subject_id=one.pk).count() == 1


def test_it_ends_with_the_vendors_day(world: VendorWorld) -> None:
    # 23:30 UTC on 28 February is 29 February in Vienna, in 2028.
    course = school.course(world, questions=0)
    certification(world, course, validity_months=12)
    with stopped_at(datetime(2028, 2, 28, 23, 30, tzinfo=UTC)):
        take(world.people["partner_rep"], course, world)
    (one,) = awards(world)
    assert one.expires_on == date(2029, 2, 28)
    assert one.expires_at == datetime(2029, 2, 28, 22, 59, 59, 999999, tzinfo=UTC)
    assert one.state(datetime(2029, 2, 28, 22, 59, 59, tzinfo=UTC)) == "soon"
    assert one.state(datetime(2029, 2, 28, 23, 0, tzinfo=UTC)) == "ended"


def test_who_it_is_not_for_is_not_certified(world: VendorWorld) -> None:
    course = school.course(world, questions=0)
    certification(world, course, role="partner_admin")
    take(world.people["partner_rep"], course, world)
    take(world.people["partner_admin"], course, world)
    assert awards(world) == []
    assert len(awards(world, "partner_admin")) == 1


def test_a_result_below_the_pass_mark_does_not_certify(world: VendorWorld) -> None:
    course = school.course(world, texts=0, questions=4, quiz={"pass_mark": 5_000})
    certification(world, course, pass_mark=8_000)
    rep, quiz = world.people["partner_rep"], school.quiz(world, course)
    school.try_it(rep, school.enrol(rep, course), quiz, right=3)
    assert awards(world) == []
    school.try_it(rep, school.enrol(rep, course), quiz, right=4)
    assert [one.score for one in awards(world)] == [10_000]


def test_renewing_is_another_award_and_loses_no_time(world: VendorWorld) -> None:
    course = school.course(world, questions=0)
    made = certification(world, course, validity_months=12, renewal_days=90)
    rep, today = world.people["partner_rep"], timezone.localdate(timezone=world.vendor.zone)
    old = award(world, of=made, awarded_at=timezone.now() - timedelta(days=320), until=today + timedelta(45))
    take(rep, course, world)
    before, after = awards(world)
    assert (before.pk, before.expires_on) == (old.pk, today + timedelta(45))
    assert after.renews_id == old.pk
    assert after.expires_on == months_after(today + timedelta(45), 12)


def test_taken_again_too_early_renews_nothing(world: VendorWorld) -> None:
    course = school.course(world, questions=0)
    made = certification(world, course, validity_months=12, renewal_days=90)
    award(world, of=made, until=timezone.localdate() + timedelta(days=200))
    take(world.people["partner_rep"], course, world)
    assert len(awards(world)) == 1


def test_after_the_end_one_begins_with_that_day(world: VendorWorld) -> None:
    course = school.course(world, questions=0)
    made = certification(world, course, validity_months=12)
    today = timezone.localdate(timezone=world.vendor.zone)
    award(world, of=made, awarded_at=timezone.now() - timedelta(400), until=today - timedelta(days=30))
    take(world.people["partner_rep"], course, world)
    assert awards(world)[-1].expires_on == months_after(today, 12)


def test_each_reminder_goes_out_once(world: VendorWorld) -> None:
    until = date(2027, 3, 31)
    award(world, awarded_at=datetime(2026, 3, 31, tzinfo=UTC), until=until)
    end = at(world, until, time(23, 59))
    seen = []
    for days in (61, 60, 59, 30, 29, 7, 6, 1, -1, -2):
        seen.append(mind(world, end - timedelta(days=days)))
        mind(world, end - timedelta(days=days))
    assert seen == [0, 1, 0, 1, 0, 1, 0, 0, 1, 0]
    assert told(world, "certificate_ending") == 4
    with entered(system_scope(world.vendor.pk)):
        assert PortalEvent.objects.filter(type="enablement.certificate_ended").count() == 1


def test_what_is_renewed_is_nothing_to_remind_of(world: VendorWorld) -> None:
    today = timezone.localdate()
    old = award(world, until=today + timedelta(days=20))
    award(world, awarded_at=timezone.now(), until=today + timedelta(days=400), renews=old)
    assert mind(world, timezone.now()) == 0


def test_only_its_holder_shares_and_the_old_link_dies(world: VendorWorld, client: Any) -> None:
    one = award(world, score=9_000)
    with pytest.raises(PermissionDenied):
        do(services.award_share, world.people["partner_admin"], award=one)
    shared = do(services.award_share, world.people["partner_rep"], award=one)
    page = f"/v/{world.vendor.slug}/certificates/{shared.token}/"
    text = client.get(page).content.decode()
    assert one.reference in text
    assert world.partners["beta"].name not in text
    assert "90%" not in text
    do(services.award_share, world.people["partner_rep"], award=one, employer=True, score=True)
    text = client.get(page).content.decode()
    assert world.partners["beta"].name in text
    assert "90%" in text
    do(services.award_hide, world.people["partner_rep"], award=one)
    assert client.get(page).status_code == 404
    again = do(services.award_share, world.people["partner_rep"], award=one)
    assert again.token != shared.token


def test_a_link_of_one_vendor_leads_nowhere_at_another(
    world: VendorWorld, other_world: VendorWorld, client: Any
) -> None:
    shared = do(services.award_share, world.people["partner_rep"], award=award(world))
    assert client.get(f"/v/{other_world.vendor.slug}/certificates/{shared.token}/").status_code == 404


def test_revoked_shows_the_day_and_not_the_reason(world: VendorWorld, client: Any) -> None:
    one = do(services.award_share, world.people["partner_rep"], award=award(world))
    admin = world.people["program_admin"]
    with pytest.raises(ValidationError):
        do(services.award_revoke, admin, award=one, reason="  ")
    for _ in range(2):
        do(services.award_revoke, admin, award=one, reason="Taken by somebody else.")
    text = client.get(f"/v/{world.vendor.slug}/certificates/{one.token}/").content.decode()
    assert "no longer valid" in text
    assert "somebody else" not in text
    assert told(world, "certificate_revoked") == 1


def test_after_a_revocation_one_starts_again(world: VendorWorld) -> None:
    course = school.course(world, questions=0)
    certification(world, course)
    rep = world.people["partner_rep"]
    take(rep, course, world)
    do(services.award_revoke, world.people["program_admin"], award=awards(world)[0], reason="A mistake.")
    take(rep, course, world)
    first, second = awards(world)
    assert first.revoked_at
    assert second.renews_id is None


# Accreditation ------------------------------------------------------------------------------------------


def asked(world: VendorWorld, people: int = 1, now: datetime | None = None) -> Any:
    """How beta stands with a rule of its tier."""
    with entered(system_scope(world.vendor.pk)):
        beta = Partner.objects.get(pk=world.partners["beta"].pk)
        if beta.tier_id is None:
            Partner.objects.filter(pk=beta.pk).update(tier=world.tiers[0])
            beta.refresh_from_db()
        rule = {"tier": beta.tier, "certification": Award.objects.get(reference__endswith="X0").certification}
        AccreditationRule.objects.get_or_create(**rule, defaults={"people": people})
        Seat.objects.filter(partner=beta).update(since=timezone.now() - timedelta(days=1_000))
        _, (one,) = team_of(beta, now or timezone.now(), world.vendor.zone)
        (covered,) = [row for row in coverage([beta], now or timezone.now()) if row.partner == beta]
        assert bool(covered.short) == (covered.missing > 0)
    return one, covered


def test_who_counts_and_who_is_missing(world: VendorWorld) -> None:
    award(world)
    one, covered = asked(world, people=2)
    assert [str(user) for user in one.counts] == [str(world.people["partner_rep"].user)]
    assert (one.state, one.missing, one.lapses_at) == ("never", 1, None)
    assert (covered.met, covered.required, covered.missing) == (0, 1, 1)


def test_a_shortfall_is_foreseen_and_lapses_after_its_grace(world: VendorWorld) -> None:
    today = timezone.localdate()
    one = award(world, until=today + timedelta(days=10))
    assert one.expires_at
    falls = end_of_day_after(one.expires_at, 30, world.vendor.zone)
    lapses = end_of_day_after(falls, 90, world.vendor.zone)
    now = timezone.now()
    found, covered = asked(world)
    assert (found.state, found.short_from, found.lapses_at) == ("ending", falls, lapses)
    assert covered.met == 1
    # In the 30 days after the end the person still counts, the scorecard's coverage does not.
    found, covered = asked(world, now=now + timedelta(days=20))
    assert (found.missing, covered.met) == (0, 0)
    found, _ = asked(world, now=falls + timedelta(days=1))
    assert (found.state, found.short_since) == ("grace", falls)
    assert found.lapses_at == lapses
    found, _ = asked(world, now=lapses + timedelta(seconds=1))
    assert found.state == "lapsed"


def test_who_moves_on_takes_the_certificate_along(world: VendorWorld) -> None:
    award(world)
    assert asked(world)[1].met == 1
    alpha = world.partners["alpha"]
    with entered(system_scope(world.vendor.pk)):
        seat = Seat.objects.get(user=world.people["partner_rep"].user)
    do(seat_move, world.people["program_admin"], seat=seat, partner=alpha)
    found, covered = asked(world)
    assert (found.counts, covered.met) == ([], 0)
    with entered(system_scope(world.vendor.pk)):
        matrix, _ = team_of(alpha, timezone.now(), world.vendor.zone)
        assert matrix.certified == 1


def test_who_left_counts_until_that_moment(world: VendorWorld) -> None:
    award(world)
    asked(world)
    left = timezone.now() - timedelta(days=5)
    with entered(system_scope(world.vendor.pk)):
        Seat.objects.filter(user=world.people["partner_rep"].user).update(left_at=left)
    found, covered = asked(world)
    assert (found.state, found.short_since, covered.met) == ("grace", left, 0)


def test_what_ends_soon_names_the_partner_of_today(world: VendorWorld) -> None:
    award(world, until=timezone.localdate() + timedelta(days=20))
    award(world, "distributor_rep", until=timezone.localdate() + timedelta(days=90))
    with entered(system_scope(world.vendor.pk)):
        rows = list(ending_at([one.pk for one in world.partners.values()], timezone.now()))
        assert [getattr(row, "home", "") for row in rows] == [world.partners["beta"].name]


# Pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "name", "args"),
    [
        ("partner_rep", "certificates", []),
        ("partner_admin", "team_certificates", ["beta"]),
        ("manager", "team_certificates", ["beta"]),
        ("manager", "coverage", []),
    ],
)
def test_pages_take_the_same_statements_for_many(
    world: VendorWorld, client_as: Any, who: str, name: str, args: list[str]
) -> None:
    course = school.course(world, questions=0)
    made = certification(world, course)
    award(world, of=made, until=timezone.localdate() + timedelta(days=30))
    asked(world)
    session = client_as(world.people[who])
    page = reverse(f"enablement:{name}", args=args)
    session.get(page)  # the first one records the sign-in
    one = statements(session, page)
    for number in range(5):
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            world.people[f"more{number}"] = add_person(
                world.vendor, f"more{number}", Role.PARTNER_REP, world.partners["beta"]
            )
        award(world, f"more{number}", of=made, until=timezone.localdate() + timedelta(days=30))
        award(world, of=certification(world, course, name=f"Other {number}"))
    assert statements(session, page) == one <= BUDGET
    assert "Technician" in session.get(page).content.decode()


def test_a_certificate_is_shown_in_a_few_statements(world: VendorWorld, client_as: Any) -> None:
    one = award(world)
    for who in ("partner_rep", "manager"):
        page, session = reverse("enablement:certificate", args=[one.reference]), client_as(world.people[who])
        session.get(page)
        assert statements(session, page) <= BUDGET


def test_a_certificate_without_a_reason_is_not_revoked(world: VendorWorld, client_as: Any) -> None:
    one = award(world)
    page = reverse("enablement:certificate_revoke", args=[one.reference])
    answer = client_as(world.people["program_admin"]).post(page, {"reason": ""})
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert certificates.awards(world)[0].revoked_at is None


@pytest.mark.parametrize("who", ["distributor_admin", "sub_rep"])
def test_other_partners_read_no_row(world: VendorWorld, other_world: VendorWorld, who: str) -> None:
    award(world)
    award(other_world)
    with acting_as(world.people[who]):
        assert not Award.objects.exists()
    with acting_as(world.people["partner_rep"]):
        assert Award.objects.count() == 1
    with acting_as(world.people["program_admin"]):
        assert Award.objects.count() == 1


def test_what_a_year_of_imports_brings_is_on_record_and_told_nobody(world: VendorWorld) -> None:
    course = school.course(world, questions=0)
    certification(world, course, validity_months=12, renewal_days=90)
    rep, now = world.people["partner_rep"], timezone.now()
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        facts = []
        for days in (500, 200):  # the second in the 90 days before the first one ends
            at_that = now - timedelta(days=days)
            made = Enrolment.objects.create(
                user=rep.user, partner=rep.partner, course=course, version=course.published, source="import",
                enrolled_at=at_that, completed_at=at_that + timedelta(days=1),
            )  # fmt: skip
            data = {"title": "x", "course": course.pk, "user": rep.user.pk}
            facts.append(Fact("enablement.course_completed", rep.partner.pk, made, made.completed_at, data))  # type: ignore
        record_many(facts)
    first, second = awards(world)
    assert second.renews_id == first.pk
    assert first.expires_on
    assert second.expires_on == months_after(first.expires_on, 12)
    assert told(world, "certified") == 0
