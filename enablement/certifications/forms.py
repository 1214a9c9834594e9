"""What a holder shares, and why a certificate is revoked."""

from django import forms


class ShareForm(forms.Form):
    employer = forms.BooleanField(required=False, label="Employer")
    score = forms.BooleanField(required=False, label="Score")


class RevokeForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=300,
        help_text="The holder reads it; it is not published.",
        error_messages={"required": "Say why. The holder reads it."},
    )
