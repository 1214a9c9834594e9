"""Amounts as people write them: what has one meaning is understood, what has two is asked about."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from babel.numbers import format_decimal
from django import forms
from django.template.loader import render_to_string
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from partners.models import Product
from portal.money.amounts import (
    Figure,
    NoAmount,
    TwoReadings,
    Written,
    in_words,
    minor_units,
    parse_amount,
    proven_decimal,
    read_amount,
    typed,
)
from portal.templatetags import ui
from portal.tenancy.scope import entered, system_scope
from portal.ui.forms import AmountField, minor_amount
from tests.support.worlds import PortalClient, VendorWorld

SignIn = Callable[..., PortalClient]
CURRENCIES = st.sampled_from(["EUR", "USD", "CHF", "JPY", "KWD", "CLF"])


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("48500", "48500"),
        ("48.500,00", "48500"),
        ("48,500.00", "48500"),
        ("48 500", "48500"),
        ("48\N{NO-BREAK SPACE}500", "48500"),
        ("48\N{NARROW NO-BREAK SPACE}500,50", "48500.50"),
        ("48'500", "48500"),
        ("48’500.50", "48500.50"),
        ("1,23,456", "123456"),
        ("1,00,000.50", "100000.50"),
        ("1.234.567", "1234567"),
        ("1,234,567", "1234567"),
        ("12,5", "12.5"),
        ("12.34", "12.34"),
        ("0,500", "0.5"),
        ("4800.500", "4800.5"),
        ("(500)", "-500"),
        ("€(500)", "-500"),
        ("500-", "-500"),
        ("-500", "-500"),
        ("\N{MINUS SIGN}500", "-500"),
        ("-€500", "-500"),
        ("EUR-500", "-500"),
        ("500,-", "500"),
        ("500.–", "500"),
        ("+5", "5"),
        ("\N{FULLWIDTH DIGIT FOUR}\N{FULLWIDTH DIGIT EIGHT}500", "48500"),
        ("57.699999999999996", "57.7"),
        ("0.30000000000000004", "0.3"),
        ("1375.0000000000002", "1375"),
        ("123456789012.35", "123456789012.35"),
    ],
)
def test_what_has_one_meaning_is_understood_in_any_language(text: str, number: str) -> None:
    assert read_amount(text) == Decimal(number)
    assert parse_amount(text, "en") == parse_amount(text, "de") == Decimal(number)


@pytest.mark.parametrize("text", ["48.500", "48,500", "EUR 1.200", "1.200 €", "999,999", "-4.500"])
def test_what_has_two_meanings_is_refused_with_both(text: str) -> None:
    with pytest.raises(TwoReadings, match=r"can mean .+ or .+\. Write .+ or .+\."):
        read_amount(text)


def test_the_question_names_what_to_write() -> None:
    with pytest.raises(TwoReadings) as asked:
        read_amount("48.500")
    assert str(asked.value) == "48.500 can mean 48,500 or 48.5. Write 48500 or 48.50."


def test_the_reader_s_language_decides_for_its_own_sign_alone() -> None:
    assert parse_amount("48,500", "en") == parse_amount("48.500", "de") == 48_500
    assert parse_amount("EUR 1.200", "de") == 1_200
    for text, locale in (("48.500", "en"), ("48,500", "de"), ("48.500", "fr")):
        with pytest.raises(TwoReadings):
            parse_amount(text, locale)


def test_a_stated_decimal_sign_is_obeyed() -> None:
    assert read_amount("48.500", decimal=",") == 48_500
    assert read_amount("48.500", decimal=".") == Decimal("48.5")
    for text, decimal in (("12,5", "."), ("12.5", ","), ("1.234.567", "."), ("48.500,00", ".")):
        with pytest.raises(NoAmount, match="Enter an amount"):
            read_amount(text, decimal=decimal)
    assert read_amount(Figure("48.123"), decimal=",") == read_amount(Figure("48.123")) == Decimal("48.123")


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "€", "abc", "abc 12", "12 abc", "48k", "1.2M", "1e5", "1.2E+11", "0x10", "NaN", "inf", "--5",
        "(-5)", "(5", "5)", "5+", "1-2", "12 34", "12,34,5", "1.234.56", "1,234.567.890", "1_000", ".5",
        "5.", "١٢", "9" * 61, "=1+1", "5\n6", "EUR 5 USD", "#N/A", "5 %",
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(NoAmount):
        read_amount(text)


@pytest.mark.parametrize(
    ("text", "currency", "fits"),
    [
        ("€5", "EUR", True),
        ("5 €", "EUR", True),
        ("EUR 5", "EUR", True),
        ("5 euros", "EUR", True),
        ("500 US-Dollar", "USD", True),
        ("$5", "USD", True),
        ("$5", "AUD", True),
        ("US$5", "AUD", False),
        ("$5", "EUR", False),
        ("CHF 5", "EUR", False),
        ("5 Franken", "CHF", True),
        ("5 kr.", "SEK", True),
        ("7 zł", "PLN", True),
        ("£5", "EUR", False),
        ("5", "EUR", True),
    ],
)
def test_the_sign_beside_an_amount_must_be_that_of_its_currency(text: str, currency: str, fits: bool) -> None:
    amount = read_amount(text)
    if fits:
        assert minor_units(amount, currency) == amount.scaleb(2)
        return
    with pytest.raises(ValueError, match=f"and the currency is {currency}"):
        minor_units(amount, currency)


def test_a_sum_keeps_the_currency_its_parts_say() -> None:
    total = Written.total([read_amount("€5"), read_amount("7")])
    assert (total, "EUR" in total.currencies) == (12, True)
    with pytest.raises(ValueError, match="different currencies"):
        Written.total([read_amount("€5"), read_amount("£7")])


@pytest.mark.parametrize(
    ("texts", "decimal"),
    [
        (["48.500", "1.234.567"], ","),
        (["48.500", "12,5"], ","),
        (["48,500", "1,234.50"], "."),
        (["48.500"], ""),
        (["48.500", "12", "n/a", ""], ""),
        (["12,5", "12.5"], ""),
        (["48.500", Figure("12.5")], ""),
    ],
)
def test_a_column_is_judged_as_a_whole(texts: list[str], decimal: str) -> None:
    assert proven_decimal(texts) == decimal


@given(st.integers(1, 10**12), CURRENCIES)
def test_what_a_form_shows_again_is_read_as_the_same(minor: int, currency: str) -> None:
    assert minor_units(parse_amount(typed(minor, currency)), currency) == minor


@given(
    st.decimals(min_value=0, max_value=10**12, places=2),
    st.sampled_from(["en", "de", "fr", "de_CH", "en_IN"]),
)
def test_every_amount_that_a_language_writes_with_cents_is_read_exactly(amount: Decimal, locale: str) -> None:
    assert read_amount(format_decimal(amount, "#,##0.00", locale=locale)) == amount


def test_amounts_in_words() -> None:
    assert in_words(Decimal(48_500), "EUR") == "48,500 euros"
    assert in_words(Decimal("48500.5"), "EUR") == "48,500.50 euros"
    assert in_words(Decimal(48_500), "EUR", "de") == "48.500 Euro"
    assert in_words(Decimal(1), "EUR") == "1 euro"


# Fields -------------------------------------------------------------------------------------------------


class PriceForm(forms.Form):
    amount = AmountField(label="Amount")
    currency = forms.ChoiceField(choices=[("EUR", "EUR"), ("KWD", "KWD")])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["amount"] = minor_amount(self, data.get("amount"), data.get("currency", ""))
        return data


@pytest.mark.parametrize(
    ("text", "currency", "error"),
    [
        ("48.500", "EUR", "48.500 can mean 48,500 or 48.5. Write 48500 or 48.50."),
        ("(500)", "EUR", "Enter an amount above zero."),
        ("0", "EUR", "Enter an amount above zero."),
        ("$5", "EUR", "This says another currency, and the currency is EUR."),
        ("£5", "EUR", "This says another currency, and the currency is EUR."),
        ("CHF 5", "EUR", "This says CHF, and the currency is EUR."),
        ("5.1234", "EUR", "EUR has at most 2 decimals."),
        ("2,000,000,000,000", "EUR", "This is more than a deal can be worth. Check the number of zeros."),
        ("abc 12", "EUR", "Enter an amount, for example 96,000.50."),
    ],
)
def test_a_field_says_why_it_does_not_take_an_amount(text: str, currency: str, error: str) -> None:
    form = PriceForm({"amount": text, "currency": currency})
    assert form.errors["amount"] == [error]


def test_a_field_gives_minor_units_of_the_chosen_currency() -> None:
    form = PriceForm({"amount": "48.500,25", "currency": "KWD"})
    assert form.is_valid()
    assert form.cleaned_data["amount"] == 48_500_250


def test_without_a_script_the_page_says_in_words_what_was_read() -> None:
    form = PriceForm({"amount": "48.500,00", "currency": "EUR"})
    drawn = render_to_string("components/field.html", ui.field(form["amount"]))
    assert '<div class="help" id="id_amount-w" aria-live="polite">48,500 euros</div>' in drawn
    assert 'aria-describedby="id_amount-w"' in drawn


@pytest.mark.django_db
class TestEcho:
    def words(self, client: PortalClient, **asked: str) -> str:
        answer = client.get(reverse("amount"), asked)
        assert answer.status_code == 200
        text: str = answer.content.decode()
        return text.strip()

    def test_it_follows_what_is_typed(self, client_as: SignIn, world: VendorWorld) -> None:
        client = client_as(world.people["partner_rep"])
        assert self.words(client, field="a", a="48500", **{"in": "EUR"}) == "48,500 euros"
        assert self.words(client, field="a", a="48500", choice="c", c="USD") == "48,500 US dollars"
        assert self.words(client, field="a", a="48.500", **{"in": "EUR"}).startswith("48.500 can mean")
        assert self.words(client, field="a", a="") == ""

    def test_it_holds_no_live_text(self, client_as: SignIn, world: VendorWorld) -> None:
        client = client_as(world.people["partner_rep"])
        assert "<script" not in self.words(client, field="a", a="<script>1.500</script>", **{"in": "EUR"})
        assert self.words(client, field="a", a="5", **{"in": "<b>"}).endswith("euros")

    def test_the_registration_form_asks_for_it(self, client_as: SignIn, world: VendorWorld) -> None:
        page = client_as(world.people["partner_rep"]).get(reverse("deals:create")).content.decode()
        assert '/amount/" hx-vals="' in page
        assert 'id="id_amount-w"' in page


@pytest.mark.django_db
def test_the_administration_reads_amounts_as_the_forms_do(client_as: SignIn, world: VendorWorld) -> None:
    client = client_as(world.people["program_admin"])
    address = reverse("admin:partners_product_add")
    answers = {"name": "Crane", "code": "crane", "family": "", "is_active": "on"}
    refused = client.post(address, {**answers, "price": "48.500"})
    assert "48.500 can mean 48,500 or 48.5" in refused.content.decode()
    assert client.post(address, {**answers, "price": "48.500,00 €"}).status_code == 302
    with entered(system_scope(world.vendor.pk)):
        product = Product.objects.get(code="crane")
    assert product.list_price == 48_500_00
    page = client.get(reverse("admin:partners_product_change", args=[product.pk])).content.decode()
    assert 'value="48,500"' in page
    assert "Read as 48,500 euros." in page
