"""Forms of deals. Amounts are typed in major units and leave the form in minor ones."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from django import forms
from django_countries import countries

from deals.customers.domains import shared_domains
from deals.customers.match_keys import registrable_domain
from deals.deal.fields import DayField, amount_typed
from deals.deal.models import Deal, DealSource
from partners.models import Product
from portal.fields import AddressFormField, LineField
from portal.ui.formatting import format_date
from portal.ui.forms import AmountField, minor_amount

Choices = Sequence[tuple[str, str]]
MOST_LINES: Final = 30
FARTHEST: Final = timedelta(days=5 * 365 + 2)


class DealForm(forms.Form):
    """A registration. As a draft only the customer's name is needed, but what is there must be right."""

    customer_name = LineField(
        label="Legal name",
        max_length=200,
        help_text="As on their invoices.",
        error_messages={"required": "Name the customer."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    customer_domain = LineField(
        label="Website or e-mail domain",
        required=False,
        max_length=253,
        help_text="The surest way to recognise a customer.",
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocomplete": "off"}),
    )
    customer_country = forms.ChoiceField(
        label="Country", error_messages={"required": "Choose the customer’s country."}
    )
    contact_name = LineField(
        label="Contact at the customer",
        max_length=120,
        help_text="Name and role are enough. We never write to them without asking you.",
        error_messages={"required": "Name somebody at the customer."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    contact_email = AddressFormField(
        label="Their e-mail address", required=False, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    contact_phone = LineField(
        label="Their phone number",
        required=False,
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )
    amount = AmountField(
        label="Amount of the whole deal",
        help_text="Your selling price without tax.",
        error_messages={"required": "Enter the value of the whole deal, for example 96,000."},
    )
    currency = forms.ChoiceField(label="Currency")
    expected_close = DayField(
        label="Expected close", error_messages={"required": "Choose when you expect to close."}
    )
    source = forms.ChoiceField(
        label="Where does this deal come from?",
        choices=DealSource.choices,
        initial=DealSource.PARTNER,
        widget=forms.RadioSelect,
    )
    use_case = forms.CharField(
        label="What does the customer want to do?",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Two sentences help the manager decide faster.",
        error_messages={"required": "Say in a sentence or two what the customer wants to do."},
    )
    competitor = LineField(label="Competitor", required=False, max_length=120)
    notes = forms.CharField(
        label="Notes", required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )
    form_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, currencies: Sequence[str], today: date, draft: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.draft = today, draft
        country: Any = self.fields["customer_country"]
        country.choices = [("", "Choose"), *countries]
        currency: Any = self.fields["currency"]
        currency.choices = [(code, code) for code in currencies]
        if len(currencies) == 1:
            currency.widget = forms.HiddenInput()
        self.initial.setdefault("currency", currencies[0])
        self.initial.setdefault("form_key", uuid4())
        self.fields["expected_close"].widget.attrs["min"] = today.isoformat()

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and self.draft:
            self._forgive_blanks()

    def _forgive_blanks(self) -> None:
        """A draft may leave out anything but the name it is found by."""
        for name, errors in list(self.errors.items()):
            if name != "customer_name" and all(error.code == "required" for error in errors.as_data()):
                del self._errors[name]  # type: ignore[attr-defined]
                self.cleaned_data[name] = self.fields[name].initial or (
                    None if name in ("amount", "expected_close") else ""
                )

    def clean_customer_domain(self) -> str:
        typed: str = self.cleaned_data["customer_domain"]
        if not typed:
            return typed
        domain = registrable_domain(typed)
        if not domain:
            raise forms.ValidationError("Enter a website or domain, for example example.com.")
        if shared_domains().is_shared(typed):
            raise forms.ValidationError(
                f"{domain} is shared by many companies and does not tell who the customer is. "
                "Enter the customer’s own domain, or leave this empty."
            )
        return typed

    def clean_expected_close(self) -> date | None:
        day: date | None = self.cleaned_data["expected_close"]
        if day is None:
            return None
        if day < self.today:
            raise forms.ValidationError(
                f"{format_date(day, 'year')} is in the past. Choose today or a later date."
            )
        if day - self.today > FARTHEST:
            raise forms.ValidationError("This is more than five years away. Choose an earlier date.")
        return day

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["amount"] = minor_amount(self, data.get("amount"), data.get("currency", ""))
        return data

    @property
    def answers(self) -> dict[str, Any]:
        """What the service saves: the deal's fields, the amount in minor units."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "form_key"}
        data["currency"] = data["currency"] or self.initial["currency"]
        data["source"] = data["source"] or DealSource.PARTNER
        return data

    def key(self, lines: Iterable[tuple[int, int]]) -> UUID:
        """Names this form with these answers: sent twice it is the same, changed it is another."""
        said = sorted((name, str(value)) for name, value in self.answers.items())
        form = self.cleaned_data.get("form_key") or NAMESPACE_OID
        return uuid5(form, repr((said, sorted(lines))))

    @staticmethod
    def initial_of(deal: Deal) -> dict[str, Any]:
        """A deal's answers as they are typed."""
        from deals.registration.services import ANSWERS

        typed = {name: getattr(deal, name) for name in ANSWERS}
        typed["amount"] = amount_typed(deal)
        typed["customer_country"] = str(deal.customer_country)
        return typed


class ProductLineForm(forms.Form):
    """A product and how many of it; an empty row counts for nothing."""

    product = forms.TypedChoiceField(label="Product", required=False, coerce=int, empty_value=None)
    quantity = forms.IntegerField(
        label="Quantity",
        required=False,
        min_value=1,
        max_value=1_000_000,
        initial=1,
        error_messages={"invalid": "Enter a whole number.", "min_value": "At least one."},
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": "1"}),
    )

    def __init__(self, *args: Any, products: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        product: Any = self.fields["product"]
        product.choices = [("", "Choose a product"), *products]
        product.error_messages["invalid_choice"] = "Choose a product from the list."

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("product") and not data.get("quantity") and "quantity" not in self.errors:
            self.add_error("quantity", "How many?")
        return data


class BaseProductLines(forms.BaseFormSet):
    """The products of a deal: each once, and at least one unless it is a draft."""

    draft = False
    default_error_messages = {
        **forms.BaseFormSet.default_error_messages,
        "too_many_forms": "A deal names at most %(num)d products.",
    }

    def clean(self) -> None:
        seen: set[int] = set()
        for form in self.forms:
            product = getattr(form, "cleaned_data", {}).get("product")
            if product in seen:
                form.add_error("product", "This product is on the deal already. Change its quantity there.")
            if product:
                seen.add(product)
        if not seen and not self.draft and not any(form.errors for form in self.forms):
            self.forms[0].add_error("product", "Choose at least one product.")

    def ask_for_answers(self) -> None:
        """For showing only: an empty row is allowed, but its fields are not marked as optional."""
        for form in self.forms:
            for field in form.fields.values():
                field.required = True

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """(product id, quantity) of the filled rows."""
        rows = (form.cleaned_data for form in self.forms)
        return [(row["product"], row["quantity"]) for row in rows if row.get("product")]


ProductLines = forms.formset_factory(
    ProductLineForm,
    formset=BaseProductLines,
    extra=0,
    min_num=1,
    max_num=MOST_LINES,
    absolute_max=MOST_LINES + 1,
    validate_max=True,
)


def product_choices(products: Iterable[Product]) -> Choices:
    return [(str(product.pk), product.name) for product in products]


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label="Why?",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="If you like. The vendor reads it.",
    )
