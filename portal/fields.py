"""Fields of forms and tables that keep a text the way it is compared: see `portal.text`."""

from typing import Any

from django import forms
from django.db import models

from portal.text import email_address, tidy


class LineField(forms.CharField):
    """One line of text: nothing invisible, single spaces; a required one says something readable."""

    def to_python(self, value: Any) -> Any:
        return tidy(super().to_python(value) or "") or self.empty_value

    def validate(self, value: Any) -> None:
        super().validate(value)
        if self.required and not any(sign.isalnum() for sign in value or ""):
            raise forms.ValidationError(self.error_messages["required"], code="required")


class AddressFormField(forms.EmailField):
    """An e-mail address however it is pasted: `mailto:`, invisible characters, a domain in any script."""

    def to_python(self, value: Any) -> Any:
        return email_address(super().to_python(value) or "") or self.empty_value


class AddressField(models.EmailField):  # type: ignore[type-arg]  # not subscriptable when run
    """An e-mail address that is kept, and looked for, in the one way it is compared."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return email_address(text) if isinstance(text, str) else text

    def get_prep_value(self, value: Any) -> Any:
        return self.to_python(super().get_prep_value(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """The instance at hand says what is kept, not what was typed."""
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": AddressFormField, **kwargs})
