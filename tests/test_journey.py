"""One deal from sign-in to a new score, in a real browser, with a real worker."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connections, transaction
from django.utils import timezone

from deals.deal.models import Deal
from deals.protection.models import Protection
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from scorecards import services as scorecards
from scorecards.models import Scorecard
from tests.support.patience import patient
from tests.support.worlds import VendorWorld

pytestmark = pytest.mark.django_db(transaction=True)
RESCORED_WITHIN = 60  # seconds, from the win to the new figures on the page


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker of its own, on the test's database and Redis."""
    url = urlsplit(os.environ["DATABASE_URL"])
    database = urlunsplit(url._replace(path=f"/{connections['default'].settings_dict['NAME']}"))
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "portal",
        "worker",
        "--concurrency=1",
        "--loglevel=WARNING",
    ]
    surroundings = {"DATABASE_URL": database, "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    process = subprocess.Popen(command, env={**os.environ, **surroundings})
    yield process
    process.terminate()
    process.wait(timeout=patient(30))


def test_sign_in_register_approve_win_and_see_the_new_score(
    worker: Any, browser_of: Any, world: VendorWorld
) -> None:
    yesterday = timezone.now().astimezone(world.vendor.zone).date() - timedelta(days=1)
    scorecards.nightly(vendor=world.vendor, as_of=yesterday)
    partner, manager = browser_of(world.people["partner_rep"], width=390), browser_of(world.people["manager"])

    register(partner)
    reference = partner.url.rstrip("/").rsplit("/", 1)[1]
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        assert Deal.objects.get().reference == reference

    approve(manager, reference)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        assert Protection.objects.filter(released_at=None).count() == 1

    partner.reload()
    win(partner)
    won_at = time.monotonic()
    while not rescored(world):
        assert worker.poll() is None, "the worker has died"
        assert time.monotonic() - won_at < RESCORED_WITHIN, "no new score within a minute of the win"
        time.sleep(0.5)

    partner.goto(partner.url.split("/deals/")[0] + "/scorecard/")
    assert "€118,000" in partner.locator("main").inner_text()
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        told = set(
            PortalEvent.objects.filter(partner_id=world.partners["beta"].pk).values_list("type", flat=True)
        )
    assert {"portal.login", "deals.submitted", "deals.approved", "deals.won"} <= told


def register(page: Any) -> None:
    page.get_by_role("link", name="Register a deal").first.click()
    page.get_by_label("Legal name").fill("Hohe Tauern Energie AG")
    page.get_by_label("Website or e-mail domain").fill("hohe-tauern.example.at")
    page.locator("[name=customer_country]").select_option("AT")
    page.get_by_label("Contact at the customer").fill("Head of logistics")
    page.locator("[name=lines-0-product]").select_option(label="Arm")
    page.locator("[name=amount]").fill("118,000")
    page.locator("[name=expected_close]").fill((timezone.localdate() + timedelta(days=40)).isoformat())
    page.get_by_label("What does the customer want to do?").fill("Move spare parts between two halls.")
    page.get_by_role("button", name="Submit for approval").click()
    page.wait_for_url("**/deals/D-*/")
    assert "Hohe Tauern Energie AG" in page.locator("main").inner_text()


def approve(page: Any, reference: str) -> None:
    page.goto(page.url.rstrip("/") + f"/deals/{reference}/")
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Approved and protected").wait_for()


def win(page: Any) -> None:
    page.locator("summary", has_text="Mark as won").click()
    page.locator("form[action$='/won/']").get_by_role("button", name="Mark as won").click()
    page.get_by_text("Congratulations").wait_for()


def rescored(world: VendorWorld) -> bool:
    """Whether a scorecard of beta counts the 118,000.00 that were won."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        return Scorecard.objects.filter(partner=world.partners["beta"], bookings=118_000_00).exists()
