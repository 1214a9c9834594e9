"""What each role finds on its home, in the portfolio and on a scorecard."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deals.models import Deal
from partners.models import Partner
from portal.metrics import AsOf, metric
from scorecards import services
from scorecards.models import Scorecard
from tests import factories
from tests.worlds import VendorWorld

pytestmark = pytest.mark.django_db

BUDGET = 12


@pytest.fixture
def scored(world: VendorWorld, scoped: Any) -> VendorWorld:
    """The world with a year of deals for alpha and beta, scored last night and a week before."""
    with scoped(world.vendor):
        services.programme_defaults(world.vendor)
        for partner, wins in (("alpha", 6), ("beta", 4)):
            _year_of_deals(world, world.partners[partner], wins)
    _score(world)
    return world


def _year_of_deals(world: VendorWorld, partner: Partner, wins: int) -> None:
    now = timezone.now()
    for i in range(wins):
        closed = now - timedelta(days=30 * i + 3)
        factories.DealFactory(won=True, partner=partner, amount=50_000_00 + i, won_at=closed,
                              approved_at=closed - timedelta(days=40), submitted_at=closed - timedelta(days=42))  # fmt: skip
    factories.DealFactory(lost=True, partner=partner)
    stage = world.stages[1]
    for i in range(2):
        factories.approved_deal(partner=partner, amount=20_000_00, stage=stage, customer_name=f"Open {i} of {partner}",
                                expected_close=timezone.localdate() + timedelta(days=10 + i))  # fmt: skip


def _score(world: VendorWorld) -> None:
    yesterday = services.day_that_ended(world.vendor)
    for days in (7, 0):
        services.nightly(vendor=world.vendor, as_of=yesterday - timedelta(days=days))


def test_pages_render(scored: VendorWorld, client_as: Any) -> None:
    manager = client_as(scored.people["manager"])
    for path in (
        "/",
        "/portfolio/",
        "/partners/alpha/scorecard/",
        "/partners/alpha/scorecard/card/",
        "/partners/alpha/scorecard/win_rate/",
    ):
        answer = manager.get(path)
        assert answer.status_code == 200, path
    partner = client_as(scored.people["partner_admin"])
    for path in ("/", "/scorecard/"):
        assert partner.get(path).status_code == 200, path
