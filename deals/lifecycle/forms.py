"""Forms beside a registration's own: files, notes, taking it back."""

from typing import Any
from uuid import uuid4

from django import forms

from portal.uploads import UploadsField


class FilesForm(forms.Form):
    """`optional` where it stands within another form."""

    uploads = UploadsField(label="Files", error_messages={"required": "Choose at least one file first."})

    def __init__(self, *args: Any, optional: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["uploads"].required = not optional


class NoteForm(forms.Form):
    text = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write something first."},
    )
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = label
        self.initial.setdefault("key", uuid4())


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label="Why?",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="If you like. The vendor reads it.",
    )
