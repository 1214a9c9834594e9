"""Forms of files and notes."""

from typing import Any
from uuid import uuid4

from django import forms

from portal.files.uploads import UploadsField


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
