"""Joining by invitation."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from portal.fields import LineField
from portal.people.models import Invitation, User


class JoinForm(forms.Form):
    """Names and a first password of a newly invited person."""

    first_name = LineField(max_length=150, label="First name")
    last_name = LineField(max_length=150, label="Last name")
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters. A short sentence is easy to remember.",
    )

    def __init__(self, *args: Any, invitation: Invitation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation

    def clean_password(self) -> str:
        person = User(email=self.invitation.email)
        password: str = self.cleaned_data["password"]
        validate_password(password, person)
        return password
