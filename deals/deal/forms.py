"""A reason, asked for by several features."""

from typing import Any

from django import forms


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
