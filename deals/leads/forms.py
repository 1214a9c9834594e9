"""Forms of leads. Amounts are typed in major units and leave the form in minor ones."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Final
from uuid import uuid4

from django import forms
from django_countries import countries

from deals.customers.domains import shared_domains
from deals.customers.match_keys import registrable_domain
from deals.deal.fields import DayField
from deals.leads.models import ContactKind, Lead
from deals.registration.forms import Choices
from portal.fields import AddressFormField, LineField
from portal.money.amounts import typed
from portal.ui.forms import AmountField, minor_amount

#: Rows for products on the form; a lead that came with more shows them all.
LEAST_LINES: Final = 3

DECLINES: Final = (
    ("No capacity at the moment", "No capacity at the moment"),
    ("Outside our territory", "Outside our territory"),
    ("Not our field or products", "Not our field or products"),
    ("Too small for us", "Too small for us"),
    ("We know the customer, and it does not fit", "We know the customer, and it does not fit"),
    ("Another reason", "Another reason"),
)
DISQUALIFICATIONS: Final = (
    ("No need or interest", "No need or interest"),
    ("No budget", "No budget"),
    ("Cannot be reached", "Cannot be reached"),
    ("Not a company, or a competitor", "Not a company, or a competitor"),
    ("Is a customer already", "Is a customer already"),
    ("Another reason", "Another reason"),
)


class LeadForm(forms.Form):
    """A lead as a manager enters it. Only the customer's name and country are needed."""

    customer_name = LineField(
        label="Legal name",
        max_length=200,
        error_messages={"required": "Name the customer."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    customer_domain = LineField(
        label="Website or e-mail domain",
        required=False,
        max_length=253,
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false", "autocomplete": "off"}),
    )
    customer_country = forms.ChoiceField(
        label="Country",
        help_text="Rules route by it.",
        error_messages={"required": "Choose the customer’s country."},
    )
    contact_name = LineField(
        label="Contact at the customer",
        required=False,
        max_length=120,
        help_text="A partner sees the contact once it has accepted.",
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
    amount = AmountField(label="Estimated amount", required=False)
    currency = forms.ChoiceField(label="Currency")
    region = forms.TypedChoiceField(
        label="Region", required=False, coerce=int, empty_value=None, help_text="Rules route by it."
    )
    owner = forms.TypedChoiceField(
        label="Owner",
        required=False,
        coerce=int,
        empty_value=None,
        help_text="Routed among this manager’s partners. Nobody: the program admins, all partners.",
    )
    source = LineField(label="Where does it come from?", required=False, max_length=120)
    notes = forms.CharField(
        label="What do they want?",
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The partner reads this. Name no other partner.",
    )
    form_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        currencies: Sequence[str],
        regions: Iterable[tuple[int, str]],
        owners: Iterable[tuple[int, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._choose("customer_country", [("", "Choose"), *countries])
        self._choose("currency", [(code, code) for code in currencies])
        self._choose("region", [("", "Not known"), *regions])
        self._choose("owner", [("", "Nobody"), *owners])
        self.initial.setdefault("currency", currencies[0])
        self.initial.setdefault("form_key", uuid4())

    def _choose(self, name: str, choices: Iterable[tuple[Any, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = [(str(value), label) for value, label in choices]

    def clean_customer_domain(self) -> str:
        typed: str = self.cleaned_data["customer_domain"]
        domain = registrable_domain(typed) if typed else ""
        if typed and not domain:
            raise forms.ValidationError("Enter a website or domain, for example example.com.")
        if domain and shared_domains().is_shared(typed):
            raise forms.ValidationError(f"{domain} is shared by many companies. Leave this empty instead.")
        return typed

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["amount"] = minor_amount(self, data.get("amount"), data.get("currency", ""))
        return data

    @property
    def answers(self) -> dict[str, Any]:
        """What the service saves."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "form_key"}
        data["region_id"], data["owner_id"] = data.pop("region"), data.pop("owner")
        return data

    @staticmethod
    def initial_of(lead: Lead) -> dict[str, Any]:
        """A lead's answers as they are typed."""
        names = set(LeadForm.base_fields) - {"form_key", "region", "owner"}
        answers = {name: getattr(lead, name) for name in names}
        if lead.amount is not None:
            answers["amount"] = typed(lead.amount, lead.currency)
        return answers | {
            "customer_country": str(lead.customer_country),
            "region": lead.region_id,
            "owner": lead.owner_id,
        }


class _WithDetails(forms.Form):
    """A reason out of a list, and what there is to say about it; one text in the end."""

    reason = forms.ChoiceField(label="Why?", error_messages={"required": "Choose why."})
    details = LineField(label="Anything to add?", required=False, max_length=200)

    def __init__(self, *args: Any, reasons: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reason: Any = self.fields["reason"]
        reason.choices = [("", "Choose"), *reasons]

    @property
    def text(self) -> str:
        said = self.cleaned_data["reason"], self.cleaned_data["details"]
        return ": ".join(filter(None, said))


class DeclineForm(_WithDetails):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, reasons=DECLINES, auto_id="decline_%s", **kwargs)


class DisqualifyForm(_WithDetails):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, reasons=DISQUALIFICATIONS, auto_id="disqualify_%s", **kwargs)


class ContactForm(forms.Form):
    kind = forms.ChoiceField(
        label="How were you in touch?",
        choices=[("", "Choose"), *ContactKind.choices],
        error_messages={"required": "Choose how you were in touch."},
    )
    happened_on = DayField(label="When?", error_messages={"required": "Choose the day."})
    note = LineField(
        label="What came of it?",
        max_length=500,
        help_text="The vendor reads it too.",
        error_messages={"required": "Say in a few words what came of it."},
    )
    form_key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"happened_on": today, "form_key": uuid4()})
        kwargs.setdefault("auto_id", "contact_%s")
        super().__init__(*args, **kwargs)
        self.fields["happened_on"].widget.attrs["max"] = today.isoformat()


class PartnerForm(forms.Form):
    """A partner by its key or the whole of its name."""

    partner = LineField(
        label="Partner",
        max_length=160,
        error_messages={"required": "Name the partner, or offer by the rules."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
