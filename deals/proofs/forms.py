"""The form of a proof of sale."""

import re
from typing import Any

from django import forms

from deals.proofs.models import ProofKind
from portal.fields import LineField
from portal.files.uploads import UploadField


class ProofForm(forms.Form):
    kind = forms.ChoiceField(
        label="What proves the sale?",
        choices=ProofKind.choices,
        initial=ProofKind.INVOICE,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what proves the sale."},
    )
    upload = UploadField(label="Invoice or purchase order", required=False)
    number = LineField(label="Number on the document", required=False, max_length=80)
    serials = forms.CharField(
        label="Serial numbers",
        required=False,
        max_length=40_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
        help_text="One per line, or with commas between them. Each can prove one sale only.",
    )

    def clean_serials(self) -> list[str]:
        typed = re.split(r"[\n\r,;\t]+", self.cleaned_data["serials"])
        serials = [" ".join(text.split()) for text in typed if text.strip()]
        if any(len(text) > 60 for text in serials):
            raise forms.ValidationError("A serial number has at most 60 characters.")
        return serials

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        kind = data.get("kind")
        if kind == ProofKind.SERIALS and not data.get("serials") and "serials" not in self.errors:
            self.add_error("serials", "Enter at least one serial number.")
        if (
            kind in (ProofKind.INVOICE, ProofKind.ORDER)
            and not data.get("upload")
            and "upload" not in self.errors
        ):
            self.add_error("upload", "Choose the document.")
        return data
