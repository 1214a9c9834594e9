"""Forms of co-selling. Shares are typed in per cent and leave the forms in basis points."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from deals.shared_credit.models import CoSell
from deals.shared_credit.selectors import partners_meant
from partners.models import Partner
from portal.fields import LineField


class ShareField(forms.DecimalField):
    """30 or 12.5 (per cent); gives basis points."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            min_value=Decimal("0.01"),
            max_value=Decimal("99.99"),
            decimal_places=2,
            widget=forms.NumberInput(attrs={"step": "0.01", "inputmode": "decimal"}),
            help_text="Per cent; the rest stays with the partner whose deal it is.",
            error_messages={
                "required": "Enter the share of the second partner.",
                "invalid": "Enter a number of per cent, for example 30.",
                "min_value": "Enter a share above 0 per cent.",
                "max_value": "Enter a share below 100 per cent.",
            },
            **kwargs,
        )

    def clean(self, value: Any) -> Any:
        percent = super().clean(value)
        return None if percent is None else int(percent * 100)


class ProposalForm(forms.Form):
    """The partner names the other one in its own words: there is no list of partners to look into."""

    named = LineField(
        label="The other partner",
        max_length=160,
        help_text="Its company name. Your channel manager takes it from there.",
        error_messages={"required": "Name the other partner."},
    )
    share = ShareField(label="Its share of the deal")
    note = forms.CharField(
        label="What does each of you do?",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Your channel manager reads it; the other partner does not.",
    )


class NamingForm(forms.Form):
    """A manager says which partner is meant: by name or key, among those within reach."""

    other = LineField(
        label="Second partner",
        max_length=160,
        help_text="Name or key of a partner you manage.",
        error_messages={"required": "Name the second partner."},
    )
    share = ShareField(label="Its share of the deal")

    def __init__(self, *args: Any, cosell: CoSell | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "naming_%s", **kwargs})
        if cosell:
            self.initial = {"other": cosell.named, "share": Decimal(cosell.share) / 100}

    def clean_other(self) -> Partner:
        typed = self.cleaned_data["other"]
        found, called_so = partners_meant(typed)
        if called_so and len(found) == 1:
            return found[0]
        if not found:
            raise ValidationError("No partner you manage is called like that.")
        called = ", ".join(f"{one.name} ({one.slug})" if called_so else one.name for one in found)
        raise ValidationError(f"Which one do you mean: {called}?")
