"""What each role finds on its home, in the portfolio and on a scorecard."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from itertools import chain
from typing import Any

import plotly.graph_objects as go
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deals.deal.models import Deal, DealStatus
from partners.models import Partner
from portal.events.models import PortalEvent
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from scorecards import services
from scorecards.models import LatestScore, Scorecard
from tests.support import factories
from tests.support.worlds import PortalClient, VendorWorld, add_person

pytestmark = pytest.mark.django_db

ClientAs = Callable[..., PortalClient]
BUDGET = 12
METRICS = (
    "win_rate", "bookings", "open_pipeline", "weighted_pipeline", "sales_cycle", "pipeline_velocity",
    "bookings_growth", "deal_size", "registrations",
)  # fmt: skip


@pytest.fixture
def scored(world: VendorWorld, scoped: Any) -> VendorWorld:
    """The world with a year of deals for alpha, beta and gamma, scored last night and a week before."""
    with scoped(world.vendor):
        services.programme_defaults(world.vendor)
        for name, wins in (("alpha", 10), ("beta", 6), ("gamma", 4)):
            year_of_deals(world, world.partners[name], wins)
    score(world)
    return world


def year_of_deals(world: VendorWorld, partner: Partner, wins: int) -> None:
    """One win every 30 days, two losses and two open deals."""
    now = timezone.now()
    for i in range(wins):
        closed = now - timedelta(days=30 * i + 3)
        moments = {
            "won_at": closed,
            "approved_at": closed - timedelta(days=40 + i),
            "submitted_at": closed - timedelta(days=42 + i),
        }
        factories.DealFactory(won=True, partner=partner, amount=(50_000 + 1_000 * i) * 100, **moments)
    factories.DealFactory.create_batch(2, lost=True, partner=partner)
    for days in (10, 45):
        closing = timezone.localdate() + timedelta(days=days)
        deal = factories.approved_deal(
            partner=partner, amount=20_000_00, stage=world.stages[1], expected_close=closing
        )
        deal.stage_changes.create(partner=partner, stage=world.stages[1], changed_at=deal.approved_at)


def score(world: VendorWorld) -> None:
    yesterday = services.day_that_ended(world.vendor)
    for days in (35, 7, 0):
        services.nightly(vendor=world.vendor, as_of=yesterday - timedelta(days=days))


def text_of(answer: Any) -> str:
    """The page as a reader sees it: no tags, single spaces."""
    words = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", words.replace("&#x27;", "'").replace("&quot;", '"').replace("&amp;", "&"))


def heading_of(answer: Any) -> str:
    found = re.search(r"<h1>(.*?)</h1>", answer.content.decode(), re.DOTALL)
    assert found
    return re.sub(r"<[^>]+>", "", found[1]).strip()


def rows_of(answer: Any) -> list[str]:
    """First cells of the portfolio's rows, in order."""
    return re.findall(r'<th scope="row"><a href="[^"]*/partners/([^/"]+)/', answer.content.decode())


def lines_of(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def statements(client: PortalClient, path: str) -> int:
    """SQL statements of a second visit: the first of a session records the sign-in.

    Within a test the request's transaction is a savepoint, and its scope is taken back at the end; outside
    neither is a statement.
    """
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    assert answer.status_code == 200
    sent = [query["sql"] for query in queries]
    assert sent.pop().startswith("SELECT set_config")
    return len([sql for sql in sent if not sql.startswith(("SAVEPOINT", "RELEASE"))])


class TestVendorHome:
    def test_says_whose_approvals_are_overdue(
        self, scored: VendorWorld, scoped: Any, client_as: ClientAs
    ) -> None:
        with scoped(scored.vendor):
            late = timezone.now() - timedelta(hours=2)
            factories.DealFactory(
                submitted=True,
                partner=scored.partners["alpha"],
                decision_due_at=late,
                customer_name="Late & Co",
            )
            factories.DealFactory(submitted=True, partner=scored.partners["gamma"], customer_name="Not mine")
        answer = client_as(scored.people["manager"]).get("/")
        assert heading_of(answer).startswith("One approval is overdue")
        text = text_of(answer)
        assert "Waiting for your decision 1" in text
        assert "Late & Co" in text
        assert "2 h over" in text
        assert "Review" in text
        assert "Not mine" not in text

    def test_executive_sees_everything_and_decides_nothing(
        self, scored: VendorWorld, scoped: Any, client_as: ClientAs
    ) -> None:
        with scoped(scored.vendor):
            factories.DealFactory(submitted=True, partner=scored.partners["gamma"], customer_name="Somebody")
        answer = client_as(scored.people["executive"]).get("/")
        text = text_of(answer)
        assert "booked in Q" in heading_of(answer)
        assert "Somebody" in text
        assert "Review" not in text
        assert "gamma" in rows_of(answer)

    def test_a_manager_sees_granted_partners_only(self, scored: VendorWorld, client_as: ClientAs) -> None:
        assert set(rows_of(client_as(scored.people["manager"]).get("/portfolio/"))) == {
            "alpha",
            "beta",
            "delta",
        }
        assert set(rows_of(client_as(scored.people["program_admin"]).get("/portfolio/"))) == {
            "alpha", "beta", "gamma", "delta"
        }  # fmt: skip

    def test_says_what_to_expect_where_nothing_is_there_yet(
        self, world: VendorWorld, client_as: ClientAs
    ) -> None:
        text = text_of(client_as(world.people["other_manager"]).get("/"))
        assert "Nothing waits for a decision" in text
        assert "No scorecards yet" in text
        assert "Import partners" not in text

    def test_leads_the_admin_of_a_new_vendor_to_the_import(
        self, vendor: Vendor, scoped: Any, client_as: ClientAs
    ) -> None:
        with scoped(vendor):
            admin = add_person(vendor, "admin", Role.PROGRAM_ADMIN)
        answer = client_as(admin).get("/")
        assert "/v/acme/admin/partners/partner/import/" in answer.content.decode()

    def test_marks_a_scorecard_as_a_page_of_partners(self, world: VendorWorld, client_as: ClientAs) -> None:
        page = client_as(world.people["manager"]).get("/partners/beta/scorecard/").content.decode()
        current = re.findall(r'<a href="([^"]+)"[^>]*aria-current="page"', page)
        assert "/v/acme/partners/" in current
        assert "/v/acme/portfolio/" not in current

    def test_counts_the_quarter_and_the_decisions(
        self, scored: VendorWorld, scoped: Any, client_as: ClientAs
    ) -> None:
        now = timezone.now()
        with scoped(scored.vendor):
            for hours in (2, 10, 60):
                sent = now - timedelta(hours=hours)
                factories.approved_deal(
                    partner=scored.partners["alpha"],
                    pending_since=sent,
                    approved_at=now,
                    decision_due_at=sent + timedelta(hours=48),
                )
            factories.approved_deal(
                partner=scored.partners["alpha"], expires_at=now + timedelta(days=3), amount=7_000_00
            )
        answer = client_as(scored.people["manager"]).get("/")
        text = text_of(answer)
        assert "10 h median 2 of 3 within the 16 working hours promised" in text
        assert "Protection ending in 14 days 1 deal, €7,000" in text


class TestPortfolio:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("q=bet", ["beta"]),
            ("q=BETA", ["beta"]),
            ("type=distributor", ["alpha"]),
            ("band=none", ["delta"]),
            ("q=zzz", []),
        ],
    )
    def test_filters(self, scored: VendorWorld, client_as: ClientAs, query: str, expected: list[str]) -> None:
        assert rows_of(client_as(scored.people["program_admin"]).get(f"/portfolio/?{query}")) == expected

    def test_filters_by_tier_region_and_band(self, scored: VendorWorld, client_as: ClientAs) -> None:
        client = client_as(scored.people["program_admin"])
        gold, west = scored.tiers[1], scored.regions["west"]
        assert rows_of(client.get(f"/portfolio/?tier={gold.pk}")) == ["alpha"]
        assert rows_of(client.get(f"/portfolio/?region={west.pk}")) == ["delta"]
        bands = {
            band: rows_of(client.get(f"/portfolio/?band={band}")) for band in ("healthy", "watch", "poor")
        }
        assert sorted(chain(*bands.values())) == ["alpha", "beta", "gamma"]
        assert len(bands["healthy"]) < 3

    @pytest.mark.parametrize("query", ["tier=999999", "tier=x", "type=king", "band=purple", "q=" + "a" * 200])
    def test_a_filter_that_makes_no_sense_is_said_so(
        self, scored: VendorWorld, client_as: ClientAs, query: str
    ) -> None:
        answer = client_as(scored.people["manager"]).get(f"/portfolio/?{query}")
        assert answer.status_code == 422
        assert "before the list can be filtered" in text_of(answer)

    def test_sorts_both_ways(self, scored: VendorWorld, client_as: ClientAs) -> None:
        client = client_as(scored.people["program_admin"])
        names = ["alpha", "beta", "delta", "gamma"]
        assert rows_of(client.get("/portfolio/?sort=partner")) == names
        assert rows_of(client.get("/portfolio/?sort=-partner")) == names[::-1]
        assert rows_of(client.get("/portfolio/?sort=-booked"))[0] == "alpha"
        assert rows_of(client.get("/portfolio/?sort=health")) == rows_of(client.get("/portfolio/"))
        assert rows_of(client.get("/portfolio/?sort=password")) == rows_of(client.get("/portfolio/"))

    def test_lowest_health_first_and_the_unscored_last(
        self, scored: VendorWorld, client_as: ClientAs
    ) -> None:
        answer = client_as(scored.people["program_admin"]).get("/portfolio/")
        healths = [row["now"] for row in answer.context["rows"]]
        assert healths[:3] == sorted(healths[:3])
        assert healths[3] is None
        assert rows_of(answer)[3] == "delta"

    @pytest.mark.parametrize("page", ["1", "2", "99", "0", "-1", "x", "9" * 40])
    def test_any_page_number_gives_a_page(self, scored: VendorWorld, client_as: ClientAs, page: str) -> None:
        answer = client_as(scored.people["program_admin"]).get(f"/portfolio/?page={page}")
        assert answer.status_code == 200
        assert len(rows_of(answer)) == 4

    def test_pages_hold_fifty(self, scored: VendorWorld, scoped: Any, client_as: ClientAs) -> None:
        many_partners(scored, scoped, 55)
        client = client_as(scored.people["program_admin"])
        first, last = (client.get(f"/portfolio/?sort=partner&page={page}") for page in (1, 2))
        assert (len(rows_of(first)), len(rows_of(last))) == (50, 9)
        assert "51–59 of 59 partners" in text_of(last)
        assert rows_of(client.get("/portfolio/?sort=partner&page=7")) == rows_of(last)

    def test_the_fragment_is_the_same_table_without_the_page(
        self, scored: VendorWorld, client_as: ClientAs
    ) -> None:
        client = client_as(scored.people["manager"])
        swap = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "portfolio"}
        for path in ("/portfolio/?sort=-booked", "/?sort=-booked"):
            fragment = client.get(path, **swap)
            assert fragment.content.strip().startswith(b'<section class="sec" id="portfolio"')
            assert rows_of(fragment) == rows_of(client.get("/portfolio/?sort=-booked"))

    def test_partner_people_have_none(self, scored: VendorWorld, client_as: ClientAs) -> None:
        for person in ("partner_admin", "distributor_admin"):
            client = client_as(scored.people[person])
            assert client.get("/portfolio/").status_code == 404
            assert client.get("/portfolio/export/").status_code == 404


class TestMap:
    def test_draws_what_plotly_accepts(self, scored: VendorWorld, client_as: ClientAs) -> None:
        answer = client_as(scored.people["program_admin"]).get("/portfolio/map/")
        figure = go.Figure(unthemed(answer.context["figure"]))
        assert len(figure.data[0].x) == 3
        assert figure.data[0].customdata[0] == "/v/acme/partners/alpha/scorecard/"
        assert max(figure.data[0].y) == 40_000

    def test_loads_the_charting_library_only_there(self, scored: VendorWorld, client_as: ClientAs) -> None:
        client = client_as(scored.people["manager"])
        assert b"plotly" in client.get("/portfolio/map/").content
        for path in ("/", "/portfolio/", "/partners/alpha/scorecard/"):
            assert b"plotly" not in client.get(path).content

    def test_says_where_pipeline_is_in_weak_hands(
        self, scored: VendorWorld, scoped: Any, client_as: ClientAs
    ) -> None:
        with scoped(scored.vendor):
            LatestScore.objects.filter(partner=scored.partners["beta"]).update(sales=20)
            LatestScore.objects.exclude(partner=scored.partners["beta"]).update(sales=80)
        answer = client_as(scored.people["manager"]).get("/portfolio/map/")
        assert heading_of(answer) == "One partner with a poor sales score holds €40,000 of open pipeline"
        assert "All 2 partners." in text_of(answer), "delta has joined today and has nothing yet"

    def test_says_so_where_nobody_is_scored(self, world: VendorWorld, client_as: ClientAs) -> None:
        assert "No scores yet" in text_of(client_as(world.people["executive"]).get("/portfolio/map/"))


def unthemed(value: Any) -> Any:
    """The figure with plain colours where the page puts those of its theme."""
    if isinstance(value, dict):
        return {key: unthemed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [unthemed(inner) for inner in value]
    return "#123456" if isinstance(value, str) and value.startswith("--") else value


class TestPortfolioExport:
    def test_takes_along_what_is_filtered_and_sorted(self, scored: VendorWorld, client_as: ClientAs) -> None:
        lines = lines_of(
            client_as(scored.people["program_admin"]).get("/portfolio/export/?sort=-partner&q=b")
        )
        assert lines[0][:3] == ["Partner", "Key", "Type"]
        assert [line[1] for line in lines[1:]] == ["beta"]
        assert lines[1][-1] == "EUR"
        assert lines[1][-2] == "315000.00"

    def test_a_name_that_looks_like_a_formula_stays_text(
        self, scored: VendorWorld, scoped: Any, client_as: ClientAs
    ) -> None:
        with scoped(scored.vendor):
            Partner.objects.filter(slug="beta").update(name='=HYPERLINK("https://evil.example")')
        lines = lines_of(client_as(scored.people["program_admin"]).get("/portfolio/export/"))
        names = [line[0] for line in lines[1:]]
        assert '\'=HYPERLINK("https://evil.example")' in names
        assert not any(name.startswith("=") for name in names)

    def test_is_recorded(self, scored: VendorWorld, scoped: Any, client_as: ClientAs) -> None:
        client_as(scored.people["executive"]).get("/portfolio/export/")
        with scoped(scored.vendor):
            event = PortalEvent.objects.get(type="portal.exported")
        assert event.actor_id == scored.people["executive"].user.pk


class TestPartnerHome:
    def test_says_whose_turn_it_is(self, scored: VendorWorld, scoped: Any, client_as: ClientAs) -> None:
        beta, now = scored.partners["beta"], timezone.now()
        with scoped(scored.vendor):
            factories.DealFactory(
                partner=beta, status=DealStatus.RETURNED, returned_at=now, decision_reason="Which site?",
                customer_name="Returned Ltd",
            )  # fmt: skip
            factories.DealFactory(partner=beta, customer_name="Draft Ltd")
            factories.approved_deal(
                partner=beta, expires_at=now + timedelta(days=3), customer_name="Ending Ltd"
            )
            factories.DealFactory(
                submitted=True, partner=beta, pending_since=now, customer_name="Pending Ltd"
            )
            factories.DealFactory(partner=scored.partners["alpha"], customer_name="Somebody else")
        answer = client_as(scored.people["partner_rep"]).get("/")
        text = text_of(answer)
        assert heading_of(answer) == "Three things wait for you, one waits for Acme Robotics"
        assert text.index("Which site?") < text.index("Ending Ltd") < text.index("Draft Ltd")
        assert "Pending Ltd" in text
        assert "Somebody else" not in text

    def test_next_money_is_weighted_by_the_stage(self, scored: VendorWorld, client_as: ClientAs) -> None:
        text = text_of(client_as(scored.people["partner_rep"]).get("/"))
        assert "Next money: €10,000 likely by" in text
        assert "1 deal, €10,000 weighted by stage" in text
        assert "2 approved deals, €20,000 weighted" in text

    def test_distributors_see_their_sub_partners(self, scored: VendorWorld, client_as: ClientAs) -> None:
        text = text_of(client_as(scored.people["distributor_admin"]).get("/"))
        assert "Your sub-partners 1" in text
        assert "Gamma of acme" in text
        assert "Your sub-partners" not in text_of(client_as(scored.people["partner_rep"]).get("/"))

    def test_nobody_else_is_named(self, scored: VendorWorld, scoped: Any, client_as: ClientAs) -> None:
        many_partners(scored, scoped, 8)
        for path in ("/", "/scorecard/"):
            text = text_of(client_as(scored.people["partner_rep"]).get(path))
            assert "percentile of" in text
            assert not re.search(r"Alpha of|Delta of|Peer \d", text)


class TestScorecard:
    def test_shows_what_is_measured_and_says_what_is_not(
        self, scored: VendorWorld, client_as: ClientAs
    ) -> None:
        answer = client_as(scored.people["manager"]).get("/partners/alpha/scorecard/")
        text = text_of(answer)
        assert heading_of(answer).startswith("Alpha of acme scores ")
        assert "Coverage 35%: 9 of 18 metrics have enough data" in text
        assert "marketing is not measured yet" in text
        assert "10 won ÷ (10 won + 2 lost) = 83.3%" in text
        assert "Recompute" in text

    def test_not_enough_data_is_never_zero(self, scored: VendorWorld, client_as: ClientAs) -> None:
        text = text_of(client_as(scored.people["manager"]).get("/partners/delta/scorecard/"))
        assert "Not enough data" in text
        assert "Left out, not counted as 0" in text
        assert "Needs at least 5 closed deals." in text

    def test_own_is_for_partner_people(self, scored: VendorWorld, client_as: ClientAs) -> None:
        answer = client_as(scored.people["partner_rep"]).get("/scorecard/")
        assert heading_of(answer).startswith("You score ")
        assert "Recompute" not in text_of(answer)
        for person in ("manager", "executive", "program_admin"):
            assert client_as(scored.people[person]).get("/scorecard/").status_code == 404

    @pytest.mark.parametrize("tail", ["", "card/", "win_rate/", "win_rate/export/", "?as_of=2026-01-31"])
    def test_other_peoples_are_not_there(self, scored: VendorWorld, client_as: ClientAs, tail: str) -> None:
        seen = {
            "partner_rep": {"beta"},
            "distributor_rep": {"alpha", "gamma"},
            "manager": {"alpha", "beta", "delta"},
            "other_manager": set(),
            "executive": {"alpha", "beta", "gamma", "delta"},
        }
        for person, reach in seen.items():
            client = client_as(scored.people[person])
            found = {
                slug
                for slug in scored.partners
                if client.get(f"/partners/{slug}/scorecard/{tail}").status_code == 200
            }
            assert found == reach, person

    def test_another_vendors_is_not_there(
        self, scored: VendorWorld, other_world: VendorWorld, client_as: ClientAs
    ) -> None:
        stranger = client_as(scored.people["program_admin"], other_world.vendor)
        assert stranger.get("/partners/alpha/scorecard/").status_code == 404

    @pytest.mark.parametrize(
        ("day", "message"),
        [
            ("2999-01-01", "This day has not come yet"),
            ("0001-01-01", "There are no records that old"),
            ("1999-12-31", "There are no records that old"),
            ("31.12.2025", "Give a day as year-month-day"),
            ("2026-02-30", "Give a day as year-month-day"),
            ("'; drop table", "Give a day as year-month-day"),
        ],
    )
    def test_a_day_that_makes_no_sense_is_said_so(
        self, scored: VendorWorld, client_as: ClientAs, day: str, message: str
    ) -> None:
        client = client_as(scored.people["manager"])
        for path in ("/partners/alpha/scorecard/", "/partners/alpha/scorecard/bookings/"):
            answer = client.get(path, {"as_of": day})
            assert answer.status_code == 422, path
            assert message in text_of(answer)
            assert 'aria-describedby="id_as_of-e"' in answer.content.decode()
        assert client.get("/partners/alpha/scorecard/bookings/export/", {"as_of": day}).status_code == 404

    def test_a_past_day_is_computed_from_what_was_known_then(
        self, scored: VendorWorld, client_as: ClientAs
    ) -> None:
        client = client_as(scored.people["manager"])
        day = timezone.localdate() - timedelta(days=100)
        answer = client.get(f"/partners/alpha/scorecard/?as_of={day}")
        assert answer.status_code == 200
        assert f'value="{day}"' in answer.content.decode()
        assert "6 won deals" in text_of(answer)

    def test_today_is_computed_too(self, scored: VendorWorld, client_as: ClientAs) -> None:
        today = timezone.localdate().isoformat()
        assert (
            client_as(scored.people["manager"]).get(f"/partners/alpha/scorecard/?as_of={today}").status_code
            == 200
        )

    def test_the_card_is_a_fragment(self, scored: VendorWorld, client_as: ClientAs) -> None:
        answer = client_as(scored.people["manager"]).get("/partners/alpha/scorecard/card/")
        assert b"<html" not in answer.content
        assert "Win rate" in text_of(answer)


class TestRecompute:
    def test_a_manager_sees_the_new_figures(
        self, scored: VendorWorld, scoped: Any, client_as: ClientAs
    ) -> None:
        with scoped(scored.vendor):
            factories.DealFactory(won=True, partner=scored.partners["alpha"], won_at=timezone.now())
        client = client_as(scored.people["manager"])
        answer = client.post("/partners/alpha/scorecard/recompute/", follow=True)
        text = text_of(answer)
        assert "Recomputed" in text
        assert "11 won ÷ (11 won + 2 lost)" in text
        with scoped(scored.vendor):
            assert Scorecard.objects.get(partner=scored.partners["alpha"], as_of=timezone.localdate())
        assert rows_of(client.get("/portfolio/")).count("alpha") == 1

    def test_nobody_else_may(self, scored: VendorWorld, client_as: ClientAs) -> None:
        path = "/partners/alpha/scorecard/recompute/"
        assert client_as(scored.people["executive"]).post(path).status_code == 403
        assert client_as(scored.people["distributor_admin"]).post(path).status_code == 403
        assert client_as(scored.people["partner_admin"]).post(path).status_code == 404
        assert client_as(scored.people["other_manager"]).post(path).status_code == 404
        assert client_as(scored.people["manager"]).get(path).status_code == 302


class TestRowsBehindAFigure:
    @pytest.mark.parametrize("key", METRICS)
    def test_the_page_and_the_file_list_the_rows_that_count(
        self, scored: VendorWorld, scoped: Any, client_as: ClientAs, key: str
    ) -> None:
        client = client_as(scored.people["manager"])
        answer = client.get(f"/partners/alpha/scorecard/{key}/")
        assert answer.status_code == 200
        listed = answer.context["page"].paginator.count
        lines = lines_of(client.get(f"/partners/alpha/scorecard/{key}/export/"))
        assert len(lines) - 1 == listed
        with scoped(scored.vendor):
            result = Scorecard.objects.filter(partner=scored.partners["alpha"]).first().results[key]
        counted = {
            "pipeline_velocity": 14,  # two open, ten won, two lost
            "bookings_growth": result["beside"] and sum(result["beside"].values()),
        }
        assert listed == counted.get(key, result["n"])

    def test_they_add_up_to_the_figure(self, scored: VendorWorld, client_as: ClientAs) -> None:
        client = client_as(scored.people["manager"])
        figures = {
            key: dict(client.get(f"/partners/alpha/scorecard/{key}/").context["totals"]) for key in METRICS
        }
        assert figures["win_rate"] == {"Won": "10", "Lost": "2"}
        assert figures["bookings"]["Sum of amounts"] == "€545,000"
        assert figures["open_pipeline"]["Sum of amounts"] == "€40,000"
        assert figures["weighted_pipeline"]["Weighted sum"] == "€20,000"
        assert figures["deal_size"]["Mean"] == "€54,500"
        assert figures["sales_cycle"]["Mean"] == "44.5 days"
        assert figures["bookings_growth"] == {"Last 180 days": "€315,000", "180 days before": "€230,000"}

    def test_the_day_is_kept_all_the_way(self, scored: VendorWorld, client_as: ClientAs) -> None:
        client = client_as(scored.people["manager"])
        day = timezone.localdate() - timedelta(days=100)
        answer = client.get(f"/partners/alpha/scorecard/bookings/?as_of={day}")
        assert answer.context["page"].paginator.count == 6
        assert len(lines_of(client.get(answer.context["export_url"]))) == 7

    def test_what_came_after_the_day_does_not_show(
        self, scored: VendorWorld, scoped: Any, client_as: ClientAs
    ) -> None:
        """A deal won since was open on that day, and is listed so."""
        day = timezone.localdate() - timedelta(days=10)
        answer = client_as(scored.people["manager"]).get(
            f"/partners/alpha/scorecard/open_pipeline/?as_of={day}"
        )
        assert answer.context["page"].paginator.count == 3
        assert dict(answer.context["totals"])["Sum of amounts"] == "€90,000"

    def test_an_unknown_metric_is_not_there(self, scored: VendorWorld, client_as: ClientAs) -> None:
        client = client_as(scored.people["manager"])
        assert client.get("/partners/alpha/scorecard/shoe_size/").status_code == 404
        assert client.get("/partners/alpha/scorecard/shoe_size/export/").status_code == 404

    def test_a_customer_named_like_a_formula_stays_text(
        self, scored: VendorWorld, scoped: Any, client_as: ClientAs
    ) -> None:
        with scoped(scored.vendor):
            factories.approved_deal(partner=scored.partners["alpha"], customer_name="@SUM(1+1)")
        client = client_as(scored.people["manager"])
        today = timezone.localdate()
        lines = lines_of(client.get(f"/partners/alpha/scorecard/open_pipeline/export/?as_of={today}"))
        assert "'@SUM(1+1)" in [line[1] for line in lines]


def many_partners(world: VendorWorld, scoped: Any, count: int) -> None:
    """Partners with deals and scorecards, all sub-partners of alpha and granted to nobody in particular."""
    with scoped(world.vendor):
        for i in range(count):
            partner = factories.PartnerFactory(
                slug=f"peer-{i}", name=f"Peer {i}", tier=world.tiers[0], parent=world.partners["alpha"]
            )
            factories.DealFactory(won=True, partner=partner)
            factories.DealFactory(submitted=True, partner=partner, pending_since=timezone.now())
    with scoped(world.vendor):
        days = sorted(set(Scorecard.objects.values_list("as_of", flat=True)))
        Scorecard.objects.all().delete()  # what was kept stays as it is: these partners were not known then
        for day in days:
            services.score(vendor=world.vendor, as_of=day)


def many_deals(world: VendorWorld, partner: Partner, count: int) -> None:
    """Of every kind that a home page lists."""
    now = timezone.now()
    for kind in (
        {"submitted": True, "pending_since": now},
        {"status": DealStatus.RETURNED, "returned_at": now},
        {},
        {"approved": True, "expires_at": now + timedelta(days=5), "expected_close": timezone.localdate()},
        {"won": True},
    ):
        factories.DealFactory.create_batch(
            count, partner=partner, assigned_to=world.people["manager"].user, **kind
        )


class TestStatements:
    """The same number for few rows and for many, and never more than twelve."""

    STAFF = ("/", "/portfolio/", "/portfolio/map/", "/portfolio/?sort=-booked&q=p", "/portfolio/export/")
    PARTNER = ("/", "/scorecard/")
    BOTH = (
        "/partners/alpha/scorecard/",
        "/partners/alpha/scorecard/card/",
        *(f"/partners/alpha/scorecard/{key}/" for key in METRICS),
    )

    @pytest.mark.parametrize("person", ["program_admin", "executive", "manager", "distributor_admin"])
    def test_stay_the_same(self, scored: VendorWorld, scoped: Any, client_as: ClientAs, person: str) -> None:
        client = client_as(scored.people[person])
        paths = [*(self.PARTNER if person == "distributor_admin" else self.STAFF), *self.BOTH]
        with scoped(scored.vendor):
            many_deals(scored, scored.partners["alpha"], 1)
            factories.PartnerFactory(slug="peer", name="Peer of acme", parent=scored.partners["alpha"])
        score_again(scored, scoped)
        few = {path: statements(client, path) for path in paths}
        many_partners(scored, scoped, 50)
        with scoped(scored.vendor):
            many_deals(scored, scored.partners["alpha"], 50)
        score_again(scored, scoped)
        assert {path: statements(client, path) for path in paths} == few
        assert {path: n for path, n in few.items() if n > BUDGET} == {}

    def test_a_day_computed_on_the_spot_stays_within_the_budget(
        self, scored: VendorWorld, client_as: ClientAs
    ) -> None:
        day = timezone.localdate() - timedelta(days=50)
        client = client_as(scored.people["manager"])
        assert statements(client, f"/partners/alpha/scorecard/?as_of={day}") <= BUDGET
        assert statements(client, f"/partners/alpha/scorecard/win_rate/?as_of={day}") <= BUDGET


def score_again(world: VendorWorld, scoped: Any) -> None:
    with scoped(world.vendor):
        services.score(vendor=world.vendor, as_of=services.day_that_ended(world.vendor))


@pytest.mark.parametrize(
    ("export", "listed"),
    [
        ("/portfolio/export/?tier=no-such", "/v/acme/portfolio/?tier=no-such"),
        ("/partners/partners.csv?tier=no-such", "/v/acme/partners/?tier=no-such"),
        ("/deals/export/?status=no-such", "/v/acme/deals/?status=no-such"),
    ],
)
def test_a_filter_that_is_wrong_gives_no_file_of_everything(
    export: str, listed: str, world: VendorWorld, client_as: ClientAs
) -> None:
    client = client_as(world.people["manager"])
    answer = client.get(export)
    assert (answer.status_code, answer.headers.get("Location")) == (302, listed)
    assert client.get(listed).status_code == 422


def test_a_rep_limited_to_their_own_deals_sees_no_rows_of_colleagues(
    scored: VendorWorld, scoped: Any, client_as: ClientAs
) -> None:
    rep, path = client_as(scored.people["partner_rep"]), "/partners/beta/scorecard/bookings/"
    with scoped(scored.vendor):
        own, other = Deal.objects.filter(partner__slug="beta", status=DealStatus.WON)[:2]
        Deal.objects.filter(pk=own.pk).update(registered_by=scored.people["partner_rep"].user)
    assert other.reference in rep.get(path).content.decode()
    with scoped(scored.vendor):
        Partner.objects.filter(slug="beta").update(own_deals_only=True)
    for address in (path, path + "export/"):
        shown = rep.get(address).content.decode()
        assert own.reference in shown
        assert other.reference not in shown
