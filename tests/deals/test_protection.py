"""Protection: reminded of in time, extended on request, ended by time, and free for everybody after that."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from deals.conflicts.check import conflict_check
from deals.deal.models import Deal, DealStatus, Verdict
from deals.outcome import services as outcome_services
from deals.protection.models import Extension, ExtensionLink, ExtensionTerms, Protection, ProtectionReminder
from deals.protection.requests import EXTENSION
from deals.protection.tasks import expire_protection, remind_of_protection
from deals.registration import services as registration_services
from portal.events.models import OutboxMessage
from portal.events.outbox import deliver
from portal.notifications.models import Notification
from portal.notifications.moments import read_now, to_keep
from portal.people.models import Membership
from portal.requests.services import request_ask, request_grant, request_refuse
from portal.requests.tasks import mind_requests
from portal.tenancy.scope import entered, system_scope
from tests.support import factories
from tests.support.clocks import StoppedClock, stopped_at
from tests.support.deals import approved, do, events, now_is
from tests.support.pages import BUDGET, statements
from tests.support.worlds import PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
VIENNA, NEW_YORK = ZoneInfo("Europe/Vienna"), ZoneInfo("America/New_York")
#: A Wednesday morning.
NOW = datetime(2026, 11, 18, 10, tzinfo=VIENNA)
SignIn = Callable[..., PortalClient]


@pytest.fixture
def frozen(db: None) -> Iterator[StoppedClock]:
    with stopped_at(NOW) as clock:
        yield clock


def until(world: VendorWorld, deal: Deal, end: datetime) -> Deal:
    """Let the protection end then; approved ninety days before."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        span = {"starts_at": end - timedelta(days=90), "expires_at": end}
        Deal.objects.filter(pk=deal.pk).update(approved_at=span["starts_at"], expires_at=end)
        Protection.objects.filter(deal=deal).update(**span)
    return now_is(world, deal)


def remind() -> int:
    return remind_of_protection()


def told(world: VendorWorld, kind: str) -> list[tuple[str, str]]:
    """(address, title) of those who were notified, in order."""
    with entered(system_scope(world.vendor.pk)):
        rows = Notification.objects.filter(kind=kind).order_by("pk")
        return list(rows.values_list("user__email", "title"))


def reminders(world: VendorWorld, deal: Deal) -> list[tuple[int, bool]]:
    with entered(system_scope(world.vendor.pk)):
        rows = ProtectionReminder.objects.filter(deal=deal).order_by("pk")
        return list(rows.values_list("days_before", "told"))


def asked(world: VendorWorld, deal: Deal, days: int = 30, who: str = "partner_rep", **more: Any) -> Extension:
    reason = more.pop("reason", "The site survey takes longer.")
    with acting_as(world.people[who]) as actor:
        return request_ask(actor=actor, kind=EXTENSION, subject=deal, days=days, reason=reason, **more)


def decided(world: VendorWorld, service: Any, extension: Extension, who: str = "manager", **more: Any) -> Any:
    with acting_as(world.people[who]) as actor:
        return service(actor=actor, request=extension, **more)


def terms(world: VendorWorld, **fields: Any) -> None:
    with entered(system_scope(world.vendor.pk)):
        ExtensionTerms.objects.create(**fields)


def page(client: PortalClient, deal: Deal) -> str:
    answer = client.get(reverse("deals:detail", args=[deal.reference]))
    return re.sub(r"\s+", " ", answer.content.decode())


# Reminders ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "end",
    [
        datetime(2027, 1, 20, 15, 30, tzinfo=VIENNA),
        datetime(2027, 3, 29, 0, 10, tzinfo=VIENNA),  # the clock went forward the day before
        datetime(2027, 3, 28, 3, 30, tzinfo=VIENNA),
        datetime(2026, 11, 1, 23, 50, tzinfo=VIENNA),  # and back a week before this one
    ],
)
def test_fourteen_seven_and_one_days_before_on_the_vendors_calendar(
    world: VendorWorld, frozen: StoppedClock, end: datetime
) -> None:
    """Asked every hour from three weeks before: each reminder once, in the morning."""
    deal = until(world, approved(world), end)
    frozen.move_to(end - timedelta(days=21))
    sent: list[datetime] = []
    while frozen() < end:
        sent += [frozen().astimezone(VIENNA)] * remind()
        frozen.shift(timedelta(hours=1))
    mornings = [end.date() - timedelta(days=days) for days in (14, 7, 1)]
    assert [moment.date() for moment in sent] == mornings
    assert all(moment.hour == 7 for moment in sent), sent
    rep = world.people["partner_rep"].user.email
    kept = f"Protection of Tiroler Logistik AG ends {to_keep(end)}"
    assert [title for _, title in told(world, "deals.protection_ending")] == [kept] * 3
    with stopped_at(end - timedelta(hours=20)):
        assert "ends tomorrow" in read_now(kept) or "ends today" in read_now(kept)
    assert {address for address, _ in told(world, "deals.protection_ending")} == {rep}
    assert events(world, deal).count("deals.protection_ending") == 3


def test_the_day_is_that_of_the_vendor(other_world: VendorWorld, frozen: StoppedClock) -> None:
    """At 02:00 UTC it is still the evening before in New York."""
    end = datetime(2027, 1, 20, 2, tzinfo=ZoneInfo("UTC"))
    deal = until(other_world, approved(other_world, currency="USD"), end)
    frozen.move_to(datetime(2027, 1, 12, 6, 59, tzinfo=NEW_YORK))
    terms(other_world, most_extensions=0)
    remind()  # the one of fourteen days, late by a week
    assert remind() == 0
    frozen.move_to(datetime(2027, 1, 12, 7, 1, tzinfo=NEW_YORK))
    assert remind() == 1  # the 19th there, so seven days before is the 12th
    assert reminders(other_world, deal)[-1] == (7, True)


def test_after_an_outage_only_the_most_urgent_is_sent(world: VendorWorld, frozen: StoppedClock) -> None:
    deal = until(world, approved(world), NOW + timedelta(days=5))
    assert (remind(), remind(), remind()) == (1, 0, 0)
    assert reminders(world, deal) == [(7, True)]
    assert len(told(world, "deals.protection_ending")) == 1
    frozen.move_to(deal.expires_at - timedelta(hours=1))
    assert (remind(), remind()) == (1, 0)
    assert "ends today" in read_now(told(world, "deals.protection_ending")[-1][1])
    frozen.shift(timedelta(hours=2))
    assert remind() == 0


def test_a_reminder_is_one_mail_and_one_notification_each(world: VendorWorld, frozen: StoppedClock) -> None:
    until(world, approved(world), NOW + timedelta(days=6))
    for _ in range(3):
        remind()
    with entered(system_scope(world.vendor.pk)):
        mails = OutboxMessage.objects.filter(payload__template="deal_protection_ending")
        assert mails.count() == Notification.objects.filter(kind="deals.protection_ending").count() == 1


def test_even_a_row_that_was_forgotten_sends_no_second_mail(world: VendorWorld, frozen: StoppedClock) -> None:
    """Two runs that both looked before either wrote: the row of the first stops the second."""
    from deals.protection import reminders as protection_reminders

    deal = until(world, approved(world), NOW + timedelta(days=6))
    remind()
    with (
        entered(system_scope(world.vendor.pk)),
        transaction.atomic(),
        timezone.override(world.vendor.zone),
    ):
        protection_reminders._remind(world.vendor, Deal.objects.get(pk=deal.pk), 7, NOW)
    assert len(told(world, "deals.protection_ending")) == 1


def test_what_is_closed_or_gone_is_not_reminded_of(world: VendorWorld, frozen: StoppedClock) -> None:
    rep = world.people["partner_rep"]
    won, lost, withdrawn, over = (
        approved(world, customer_name=name, customer_domain="") for name in ("A1", "B2", "C3", "D4")
    )
    do(outcome_services.deal_win, rep, won, amount=1_00, closed_on=date(2026, 11, 18))
    do(outcome_services.deal_lose, rep, lost, reason="Price")
    do(registration_services.deal_withdraw, rep, withdrawn)
    for deal in (won, lost, withdrawn):
        until(world, deal, NOW + timedelta(days=3))
    until(world, over, NOW - timedelta(minutes=1))
    assert remind() == 0


def test_a_short_protection_is_not_reminded_of_on_its_first_day(
    world: VendorWorld, frozen: StoppedClock
) -> None:
    with entered(system_scope(world.vendor.pk)):
        type(world.tiers[0]).objects.filter(pk=world.tiers[0].pk).update(protection_days=10)
    deal = approved(world)
    remind()
    assert reminders(world, deal) == [(14, False)]
    assert told(world, "deals.protection_ending") == []
    frozen.move_to(deal.expires_at - timedelta(days=7))
    remind()
    assert len(told(world, "deals.protection_ending")) == 1


def test_an_extended_deal_is_reminded_of_anew(world: VendorWorld, frozen: StoppedClock) -> None:
    deal = until(world, approved(world), NOW + timedelta(days=1))
    remind()
    decided(world, request_grant, asked(world, deal, 20))
    frozen.move_to(NOW + timedelta(days=7))
    remind()
    assert reminders(world, deal) == [(1, True), (14, True)]


# Extensions --------------------------------------------------------------------------------------------


def test_granted_days_are_added_to_the_end_of_the_protection(world: VendorWorld) -> None:
    deal = approved(world, products=(0, 1))
    extension = asked(world, deal, 30)
    assert (extension.owner, extension.status) == (world.people["manager"].user, "open")
    done = decided(world, request_grant, extension)
    after = now_is(world, deal)
    assert after.expires_at == deal.expires_at + timedelta(days=30) == done.until_after
    with acting_as(world.people["program_admin"]):
        ends = Protection.objects.filter(deal=deal).values_list("expires_at", flat=True)
        assert list(ends) == [after.expires_at] * 2
    assert events(world, deal)[-2:] == ["deals.extension_requested", "deals.extension_granted"]
    to = world.people["partner_rep"].user.email
    assert [address for address, _ in told(world, "deals.extension_answered")] == [to]


def test_refused_leaves_the_protection_and_says_why(world: VendorWorld, client_as: SignIn) -> None:
    deal = approved(world)
    extension = asked(world, deal)
    with pytest.raises(ValidationError):
        decided(world, request_refuse, extension, reason="  ")
    decided(world, request_refuse, extension, reason="Nothing has moved for a month.")
    assert now_is(world, deal).expires_at == deal.expires_at
    seen = page(client_as(world.people["partner_rep"]), deal)
    assert "Extension refused" in seen
    assert "Nothing has moved for a month." in seen
    with pytest.raises(ValidationError, match="refused already"):
        decided(world, request_grant, extension)


def test_deciding_twice_is_once(world: VendorWorld) -> None:
    deal = approved(world)
    extension = asked(world, deal)
    for _ in range(2):
        decided(world, request_grant, extension)
    assert now_is(world, deal).expires_at == deal.expires_at + timedelta(days=30)
    assert events(world, deal).count("deals.extension_granted") == 1
    with pytest.raises(ValidationError, match="granted already"):
        decided(world, request_refuse, extension, reason="No.")


def test_one_request_at_a_time_and_the_same_twice_is_one(world: VendorWorld) -> None:
    deal = approved(world)
    first = asked(world, deal)
    assert asked(world, deal).pk == first.pk
    with pytest.raises(ValidationError, match="Wait for the answer"):
        asked(world, deal, days=31)
    assert events(world, deal).count("deals.extension_requested") == 1


def test_as_often_and_as_long_as_the_terms_say(world: VendorWorld) -> None:
    """Those of the tier before those of everybody; without any, two of sixty days."""
    deal = approved(world)
    with pytest.raises(ValidationError) as refused:
        asked(world, deal, days=61)
    assert set(refused.value.message_dict) == {"days"}
    terms(world, most_extensions=1, most_days=20)
    with pytest.raises(ValidationError):
        asked(world, deal, days=21)
    terms(world, tier=world.tiers[0], most_extensions=1, most_days=40)
    decided(world, request_grant, asked(world, deal, days=40))
    with pytest.raises(ValidationError, match="extended once already"):
        asked(world, deal, days=1)
    other = approved(world, customer_name="Else", customer_domain="")
    with entered(system_scope(world.vendor.pk)):
        ExtensionTerms.objects.update(most_extensions=0)
    with pytest.raises(ValidationError, match="gives no extensions"):
        asked(world, other, days=1)


@pytest.mark.parametrize(("days", "reason"), [(0, "x"), (-1, "x"), (10**6, "x"), (5, " \n")])
def test_what_cannot_be_asked_for(world: VendorWorld, days: int, reason: str) -> None:
    with pytest.raises(ValidationError):
        asked(world, approved(world), days, reason=reason)


def test_only_the_deals_partner_asks_and_only_its_managers_decide(world: VendorWorld) -> None:
    deal = approved(world)
    for who in ("manager", "program_admin", "executive", "sub_rep", "distributor_admin"):
        with pytest.raises(PermissionDenied):
            asked(world, deal, who=who)
    extension = asked(world, deal)
    for who in ("partner_rep", "partner_admin", "executive", "other_manager", "distributor_admin"):
        with pytest.raises(PermissionDenied):
            decided(world, request_grant, extension, who)
    assert now_is(world, deal).expires_at == deal.expires_at


def test_it_is_due_in_working_hours_and_never_after_the_end(world: VendorWorld, frozen: StoppedClock) -> None:
    far = approved(world)
    near = until(world, approved(world, customer_name="Near", customer_domain=""), NOW + timedelta(hours=3))
    # Sixteen working hours from Wednesday 10:00, seven of them on that day.
    assert asked(world, far).due_at == datetime(2026, 11, 20, 10, tzinfo=VIENNA)
    assert asked(world, near).due_at == near.expires_at


def test_its_clock_reminds_the_manager_and_then_tells_the_admins_once_each(
    world: VendorWorld, frozen: StoppedClock
) -> None:
    deal = approved(world)
    extension = asked(world, deal)
    seen = []
    for hours in (-25, -1.5, -1, 0, 30):
        frozen.move_to(extension.due_at + timedelta(hours=hours))
        mind_requests(), mind_requests()
        seen.append((len(told(world, "portal.request_due")), len(told(world, "portal.request_overdue"))))
    assert seen == [(0, 0), (0, 0), (1, 0), (1, 1), (1, 1)]
    assert now_is(world, deal).expires_at == deal.expires_at, "silence never grants"


def test_what_closes_or_runs_out_takes_the_request_along(world: VendorWorld) -> None:
    rep = world.people["partner_rep"]
    won, over = (approved(world, customer_name=name, customer_domain="") for name in ("A1", "B2"))
    extensions = [asked(world, deal) for deal in (won, over)]
    do(outcome_services.deal_win, rep, won, amount=1_00, closed_on=timezone.localdate())
    until(world, over, timezone.now() - timedelta(minutes=1))
    with pytest.raises(ValidationError, match="run out"):
        decided(world, request_grant, extensions[1])
    expire_protection()
    for extension in extensions:
        with pytest.raises(ValidationError, match="lapsed already"):
            decided(world, request_grant, extension)
    assert "ended" in told(world, "deals.expired")[0][1]
    with pytest.raises(ValidationError):
        asked(world, over)


# What both sides see -----------------------------------------------------------------------------------


def test_what_was_typed_stays_when_the_service_refuses_it(world: VendorWorld, client_as: SignIn) -> None:
    deal, client = approved(world), client_as(world.people["partner_rep"])
    asked(world, deal)
    again = {"days": "20", "reason": "Typed while another one waits."}
    answer = client.post(reverse("deals:extend", args=[deal.reference]), again)
    assert answer.status_code == 422
    assert again["reason"] in answer.content.decode()
    assert "Nothing was changed" in answer.content.decode()


def test_the_partner_sees_request_clock_and_outcome(world: VendorWorld, client_as: SignIn) -> None:
    deal, client = approved(world), client_as(world.people["partner_rep"])
    assert "Ask for more time" in page(client, deal)
    wrong = client.post(reverse("deals:extend", args=[deal.reference]), {"days": "900", "reason": "Typed."})
    assert wrong.status_code == 422
    assert "Ask for 1 to 60 days." in wrong.content.decode()
    assert "Typed." in wrong.content.decode()
    client.post(reverse("deals:extend", args=[deal.reference]), {"days": "30", "reason": "Survey."})
    seen = page(client, deal)
    assert "30 more days asked for" in seen
    assert f"{world.people['manager'].user} decides by" in seen
    assert 'class="clock' in seen
    assert "Ask for more time" not in seen
    manager = client_as(world.people["manager"])
    extension = asked(world, deal, 30, reason="Survey.")
    manager.post(reverse("deals:grant_extension", args=[deal.reference, extension.pk]))
    assert "Extended" in page(client, deal)


def test_it_waits_in_the_inbox_beside_the_registrations(world: VendorWorld, client_as: SignIn) -> None:
    deal = approved(world)
    asked(world, deal)
    manager, path = client_as(world.people["manager"]), "/deals/inbox/requests/"
    assert f'hx-get="/v/acme{path}"' in manager.get("/deals/inbox/").content.decode()
    for headers in ({}, {"hx-request": "true"}):
        seen = manager.get(path, headers=headers).content.decode()
        assert "30 days more: “The site survey takes longer.”" in seen
        assert f"/deals/{deal.reference}/#protection" in seen
    assert "survey" not in client_as(world.people["other_manager"]).get(path).content.decode()


@pytest.mark.parametrize("who", ["partner_rep", "distributor_admin", "manager"])
def test_pages_ask_as_much_for_fifty_extensions_as_for_one(
    world: VendorWorld, client_as: SignIn, who: str
) -> None:
    owner = "distributor_rep" if who == "distributor_admin" else "partner_rep"
    deal = approved(world, owner)
    asked(world, deal, who=owner)
    client = client_as(world.people[who])
    paths = [f"/deals/{deal.reference}/", *(["/deals/inbox/requests/"] if who == "manager" else [])]
    client.get("/deals/?all=1")
    one = {path: statements(client, path) for path in paths}
    with entered(system_scope(world.vendor.pk)):
        for _ in range(50):
            other = factories.approved_deal(partner=deal.partner)
            for of, status in ((other, "open"), (deal, "refused")):
                Extension.objects.create(
                    partner=deal.partner, deal=of, days=9, reason="r", due_at=timezone.now(),
                    until_before=timezone.now(), status=status,
                    decided_at=timezone.now() if status == "refused" else None,
                )  # fmt: skip
    assert {path: statements(client, path) for path in paths} == one
    assert max(one.values()) <= BUDGET, one


# The link in the e-mail ----------------------------------------------------------------------------------


@pytest.fixture
def mailed(world: VendorWorld, mailoutbox: list[Any]) -> tuple[Deal, str]:
    """A deal whose protection ends in five days, and the path of the link in the reminder's mail."""
    now = timezone.localtime(timezone.now(), VIENNA).replace(hour=12)
    with stopped_at(now):
        deal = until(world, approved(world), now + timedelta(days=5))
        assert remind() == 1
        deliver(world.vendor.pk)
    [mail] = [m for m in mailoutbox if m.subject.startswith("Protection of")]
    [link] = set(re.findall(r"http://\S+/extend/\S+", mail.body))
    assert link in mail.alternatives[0][0]
    assert mail.to == [world.people["partner_rep"].user.email]
    return deal, "/v/acme" + link.split("/v/acme")[1]


def waiting(world: VendorWorld) -> int:
    with entered(system_scope(world.vendor.pk)):
        return Extension.objects.count()


def test_looking_changes_nothing_and_one_press_asks(
    world: VendorWorld, mailed: tuple[Deal, str], client_as: SignIn
) -> None:
    deal, link = mailed
    client = client_as(world.people["partner_rep"])
    for _ in range(2):
        seen = client.get(link)
        assert seen.status_code == 200
        assert client.head(link).status_code in (200, 405)
    assert waiting(world) == 0
    assert "Nothing has been asked for yet" in seen.content.decode()
    answers = {name: seen.context["form"][name].value() for name in ("days", "reason")}
    assert answers == {
        "days": 60,
        "reason": f"Still in stage Qualified, expected to close {_day(deal)}.",
    }
    done = client.post(link, answers, follow=True)
    assert done.status_code == 200
    assert "60 more days asked for" in done.content.decode()
    assert waiting(world) == 1


def _day(deal: Deal) -> str:
    close = deal.expected_close
    return f"{close.day} {close:%b %Y}"


def test_it_works_once(world: VendorWorld, mailed: tuple[Deal, str], client_as: SignIn) -> None:
    deal, link = mailed
    client = client_as(world.people["partner_rep"])
    client.post(link, {"days": "10", "reason": "r"})
    decided(world, request_refuse, asked(world, deal, 10, reason="r"), reason="No.")
    for answer in (client.get(link), client.post(link, {"days": "10", "reason": "again"})):
        assert answer.status_code == 410
        assert "used already" in answer.content.decode()
    assert waiting(world) == 1


def test_what_could_not_be_done_leaves_it_usable(
    world: VendorWorld, mailed: tuple[Deal, str], client_as: SignIn
) -> None:
    _, link = mailed
    client = client_as(world.people["partner_rep"])
    wrong = client.post(link, {"days": "900", "reason": "What was typed"})
    assert wrong.status_code == 422
    assert "What was typed" in wrong.content.decode()
    assert client.post(link, {"days": "9", "reason": "r"}).status_code == 302


def test_who_is_signed_out_comes_back_to_it(world: VendorWorld, mailed: tuple[Deal, str]) -> None:
    _, link = mailed
    client, rep = PortalClient(world.vendor), world.people["partner_rep"].user
    to_sign_in = client.get(link)
    assert to_sign_in.status_code == 302
    assert "/accounts/login/" in to_sign_in.url
    assert client.post(link, {"days": "9", "reason": "r"}).status_code == 302
    assert waiting(world) == 0
    done = client.post(to_sign_in.url, {"login": rep.email, "password": factories.PASSWORD})
    assert (done.status_code, done.url) == (302, link)


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("partner_admin", 403),
        ("manager", 403),
        ("program_admin", 403),
        ("sub_rep", 404),
        ("distributor_rep", 404),
    ],
)
def test_nobody_elses_press_counts(
    world: VendorWorld, mailed: tuple[Deal, str], client_as: SignIn, who: str, status: int
) -> None:
    deal, link = mailed
    client = client_as(world.people[who])
    for answer in (client.get(link), client.post(link, {"days": "9", "reason": "r"})):
        assert answer.status_code == status
        assert "<h1>" in answer.content.decode()
        assert deal.customer_name not in answer.content.decode()
    assert waiting(world) == 0
    assert client_as(world.people["partner_rep"]).get(link).status_code == 200


def test_who_has_left_cannot_use_it(world: VendorWorld, mailed: tuple[Deal, str], client_as: SignIn) -> None:
    with entered(system_scope(world.vendor.pk)):
        Membership.objects.filter(pk=world.people["partner_rep"].membership.pk).update(is_active=False)
    answer = client_as(world.people["partner_rep"]).post(mailed[1], {"days": "9", "reason": "r"})
    assert answer.status_code == 404
    assert waiting(world) == 0


@pytest.mark.parametrize("how", ["digit", "signature", "nothing", "garbage", "nul", "unsigned", "huge"])
def test_a_tampered_one_is_not_ours(
    world: VendorWorld, mailed: tuple[Deal, str], client_as: SignIn, how: str
) -> None:
    _, link = mailed
    token = link.rstrip("/").rsplit("/", 1)[1]
    number, signature = token.split("~")
    changed = {
        "digit": f"{int(number) + 1}~{signature}",
        "signature": f"{number}~{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        "nothing": f"{number}~",
        "garbage": "~~~%F0%9F%92%A9",
        "nul": f"{number}%00~{signature}",
        "unsigned": number,
        "huge": "9" * 3000,
    }[how]
    client = client_as(world.people["partner_rep"])
    for answer in (client.get(link.replace(token, changed)), client.post(link.replace(token, changed))):
        assert answer.status_code == 404
    assert "not one of ours" in answer.content.decode()
    assert waiting(world) == 0


def test_it_ends_with_the_protection(world: VendorWorld, mailed: tuple[Deal, str], client_as: SignIn) -> None:
    deal, link = mailed
    client = client_as(world.people["partner_rep"])
    with stopped_at(deal.expires_at + timedelta(seconds=1)):
        for answer in (client.get(link), client.post(link, {"days": "9", "reason": "r"})):
            assert answer.status_code == 410
            assert "protection has ended" in answer.content.decode()
    assert waiting(world) == 0


def test_it_is_overtaken_by_an_extension_or_a_close(
    world: VendorWorld, mailed: tuple[Deal, str], client_as: SignIn
) -> None:
    deal, link = mailed
    client = client_as(world.people["partner_rep"])
    extension = asked(world, deal)
    assert client.get(link).status_code == 410  # one is waiting
    decided(world, request_grant, extension)
    answer = client.get(link)
    assert answer.status_code == 410
    assert "out of date" in answer.content.decode()
    do(outcome_services.deal_lose, world.people["partner_rep"], deal, reason="Price")
    assert client.post(link, {"days": "9", "reason": "r"}).status_code == 410
    assert waiting(world) == 1


def test_another_vendors_address_does_not_know_it(
    world: VendorWorld, other_world: VendorWorld, mailed: tuple[Deal, str], client_as: SignIn
) -> None:
    link = mailed[1].replace("/v/acme", "")
    answer = client_as(other_world.people["partner_rep"]).get(link)
    assert answer.status_code == 404
    with entered(system_scope(other_world.vendor.pk)):
        assert not ExtensionLink.objects.exists()


# After the end -----------------------------------------------------------------------------------------


def test_anybody_may_register_what_has_expired(world: VendorWorld, client_as: SignIn) -> None:
    """Claimed while protected, clear an instant after its end; registered, approved and protected anew."""
    old = approved(world)
    rival = world.people["distributor_rep"]

    def verdict() -> Verdict:
        with acting_as(rival) as actor:
            asked_for = {"name": "Tiroler Logistik", "domain": "tiroler-logistik.at", "country": "AT"}
            [answer] = conflict_check(actor, **asked_for, product_ids=[world.products[0].pk])
            return answer.verdict

    assert verdict() == Verdict.CLAIMED
    until(world, old, timezone.now() - timedelta(seconds=1))
    assert verdict() == Verdict.CLEAR
    new = approved(world, "distributor_rep")
    assert (new.status, now_is(world, old).status) == (DealStatus.APPROVED, DealStatus.EXPIRED)
    with acting_as(world.people["program_admin"]):
        assert list(Protection.objects.filter(released_at=None).values_list("deal", flat=True)) == [new.pk]
    assert verdict() == Verdict.OWN


def test_its_own_partner_may_as_well(world: VendorWorld) -> None:
    old = until(world, approved(world), timezone.now() - timedelta(seconds=1))
    expire_protection()
    new = approved(world)
    assert new.reference != old.reference
    assert new.customer_id == old.customer_id


def test_the_end_touches_nothing_that_is_closed(world: VendorWorld) -> None:
    rep, statuses = world.people["partner_rep"], ("won", "lost", "withdrawn")
    deals = [approved(world, customer_name=name, customer_domain="") for name in ("A1", "B2", "C3")]
    do(outcome_services.deal_win, rep, deals[0], amount=1_00, closed_on=timezone.localdate())
    do(outcome_services.deal_lose, rep, deals[1], reason="Price")
    do(registration_services.deal_withdraw, rep, deals[2])
    before = [(deal.updated_at, deal.won_at, deal.lost_at) for deal in map(_now(world), deals)]
    for deal in deals:
        with entered(system_scope(world.vendor.pk)):
            Deal.objects.filter(pk=deal.pk).update(
                approved_at=timezone.now() - timedelta(days=91), expires_at=timezone.now() - timedelta(days=1)
            )
    assert expire_protection() == 0
    after = [now_is(world, deal) for deal in deals]
    assert [deal.status for deal in after] == list(statuses)
    assert [(deal.updated_at, deal.won_at, deal.lost_at) for deal in after] == before


def _now(world: VendorWorld) -> Callable[[Deal], Deal]:
    return lambda deal: now_is(world, deal)


def test_nothing_of_it_is_told_to_a_rival(world: VendorWorld, client_as: SignIn) -> None:
    deal = approved(world, customer_name="Canary AG", customer_domain="canary.example")
    asked(world, deal, reason="Canary reason")
    rival = client_as(world.people["sub_rep"])
    for path in ("/", "/deals/?all=1", "/deals/inbox/", f"/deals/{deal.reference}/", "/notifications/"):
        assert "Canary" not in rival.get(path).content.decode()
    assert rival.post(f"/deals/{deal.reference}/extend/", {"days": 3, "reason": "x"}).status_code == 404


def test_the_mails_read_as_meant(world: VendorWorld, mailoutbox: list[Any]) -> None:
    deal = approved(world, customer_name="Müller & Söhne <KG>")
    refused = asked(world, deal, reason="A & B\nC")
    decided(world, request_refuse, refused, reason="Not <now>.")
    decided(world, request_grant, asked(world, deal, 7))
    until(world, deal, timezone.now() - timedelta(minutes=1))
    expire_protection()
    deliver(world.vendor.pk)
    sent = {mail.subject.split(":")[0]: mail for mail in mailoutbox}
    assert "Müller & Söhne <KG>" in sent["More protection refused"].subject
    for subject in (
        "Beta of acme asks for 30 days more",
        "More protection refused",
        "More protection granted",
    ):
        assert "Müller &amp; Söhne &lt;KG&gt;" in sent[subject].alternatives[0][0]
        assert f"/v/acme/deals/{deal.reference}/" in sent[subject].body
    assert "Not <now>." in sent["More protection refused"].body
    assert "Protection of Müller & Söhne <KG> has ended" in sent


def test_a_form_sent_twice_is_one_request(world: VendorWorld, client_as: SignIn) -> None:
    deal, client = approved(world), client_as(world.people["partner_rep"])
    for _ in range(2):
        answer = client.post(f"/deals/{deal.reference}/extend/", {"days": "30", "reason": "Survey."})
        assert answer.status_code == 302
    assert waiting(world) == 1


def test_a_request_of_another_deal_is_not_found(world: VendorWorld, client_as: SignIn) -> None:
    one, other = approved(world), approved(world, customer_name="Else", customer_domain="")
    extension = asked(world, one)
    manager = client_as(world.people["manager"])
    for name in ("grant_extension", "refuse_extension"):
        path = reverse(f"deals:{name}", args=[other.reference, extension.pk])
        assert manager.post(path, {"reason": "r"}).status_code == 404
        assert manager.get(path).status_code == 302
        assert manager.post(reverse(f"deals:{name}", args=[one.reference, 10**9])).status_code == 404
