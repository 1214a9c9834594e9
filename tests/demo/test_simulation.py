"""The simulated channel: the same from the same seed, plausible, walled off, and a login for every role."""

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings

from deals.deal.models import Deal
from deals.protection.models import Protection
from demo import vendors
from demo.simulation import history as past_of
from demo.simulation import plans, tables
from demo.simulation.cast import Size
from demo.simulation.channel import Channel
from demo.simulation.clock import Clock, months_before
from demo.simulation.load import copy, load_vendor
from demo.simulation.names import Unique, ascii_slug, web_name
from demo.simulation.tables import Table
from partners.models import Partner
from portal.events.models import PortalEvent
from portal.people.models import Membership
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import Scope, entered, system_scope
from scorecards.models import Scorecard
from tests.support.worlds import PortalClient

END = date(2026, 10, 18)
SIZE = Size(partners=60, deals=2_500, events=25_000)
SMALL = Size(partners=20, deals=300, events=3_000)
STAMP = "%Y-%m-%d %H:%M:%S+00"


@dataclass
class Past:
    """A simulated channel with its rows as dictionaries by table."""

    channel: Channel
    rows: dict[Table, list[dict[str, Any]]]

    @property
    def deals(self) -> list[dict[str, Any]]:
        return self.rows[tables.DEAL]

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.rows[tables.EVENT]

    @property
    def stop(self) -> str:
        """The first moment after the simulated time."""
        return self.channel.clock.stamp(self.channel.clock.now)


def simulated(plan: plans.VendorPlan = plans.NORTHWIND, seed: str = "1", size: Size = SIZE) -> Past:
    channel = Channel(plan, size, seed=seed, end=END)
    rows: dict[Table, list[dict[str, Any]]] = defaultdict(list)
    for table, values in past_of.rows(channel):
        rows[table].append(dict(zip(table.columns, values, strict=True)))
    return Past(channel, rows)


@pytest.fixture(scope="module", params=plans.VENDORS, ids=lambda plan: plan.slug)
def past(request: pytest.FixtureRequest) -> Past:
    return simulated(request.param)


# The same from the same seed ------------------------------------------------------------------------


def test_same_seed_and_end_give_the_same_rows() -> None:
    assert simulated(seed="7", size=SMALL).rows == simulated(seed="7", size=SMALL).rows


def test_another_seed_gives_another_channel() -> None:
    assert simulated(seed="7", size=SMALL).deals != simulated(seed="8", size=SMALL).deals


def test_sizes_are_kept(past: Past) -> None:
    assert len(past.rows[tables.PARTNER]) == SIZE.partners
    assert len(past.deals) == SIZE.deals
    assert math.isclose(len(past.events), SIZE.events, rel_tol=0.01)


# Deals ----------------------------------------------------------------------------------------------


def test_a_deal_goes_through_its_life_in_order(past: Past) -> None:
    steps = "created_at", "submitted_at", "approved_at"
    for deal in past.deals:
        ended = [deal[name] for name in ("won_at", "lost_at", "withdrawn_at", "rejected_at") if deal[name]]
        assert len(ended) <= 1
        moments = [deal[name] for name in steps if deal[name]] + ended
        assert moments == sorted(moments)
        assert max(moments) < past.stop
        if deal["won_at"] or deal["lost_at"] or deal["withdrawn_at"]:
            assert deal["approved_at"]
            assert deal["expires_at"] >= ended[0]


def test_the_status_is_what_the_timestamps_say(past: Past) -> None:
    for deal in past.deals:
        assert deal["status"] == _status(deal, past.stop), deal["reference"]


def _status(deal: dict[str, Any], stop: str) -> str:
    for status in ("won", "lost", "withdrawn", "rejected"):
        if deal[f"{status}_at"]:
            return status
    if deal["approved_at"]:
        return "approved" if deal["expires_at"] > stop else "expired"
    if deal["submitted_at"] is None:
        return "draft"
    if deal["returned_at"] and deal["returned_at"] > deal["pending_since"]:
        return "returned"
    return str(deal["status"]) if deal["status"] in ("submitted", "under_review") else "neither"


def test_money_is_won_in_both_currencies(past: Past) -> None:
    currencies = set()
    for deal in past.deals:
        currencies.add(deal["currency"])
        won = deal["won_at"] is not None
        assert (deal["won_amount"] is not None) is won
        assert (deal["won_amount_vendor"] is not None) is won
        if deal["currency"] == past.channel.plan.currency and deal["status"] != "draft":
            assert deal["amount"] == deal["amount_vendor"] > 0
            assert deal["won_amount"] == deal["won_amount_vendor"]
    assert len(currencies) > 1


def test_every_kind_of_deal_is_there(past: Past) -> None:
    kinds = {str(deal["status"]) for deal in past.deals}
    assert kinds >= {"draft", "returned", "rejected", "approved", "won", "lost", "expired", "withdrawn"}
    assert kinds & {"submitted", "under_review"}


def test_decisions_are_due_about_now(past: Past) -> None:
    due = [d["decision_due_at"] for d in past.deals if d["status"] in ("submitted", "under_review")]
    ahead = [moment for moment in due if moment >= past.stop]
    assert ahead
    assert len(due) < 0.02 * SIZE.deals


def test_protection_never_overlaps(past: Past) -> None:
    spans: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for row in past.rows[tables.PROTECTION]:
        end = row["released_at"] or "open"  # sorts behind every date
        assert row["starts_at"] < row["expires_at"]
        assert row["starts_at"] <= end
        spans[row["customer_id"], row["product_id"]].append((row["starts_at"], end))
    for claims in spans.values():
        claims.sort()
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(claims)), claims


def test_open_deals_and_only_they_are_protected(past: Past) -> None:
    active = {row["deal_id"] for row in past.rows[tables.PROTECTION] if row["released_at"] is None}
    assert active == {deal["id"] for deal in past.deals if deal["status"] == "approved"}


def test_stages_are_entered_in_order_from_approval_to_the_end(past: Past) -> None:
    entered_at: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for row in past.rows[tables.STAGE_CHANGE]:
        entered_at[row["deal_id"]].append((row["changed_at"], row["stage_id"]))
    for deal in past.deals:
        history = entered_at[deal["id"]]
        assert bool(history) is bool(deal["approved_at"])
        if history:
            assert history == sorted(history)
            assert history[0][0] == deal["approved_at"]
            assert history[-1][1] == deal["stage_id"]
            assert history[-1][0] <= (deal["won_at"] or deal["lost_at"] or deal["withdrawn_at"] or past.stop)


def test_a_claimed_customer_is_refused_to_the_second(past: Past) -> None:
    refused = [deal for deal in past.deals if deal["decision_reason"] == plans.CLAIMED_REASON]
    assert refused
    holders = {row["customer_id"]: row["partner_id"] for row in past.rows[tables.PROTECTION]}
    assert all(holders[deal["customer_id"]] != deal["partner_id"] for deal in refused)


# What one should find in it -------------------------------------------------------------------------


def test_skilled_and_certified_partners_win_more(past: Past) -> None:
    known = {p.id: p.skill + (0.3 if p.certified else 0) for p in past.channel.partners}
    middle = sorted(known.values())[len(known) // 2]
    assert _win_rate(past, {pk for pk, skill in known.items() if skill >= middle}) > 0.08 + _win_rate(
        past, {pk for pk, skill in known.items() if skill < middle}
    )


def _win_rate(past: Past, partners: set[int]) -> float:
    mine = [deal for deal in past.deals if deal["partner_id"] in partners]
    won, lost = (sum(1 for deal in mine if deal[name]) for name in ("won_at", "lost_at"))
    return won / (won + lost)


def test_some_large_partners_go_quiet_while_their_deals_still_close() -> None:
    past = simulated(size=replace(SIZE, partners=120, deals=5_000))
    clock = past.channel.clock
    quiet = {p.id: clock.stamp(clock.midnights[p.quiet_from]) for p in past.channel.partners if p.quiet_from}
    assert 1 <= len(quiet) <= 12
    late = [
        event
        for event in past.events
        if event["type"] == "portal.login" and event["occurred_at"] >= quiet.get(event["partner_id"], "z")
    ]
    assert late == []
    still_won = {
        d["partner_id"] for d in past.deals if d["won_at"] and d["won_at"] > quiet.get(d["partner_id"], "z")
    }
    assert still_won == set(quiet)


def test_registrations_rise_before_a_quarter_ends(past: Past) -> None:
    clock = past.channel.clock
    per_day = defaultdict(int)
    for deal in past.deals:
        moment = deal["submitted_at"] or deal["created_at"]
        day = clock.day_of(int(datetime.strptime(moment, STAMP).replace(tzinfo=UTC).timestamp()))
        per_day[day] += 1
    rush = [day for day in range(len(clock.days)) if clock.left_in_quarter[day] < 21]
    rest = [day for day in range(len(clock.days)) if clock.left_in_quarter[day] >= 21]
    assert _mean(per_day, rush) > 1.2 * _mean(per_day, rest)


def _mean(per_day: dict[int, int], days: list[int]) -> float:
    return sum(per_day[day] for day in days) / len(days)


def test_distributors_have_sub_partners_of_their_region(past: Past) -> None:
    below = [partner for partner in past.channel.partners if partner.parent]
    assert len(below) >= 4
    assert all(p.parent and p.parent.type == "distributor" and p.parent.region is p.region for p in below)
    assert all(p.type != "distributor" for p in below)


def test_the_past_is_eighteen_months_long_and_ends_with_its_last_day(past: Past) -> None:
    moments = [event["occurred_at"] for event in past.events]
    clock = past.channel.clock
    assert clock.days[0] == date(2025, 4, 19)
    assert min(moments) >= clock.stamp(clock.midnights[0])
    assert max(moments) < past.stop
    assert max(moments) > clock.stamp(clock.midnights[-3])


def test_events_tell_what_the_deals_say(past: Past) -> None:
    told: dict[str, set[int]] = defaultdict(set)
    for event in past.events:
        told[event["type"]].add(event["subject_id"])
    for kind in ("approved", "won", "lost", "rejected", "withdrawn"):
        assert told[f"deals.{kind}"] == {deal["id"] for deal in past.deals if deal[f"{kind}_at"]}


def test_addresses_of_people_belong_to_nobody(past: Past) -> None:
    addresses = [row["email"] for row in past.rows[tables.USER]]
    assert len(set(addresses)) == len(addresses)
    assert all(address.endswith(".example") and address.isascii() for address in addresses)


# Its parts ------------------------------------------------------------------------------------------


def test_months_before_gives_whole_months() -> None:
    assert months_before(date(2026, 5, 31), 3) == date(2026, 3, 1)
    assert months_before(date(2026, 2, 28), 18) == date(2024, 9, 1)
    assert months_before(date(2026, 1, 30), 11) == date(2025, 2, 28)


def test_the_clock_knows_summer_time_and_weekends() -> None:
    clock = Clock(
        Vendor(time_zone="Europe/Vienna").zone, date(2026, 10, 31), 18, fiscal_year_start=1, dip=(8, 0.5)
    )
    sunday = clock.days.index(date(2026, 10, 25))
    assert clock.midnights[sunday + 1] - clock.midnights[sunday] == 25 * 3600
    assert clock.stamp(clock.midnights[sunday]) == "2026-10-24 22:00:00+00"
    assert clock.day_of(clock.working(clock.midnights[sunday] + 10 * 3600)) == sunday + 1


def test_names_become_addresses() -> None:
    assert ascii_slug("Großschädl & Söhne") == "grossschaedl-soehne"
    assert web_name("Weideneck Automation GmbH & Co. KG") == "weideneck-automation"
    unique = Unique()
    assert [unique.take("a"), unique.take("a"), unique.take("a")] == ["a", "a-2", "a-3"]


# In the database ------------------------------------------------------------------------------------

in_both_databases = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@in_both_databases
def test_each_vendor_and_each_partner_sees_its_own_rows_and_all_of_them() -> None:
    domains, size = Unique(), Size(partners=24, deals=400, events=4_000)
    for plan in (plans.NORTHWIND, plans.HOSHIMORI):
        channel = load_vendor(plan, size, seed="1", end=END, domains=domains)
        with entered(system_scope(channel.vendor_id)), transaction.atomic():
            _check_all_rows(channel)
        partner = channel.partners[0]
        with entered(Scope(channel.vendor_id, partner_ids=frozenset({partner.id}))), transaction.atomic():
            assert set(Deal.objects.values_list("partner_id", flat=True)) == {partner.id}
            assert list(Partner.objects.values_list("slug", flat=True)) == [partner.slug]
            assert set(PortalEvent.objects.values_list("partner_id", flat=True)) == {partner.id}
    with transaction.atomic():
        assert Deal.objects.count() == 0


def _check_all_rows(channel: Channel) -> None:
    assert Partner.objects.count() == 24
    assert Deal.objects.count() == 400
    assert set(PortalEvent.objects.values_list("vendor_id", flat=True)) == {channel.vendor_id}
    assert PortalEvent.objects.count() == pytest.approx(4_000, rel=0.02)
    claims = Protection.objects.filter(released_at=None).values_list("deal__status", flat=True)
    assert set(claims) == {"approved"}


@in_both_databases
def test_loading_with_indexes_built_afterwards_leaves_the_schema_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = _schema()
    monkeypatch.setattr("demo.simulation.load.INDEXES_AFTERWARDS", 1)
    load_vendor(plans.QUILLBRIDGE, Size(partners=12, deals=60, events=500), seed="1", end=END)
    assert before
    assert _schema() == before


def _schema() -> set[tuple[str, str]]:
    """Definitions of all indexes and foreign keys. PostgreSQL spells casts of constants in two ways."""
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint "
            "where contype = 'f' and conparentid = 0 union "
            "select indrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index "
            "join pg_class c on c.oid = indrelid where not c.relispartition and "
            "indrelid::regclass::text ~ '^(portal|partners|deals|scorecards)_'"
        )
        return {(table, re.sub(r"::[a-z ]+|[()\[\]]", "", what)) for table, what in cursor.fetchall()}


@in_both_databases
def test_what_a_row_holds_survives_copying() -> None:
    hostile, like_null = "back\\slash\ttab\nline", "\\N"
    with transaction.atomic(using="owner"):
        vendor = Vendor.objects.using("owner").create(slug="odd", name="Odd")
        copy([(tables.PRODUCT, (10**12, vendor.pk, hostile, like_null, "", None))])
    with entered(system_scope(vendor.pk)), transaction.atomic():
        from partners.models import Product

        product = Product.objects.get()
    assert (product.name, product.code, product.family) == (hostile, like_null, "")
    assert (product.list_price, product.is_active) == (None, True)


# The demo -------------------------------------------------------------------------------------------

ROLES = {
    "partner_rep", "partner_admin", "distributor_rep", "distributor_admin", "channel_manager", "executive",
    "program_admin",
}  # fmt: skip


@pytest.fixture
def demo_mode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Small demo vendors, and a var/ folder of their own."""
    monkeypatch.setattr(vendors, "size_of", lambda plan: Size(partners=30, deals=300, events=3_000))
    with override_settings(DEMO=True, VAR_DIR=tmp_path):
        yield tmp_path / "demo.json"


def load_demo(*arguments: str) -> str:
    out = StringIO()
    call_command("load_demo", "--base-url", "http://localhost:8123", *arguments, stdout=out)
    return out.getvalue()


@in_both_databases
def test_load_demo_gives_every_role_of_every_vendor_a_login_that_works(demo_mode: Path) -> None:
    printed = load_demo()
    written = json.loads(demo_mode.read_text())
    assert written["base_url"] == "http://localhost:8123"
    roles, vendors_of = defaultdict(set), defaultdict(set)
    for login in written["logins"]:
        assert set(login) == {"vendor", "role", "partner", "sees", "email", "password", "url"}
        assert login["url"] == f"http://localhost:8123/v/{login['vendor']}/"
        assert login["email"] in printed
        roles[login["vendor"]].add(login["role"])
        vendors_of[login["email"]].add(login["vendor"])
        assert login["sees"] == _seen_by(login) == _expected(login), login
    assert all(roles[plan.slug] >= ROLES for plan in plans.VENDORS)
    assert [at for at in vendors_of.values() if len(at) > 1] == [{"northwind", "quillbridge"}]
    assert demo_mode.stat().st_mode & 0o077 == 0


def _seen_by(login: dict[str, Any]) -> list[str] | str:
    """Sign in as the person through the portal's own form and ask the database under their scope."""
    vendor = Vendor.objects.get(slug=login["vendor"])
    client = PortalClient(vendor, headers={"host": "localhost"})
    posted = client.post(
        "/accounts/login/", {"login": login["email"], "password": login["password"]}, secure=True
    )
    assert posted.status_code == 302, login["email"]
    answer = client.get("/partners/", secure=True)
    assert answer.status_code in (200, 302, 403, 404)
    scope = answer.wsgi_request.actor.scope
    with entered(scope), transaction.atomic():
        slugs = sorted(Partner.objects.values_list("slug", flat=True))
    with entered(system_scope(vendor.pk)), transaction.atomic():
        return "all" if len(slugs) == Partner.objects.count() else slugs


def _expected(login: dict[str, Any]) -> list[str] | str:
    """What the hierarchy and the regions say."""
    with entered(system_scope(Vendor.objects.get(slug=login["vendor"]).pk)), transaction.atomic():
        return _below(login)


def _below(login: dict[str, Any]) -> list[str] | str:
    if login["role"] in ("executive", "program_admin", "superuser"):
        return "all"
    if login["role"] == "channel_manager":
        manager = Membership.objects.get(user__email=login["email"]).user
        rows = Partner.objects.filter(region__group__in=manager.groups.all())
    elif login["role"].startswith("distributor"):
        rows = Partner.objects.filter(slug=login["partner"]) | Partner.objects.filter(
            parent__slug=login["partner"]
        )
    else:
        rows = Partner.objects.filter(slug=login["partner"])
    slugs = sorted(rows.values_list("slug", flat=True))
    assert slugs
    return slugs


@in_both_databases
def test_load_demo_again_changes_nothing_but_a_lost_password(demo_mode: Path) -> None:
    load_demo()
    before = demo_mode.read_text(), _counts()
    assert before[1]["scorecards"] > 0
    printed = load_demo()
    assert (demo_mode.read_text(), _counts()) == before
    assert "is there; its data end on" in printed
    demo_mode.unlink()
    load_demo()
    old, new = (json.loads(text)["logins"][0] for text in (before[0], demo_mode.read_text()))
    assert new["email"] == old["email"]
    assert new["password"] != old["password"]
    assert _seen_by(new) == new["sees"]


def _counts() -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for vendor in Vendor.objects.all():
        with entered(system_scope(vendor.pk)), transaction.atomic():
            for name, model in (("deals", Deal), ("events", PortalEvent), ("scorecards", Scorecard)):
                counts[name] += model.objects.count()
            counts["memberships"] += Membership.objects.count()
    return counts


@pytest.mark.django_db
def test_load_demo_refuses_outside_the_demo(settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="DEMO=1"):
        load_demo()
    assert not Vendor.objects.exists()


# Any size -------------------------------------------------------------------------------------------


@in_both_databases
def test_simulate_loads_vendors_of_the_wanted_sizes() -> None:
    out = StringIO()
    sizes = {"partners": 25, "deals": 101, "events": 1500, "vendors": 2}
    call_command("simulate", slug="try", end=date(2026, 3, 31), **sizes, stdout=out, stderr=StringIO())
    found = []
    for vendor in Vendor.objects.order_by("slug"):
        with entered(system_scope(vendor.pk)), transaction.atomic():
            admins = Membership.objects.filter(role=Role.PROGRAM_ADMIN).count()
            found.append((vendor.slug, Partner.objects.count(), Deal.objects.count(), admins))
    assert found == [("try", 13, 51, 1), ("try-2", 12, 50, 1)]
    assert "25 partners, 101 deals" in out.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--partners=3", "--partners"),
        ("--partners=20000", "--partners"),
        ("--deals=2000000", "--deals"),
        ("--events=-1", "--events"),
        ("--vendors=0", "--vendors"),
        ("--slug=Not_A_Slug", "--slug"),
    ],
)
def test_simulate_refuses_what_cannot_be(arguments: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        call_command("simulate", arguments)
    assert not Vendor.objects.exists()


@pytest.mark.django_db
def test_simulate_never_touches_a_vendor_that_is_there(vendor: Vendor) -> None:
    with pytest.raises(CommandError, match="already"):
        call_command("simulate", f"--slug={vendor.slug}")
