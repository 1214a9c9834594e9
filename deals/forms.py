"""Forms of deals. Amounts are typed in major units and leave the form in minor ones."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from django import forms
from django.utils import timezone
from django_countries import countries

from deals.customers import MAIL_PROVIDERS
from deals.matching import registrable_domain
from deals.models import Deal, DealSource, Stage
from partners.models import Product
from portal.formatting import format_date, from_minor, parse_amount, to_minor

Choices = Sequence[tuple[str, str]]
MOST: Final = Decimal(10) ** 12
MOST_LINES: Final = 30
FARTHEST: Final = timedelta(days=5 * 365 + 2)
#: Control characters, line breaks and what turns the direction of the text after it; not NUL, which is
#: refused with a message.
_BREAKS = re.compile(r"[\x01-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_LETTERS_WITHIN = re.compile(r"\d[^\W\d_]+\d")

LOSS_REASONS: Final = (
    ("Price", "Price"),
    ("Product does not fit", "Product does not fit"),
    ("No budget or project stopped", "No budget or project stopped"),
    ("Bad timing", "Bad timing"),
    ("Lost to a competitor", "Lost to a competitor"),
    ("Customer went quiet", "Customer went quiet"),
    ("Another reason", "Another reason"),
)


class LineField(forms.CharField):
    """One line of text: no control characters, single spaces; a required one says something readable."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return " ".join(_BREAKS.sub(" ", text).split())

    def validate(self, value: Any) -> None:
        super().validate(value)
        if self.required and not any(sign.isalnum() for sign in value):
            raise forms.ValidationError(self.error_messages["required"], code="required")


class AmountField(forms.CharField):
    """A number as people type it: "96,000", "€86,000.50". Gives a Decimal in major units, above zero."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            amount = parse_amount("" if _LETTERS_WITHIN.search(text) else text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        if amount <= 0:
            raise forms.ValidationError("Enter an amount above zero.")
        if amount > MOST:
            raise forms.ValidationError("This is more than a deal can be worth. Check the number of zeros.")
        return amount


class DayField(forms.DateField):
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {"invalid": "Enter a date, for example 2026-11-30."}


def minor_amount(form: forms.Form, amount: Decimal | None, currency: str) -> int | None:
    """The amount in minor units; an error beside the field when it is finer than the currency."""
    if amount is None or not currency:
        return None
    try:
        return to_minor(amount, currency)
    except ValueError as error:
        form.add_error("amount", str(error))
        return None


def amount_typed(deal: Deal) -> str:
    """The deal's amount as people type it; empty when it is not stated."""
    if deal.amount is None:
        return ""
    return f"{from_minor(deal.amount, deal.currency):,f}".removesuffix(".00")


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
    contact_email = forms.EmailField(
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

    def __init__(self, *args: Any, currencies: Sequence[str], draft: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.draft = draft
        country: Any = self.fields["customer_country"]
        country.choices = [("", "Choose"), *countries]
        currency: Any = self.fields["currency"]
        currency.choices = [(code, code) for code in currencies]
        if len(currencies) == 1:
            currency.widget = forms.HiddenInput()
        self.initial.setdefault("currency", currencies[0])
        self.initial.setdefault("form_key", uuid4())
        self.fields["expected_close"].widget.attrs["min"] = timezone.localdate().isoformat()

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
        if domain in MAIL_PROVIDERS:
            raise forms.ValidationError(
                f"{domain} belongs to a mail provider. Enter the customer’s own domain, or leave this empty."
            )
        return typed

    def clean_expected_close(self) -> date | None:
        day: date | None = self.cleaned_data["expected_close"]
        today = timezone.localdate()
        if day is None:
            return None
        if day < today:
            raise forms.ValidationError(
                f"{format_date(day, 'year')} is in the past. Choose today or a later date."
            )
        if day - today > FARTHEST:
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
        from deals.services.registering import ANSWERS

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


class ReasonForm(forms.Form):
    """Why a registration is returned or rejected; the partner reads it."""

    reason = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why, so that the partner knows what to do."},
    )

    def __init__(self, *args: Any, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = label


class WonForm(forms.Form):
    amount = AmountField(
        label="Amount it was won for", error_messages={"required": "Enter the amount it was won for."}
    )
    closed_on = DayField(
        label="Day of the order", error_messages={"required": "Choose the day of the order."}
    )
    special_price = forms.BooleanField(required=False)

    def __init__(self, *args: Any, deal: Deal, **kwargs: Any) -> None:
        initial: dict[str, Any] = {"closed_on": timezone.localdate()}
        if deal.amount is not None:
            initial["amount"] = DealForm.initial_of(deal)["amount"]
        kwargs.setdefault("initial", initial)
        super().__init__(*args, **kwargs)
        self.deal = deal
        if deal.special_price_until and deal.special_price_until > timezone.now():
            last = format_date(deal.special_price_until - timedelta(seconds=1), "year")
            self.fields["special_price"].label = f"Sold at the special price, which holds until {last}"
        else:
            del self.fields["special_price"]
        self.fields["amount"].help_text = f"In {deal.currency}, without tax."
        self.fields["closed_on"].widget.attrs["max"] = timezone.localdate().isoformat()

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["amount"] = minor_amount(self, data.get("amount"), self.deal.currency)
        return data


class LostForm(forms.Form):
    reason = forms.ChoiceField(
        label="Why was it lost?",
        choices=[("", "Choose"), *LOSS_REASONS],
        error_messages={"required": "Choose why it was lost."},
    )
    competitor = LineField(label="To whom?", required=False, max_length=120, help_text="If you know.")


class StageForm(forms.Form):
    """`stages` are all of the vendor's, read once for the page; the cleaned value is the stage itself."""

    stage = forms.TypedChoiceField(label="Stage", widget=forms.Select(attrs={"class": "form-select"}))

    def __init__(self, *args: Any, stages: Iterable[Stage], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        by_id = {str(stage.pk): stage for stage in stages}
        stage: Any = self.fields["stage"]
        stage.choices = [(pk, f"{stage.name}, {stage.probability}%") for pk, stage in by_id.items()]
        stage.coerce = by_id.__getitem__


def product_choices(products: Iterable[Product]) -> Choices:
    return [(str(product.pk), product.name) for product in products]
