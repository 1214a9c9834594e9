"""Forms of the kernel, and what every form over a vendor's own table needs."""

from decimal import Decimal
from typing import Any, ClassVar, Final

from allauth.account.forms import LoginForm, ResetPasswordForm
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from portal.fields import AddressFormField
from portal.money.amounts import LARGEST, Written, in_words_if_clear, minor_units, parse_amount, typed
from portal.tenancy.tables import Retirable, in_use
from portal.ui.versions import VersionedForm

#: Longer than any amount with its currency.
LONGEST_AMOUNT: Final = 40


class AmountField(forms.CharField):
    """An amount as people type it: "96,000", "€86.000,50". Gives a number of major units, above zero.

    `currency` is the one it is in, where that is known before the form is read; otherwise the form's own
    `currency` field says it, and `minor_amount` compares both. `zero`: may it be none at all?
    """

    def __init__(self, *, currency: str = "", zero: bool = False, **kwargs: Any) -> None:
        super().__init__(max_length=LONGEST_AMOUNT, **kwargs)
        self.currency, self.zero = currency, zero
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            amount = parse_amount(text)
            if self.currency:
                minor_units(amount, self.currency)
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if amount < 0 or (amount == 0 and not self.zero):
            raise ValidationError("Enter an amount above zero.")
        if amount > LARGEST:
            raise ValidationError("This is more than a deal can be worth. Check the number of zeros.")
        return amount


def amount_words(bound: forms.BoundField) -> str:
    """What is read in an amount field, in words, for the page that shows it; "" where an error says more."""
    value, currency = bound.value(), amount_currency(bound)
    return in_words_if_clear(str(value or ""), currency) if currency else ""


def amount_currency(bound: forms.BoundField) -> str:
    """What an amount field is in: its own currency, or what the form's `currency` field says."""
    field: Any = bound.field
    asked = bound.form.fields.get("currency")
    chosen = str(bound.form["currency"].value() or "") if asked else ""
    return field.currency or (chosen if chosen in dict(getattr(asked, "choices", ())) else "")


def minor_amount(
    form: forms.BaseForm, amount: Written | None, currency: str, name: str = "amount"
) -> int | None:
    """The amount in minor units; an error beside its field when it is not one of this currency."""
    if amount is None or not currency:
        return None
    try:
        return minor_units(amount, currency)
    except ValueError as error:
        form.add_error(name, str(error))
        return None


def state_currency(form: forms.BaseForm, name: str, currency: str) -> None:
    """Tell an amount field what it is in, where that is not asked on the form."""
    field: Any = form.fields[name]
    field.currency = currency


class VendorModelForm(VersionedForm, forms.ModelForm):  # type: ignore[type-arg]
    """A form over a table of the vendor.

    The vendor is never a field, it comes from the scope. But every unique key leads with it, and a plain
    ModelForm skips keys with a field that is not on the form: a duplicate would fail in the database.
    """

    #: What a service said to the answers of this very form; see `portal.admin_site.VendorModelAdmin`.
    objection: ClassVar[ValidationError | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value in self.initial.items():
            if isinstance(value, Decimal):
                self.initial[name] = _shortened(value)
        self._offer_what_is_in_use()

    def _offer_what_is_in_use(self) -> None:
        """What was taken out of use is no choice any more, except where it is chosen already."""
        for name, field in self.fields.items():
            rows = getattr(field, "queryset", None)
            if rows is None or not issubclass(rows.model, Retirable):
                continue
            chosen: Any = self.initial.get(name)
            several = isinstance(chosen, (list, tuple, QuerySet))
            kept = [getattr(one, "pk", one) for one in (chosen if several else [chosen])]
            field.queryset = in_use(rows, *kept)  # type: ignore[attr-defined]

    def _get_validation_exclusions(self) -> set[str]:
        exclusions: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return exclusions - {"vendor"}

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.objection is not None:
            add_objection(self, self.objection)


def _shortened(number: Decimal) -> Decimal:
    """45 for the column's 45.0000, still the same number; and never 4.5E+1."""
    whole = number.to_integral_value()
    return whole.quantize(Decimal(1)) if number == whole else number.normalize()


def add_objection(form: forms.BaseForm, error: ValidationError) -> None:
    """Put a service's objections next to the fields they name, on top where the form lacks the field."""
    for field, errors in getattr(error, "error_dict", {None: [error]}).items():
        form.add_error(field if field in form.fields else None, errors)


def place_objections(form: forms.BaseForm | None, error: ValidationError) -> list[str]:
    """Put a service's objections next to the fields they name; returns the others, for the page."""
    others: list[str] = []
    for field, errors in getattr(error, "error_dict", {None: [error]}).items():
        if form is not None and field in form.fields:
            form.add_error(field, errors)
        else:
            others += ValidationError(errors).messages
    return others


class VendorInlineFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Rows below a row; two that are the same are told without naming the vendor."""

    def get_unique_error_message(self, unique_check: Any) -> Any:
        return super().get_unique_error_message([name for name in unique_check if name != "vendor"])


class AmountsForm(VendorModelForm):
    """Amounts of a table in whole money, as people write them; the table keeps minor units.

    `amounts`: {AmountField of the form: column of the table}, in the vendor's currency.
    """

    amounts: ClassVar[dict[str, str]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = self.instance.vendor.currency
        for name, column in self.amounts.items():
            minor = getattr(self.instance, column)
            field: Any = self.fields[name]
            field.currency = currency
            self.initial[name] = "" if minor is None else typed(minor, currency)
            given = self.data.get(self.add_prefix(name), "") if self.is_bound else self.initial[name]
            words = in_words_if_clear(given, currency)
            field.help_text = " ".join(filter(None, (str(field.help_text), words and f"Read as {words}.")))

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]
        for name, column in self.amounts.items():
            if name not in self.errors:
                amount = self.cleaned_data[name]
                minor = None if amount is None else minor_units(amount, self.instance.vendor.currency)
                setattr(self.instance, column, minor)


class SignInForm(LoginForm):
    """allauth's, with the address read as everywhere: however pasted, it is the one that was invited."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = AddressFormField(widget=self.fields["login"].widget)


class PasswordForgottenForm(ResetPasswordForm):
    email = AddressFormField(widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class AddressForm(forms.Form):
    """The address somebody wants to sign in with."""

    email = forms.EmailField(
        label="New e-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text="We send a link there. Until it is opened you sign in with the present one.",
    )
