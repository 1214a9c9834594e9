"""The pages of funds: who sees what, what is posted by hand, and the files."""

from collections.abc import Callable
from io import BytesIO
from uuid import uuid4

import openpyxl
import pytest
from django.urls import reverse

from mdf.funds.models import Eligibility, Fund
from tests.mdf.money import allocated, balance, fund_of
from tests.support.pages import BUDGET, statements
from tests.support.worlds import PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[..., PortalClient]


def test_a_partner_sees_its_own_money_and_nobody_elses(world: VendorWorld, client_as: SignIn) -> None:
    fund = fund_of(world, budget=9_000_00)
    allocated(world, fund, 4_000_00)
    allocated(world, fund, 1_234_00, "delta")
    text = client_as(world.people["partner_rep"]).get(reverse("mdf:home")).text
    assert "€4,000 is free until 31 Dec" in text
    assert "1,234" not in text
    assert "Allocated" in text


def test_money_is_allocated_once_however_often_the_form_is_sent(
    world: VendorWorld, client_as: SignIn
) -> None:
    fund, client = fund_of(world, budget=9_000_00), client_as(world.people["program_admin"])
    beta = world.partners["beta"]
    sent = {"partner": beta.pk, "way": "more", "amount": "4,000", "reason": "Plan", "key": str(uuid4())}
    for _ in range(2):
        assert client.post(reverse("mdf:allocate", args=[fund.pk]), sent).status_code == 302
    assert balance(world, fund).free == 4_000_00


def test_too_much_is_refused_next_to_the_amount_and_what_was_typed_is_kept(
    world: VendorWorld, client_as: SignIn
) -> None:
    fund, client = fund_of(world, budget=9_000_00), client_as(world.people["program_admin"])
    sent = {
        "partner": world.partners["beta"].pk, "way": "more", "amount": "9,001", "reason": "Too much",
        "key": str(uuid4()),
    }  # fmt: skip
    answer = client.post(reverse("mdf:allocate", args=[fund.pk]), sent)
    assert answer.status_code == 422
    form = answer.context["allocation_form"]
    assert form.errors["amount"] == ["Only €9,000 of the fund is not allocated yet."]
    assert 'value="Too much"' in answer.text


def test_a_fund_is_not_for_everybody(world: VendorWorld, client_as: SignIn) -> None:
    fund, client = fund_of(world, budget=9_000_00), client_as(world.people["program_admin"])
    with acting_as(world.people["program_admin"]):
        Eligibility.objects.create(fund=fund, tier=world.tiers[1])
    sent = {"partner": world.partners["beta"].pk, "way": "more", "amount": "1", "reason": "x"}
    sent["key"] = str(uuid4())
    answer = client.post(reverse("mdf:allocate", args=[fund.pk]), sent)
    assert answer.status_code == 422
    assert "is not for" in answer.context["allocation_form"].errors["partner"][0]


def test_the_ledger_adds_up_on_the_page_and_in_the_files(world: VendorWorld, client_as: SignIn) -> None:
    fund, client = fund_of(world, budget=9_000_00), client_as(world.people["executive"])
    allocated(world, fund, 4_000_00)
    page = client.get(reverse("mdf:fund", args=[fund.pk]))
    closing = {line.label: line.closing for line in page.context["lines"]}
    assert (closing["Not allocated"], closing["Free with partners"]) == (5_000_00, 4_000_00)
    assert page.context["total"].closing == 9_000_00
    text = client.get(reverse("mdf:export", args=[fund.pk, "csv"])).content.decode("utf-8-sig")
    assert len(text.splitlines()) == 3
    workbook = client.get(reverse("mdf:export", args=[fund.pk, "xlsx"])).content
    rows = list(openpyxl.load_workbook(BytesIO(workbook)).active.values)
    assert [row[8] for row in rows] == ["Amount", 4_000, 9_000]


def test_a_period_that_ends_before_it_starts_is_told(world: VendorWorld, client_as: SignIn) -> None:
    fund, client = fund_of(world), client_as(world.people["executive"])
    answer = client.get(reverse("mdf:fund", args=[fund.pk]), {"start": "2026-05-01", "end": "2026-04-01"})
    assert answer.status_code == 422
    assert "It ends after it starts." in answer.text


@pytest.mark.parametrize("name", ["partner_rep", "program_admin"])
def test_pages_take_as_many_statements_for_many_rows_as_for_one(
    name: str, world: VendorWorld, client_as: SignIn
) -> None:
    fund, client = fund_of(world, budget=9_000_00), client_as(world.people[name])
    address = reverse("mdf:home") if name == "partner_rep" else reverse("mdf:fund", args=[fund.pk])
    client.get(address)  # signs in: said once per session
    counts = []
    for times in (1, 20):
        for n in range(times):
            allocated(world, fund, 1_00, key=f"{times}-{n}")
        counts.append(statements(client, address))
    assert counts[0] == counts[1] <= BUDGET, counts


def test_the_rules_of_a_fund_are_set_in_the_administration(world: VendorWorld, client_as: SignIn) -> None:
    client, year = client_as(world.people["program_admin"]), world.vendor.today.year
    sent = {
        "name": "Fund A", "currency": "EUR", "starts_on": f"{year}-01-01", "ends_on": f"{year}-12-31",
        "share": "62.5", "claim_days": "30", "goes_on": "25", "eligibility-TOTAL_FORMS": "0",
        "eligibility-INITIAL_FORMS": "0",
    }  # fmt: skip
    answer = client.post(reverse("admin:mdf_fund_add"), sent)
    assert answer.status_code == 422
    assert "Say into which fund it rolls over." in answer.text
    answer = client.post(reverse("admin:mdf_fund_add"), sent | {"goes_on": "0", "ends_on": f"{year}-11-30"})
    assert "Choose the last day of a fiscal quarter." in answer.text
    assert client.post(reverse("admin:mdf_fund_add"), sent | {"goes_on": "0"}).status_code == 302
    with acting_as(world.people["program_admin"]):
        assert Fund.objects.get(name="Fund A").vendor_share == 6_250
