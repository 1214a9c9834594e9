"""Forms of the kernel, and what every form over a vendor's own table needs."""

from decimal import Decimal
from typing import Any, ClassVar

from allauth.account.forms import LoginForm, ResetPasswordForm
from django import forms
from django.core.exceptions import ValidationError

from portal.fields import AddressFormField


class VendorModelForm(forms.ModelForm):  # type: ignore[type-arg]
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
