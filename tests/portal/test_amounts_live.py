"""The amount in words beside the field, in a real browser."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.worlds import VendorWorld

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_form_says_what_it_reads_while_one_types(world: VendorWorld, browser_of: Any) -> None:
    page = browser_of(world.people["partner_rep"])
    page.get_by_role("link", name="Register a deal").first.click()
    amount, words = page.locator("#id_amount"), page.locator("#id_amount-w")
    for typed, told in (("48500", "48,500 euros"), ("48.500", "48.500 can mean 48,500 or 48.5.")):
        amount.fill(typed)
        page.get_by_text(told).wait_for()
        assert words.inner_text().startswith(told)
    amount.fill("")
    expect(words).to_have_text("")
