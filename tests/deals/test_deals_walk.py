"""A contested registration from the form to the accepted proof: the partner's phone, the manager's desk."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from deals.deal.models import Deal
from deals.special_prices.models import BigDealTerms
from portal.tenancy.scope import entered, system_scope
from tests.support import deals
from tests.support.files import PDF
from tests.support.worlds import VendorWorld

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER = "Hohe Tauern Energie AG"


def test_contested_returned_approved_extended_and_won_with_proof(browser_of: Any, world: VendorWorld) -> None:
    """Gamma asked for the customer first. Beta is told so, never by whom; the manager compares."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        BigDealTerms.objects.create(proof_from=100_000_00)
    rival = deals.submitted(
        world.people["sub_rep"], world, customer_name=CUSTOMER, customer_domain="hohe-tauern.example.at"
    )
    partner, manager = browser_of(world.people["partner_rep"], width=390), browser_of(world.people["manager"])

    reference = register(partner)
    compare_and_return(manager, reference, rival)
    answer_and_resubmit(partner)
    approve(manager, reference)
    ask_for_more_time(partner)
    grant(manager)
    win_with_proof(partner)
    accept_proof(manager, reference)

    partner.goto(f"{partner.url.split('/deals/')[0]}/deals/{reference}/")
    told = partner.locator("main").inner_text()
    assert world.partners["gamma"].name not in told
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        deal = Deal.objects.get(reference=reference)
        assert deal.status == "won"
        assert deal.proof_accepted_at is not None
        assert deal.resubmissions == 1


def register(page: Any) -> str:
    """Types what the form asks for; sees before submitting that somebody else asks for the customer."""
    page.get_by_role("link", name="Register a deal").first.click()
    page.get_by_label("Legal name").fill("Hohe Tauern Energie")
    page.get_by_label("Website or e-mail domain").fill("www.hohe-tauern.example.at")
    page.locator("[name=customer_country]").select_option("AT")
    page.locator("[name=lines-0-product]").select_option(label="Arm")
    page.locator("#check").get_by_text("Arm: claimed").wait_for()
    page.get_by_label("Contact at the customer").fill("Head of logistics")
    page.locator("[name=amount]").fill("118,000")
    page.locator("[name=expected_close]").fill((timezone.localdate() + timedelta(days=40)).isoformat())
    page.get_by_label("What does the customer want to do?").fill("Move spare parts between two halls.")
    page.get_by_role("button", name="Submit for approval").click()
    page.wait_for_url("**/deals/D-*/")
    return str(page.url.rstrip("/").rsplit("/", 1)[1])


def compare_and_return(page: Any, reference: str, rival: Deal) -> None:
    page.goto(page.url.rstrip("/") + "/deals/inbox/")
    row = page.locator("table.appr tr", has_text=reference)
    assert "Contested" in row.inner_text()
    row.get_by_role("link", name="Compare").click()
    page.get_by_text(f"also registered by {rival.partner.name}").wait_for()
    page.locator("summary", has_text="Return with a question").click()
    page.locator("form[action$='/return/'] textarea").fill("Who decides at the customer?")
    page.locator("form[action$='/return/']").get_by_role("button", name="Return").click()
    page.locator(".head", has_text="waiting for the partner").wait_for()


def answer_and_resubmit(page: Any) -> None:
    page.reload()
    page.get_by_text("Who decides at the customer?").first.wait_for()
    page.get_by_role("link", name="Answer and submit again").click()
    page.get_by_label("Notes").fill("The head of logistics decides alone.")
    page.get_by_role("button", name="Submit again").click()
    page.wait_for_url("**/deals/D-*/")


def approve(page: Any, reference: str) -> None:
    page.reload()
    assert reference in page.url
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Approved and protected").wait_for()


def ask_for_more_time(page: Any) -> None:
    page.reload()
    page.locator("summary", has_text="Ask for more time").click()
    form = page.locator("form[action$='/extend/']")
    form.locator("[name=days]").fill("20")
    form.locator("[name=reason]").fill("Their budget year begins in a month.")
    form.get_by_role("button", name="Ask for more time").click()
    page.get_by_text("20 more days asked for").wait_for()


def grant(page: Any) -> None:
    page.reload()
    page.get_by_role("button", name="Grant 20 days").click()
    page.get_by_text("Extended. The partner has been told.").wait_for()


def win_with_proof(page: Any) -> None:
    page.reload()
    page.locator("summary", has_text="Mark as won").click()
    page.locator("form[action$='/won/']").get_by_role("button", name="Mark as won").click()
    page.get_by_text("It counts once its proof of sale is accepted.").wait_for()
    page.get_by_role("link", name="Hand in the proof").click()
    page.locator("[name=upload]").set_input_files(
        {"name": "invoice.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    page.get_by_role("button", name="Hand in").click()
    page.get_by_text("Handed in. You see here who looks at it").wait_for()


def accept_proof(page: Any, reference: str) -> None:
    page.goto(f"{page.url.split('/deals/')[0]}/deals/inbox/requests/")
    row = page.locator("table.appr tr", has_text="Proof of sale")
    assert reference in row.inner_text()
    row.get_by_role("link", name="Open").click()
    page.get_by_role("link", name="invoice.pdf").wait_for()
    page.get_by_role("button", name="Accept the proof").click()
    page.get_by_text("Accepted. The win counts from now on").wait_for()
