"""Forms of the library. They read and check; services write."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django import forms

from enablement.courses.models import Language
from enablement.library.models import Asset, AssetType, Collection
from portal.files.uploads import UploadField
from portal.ui.forms import VendorModelForm

Choices = Iterable[tuple[Any, str]]
#: Places for assets on the form of a collection; more come as these are used.
PLACES: Final = 8


class SearchForm(forms.Form):
    """What the address of the library says; nonsense in it is nothing asked for."""

    q = forms.CharField(required=False, max_length=120)
    type = forms.ChoiceField(required=False, choices=[("", ""), *AssetType.choices])
    language = forms.ChoiceField(required=False, choices=[("", ""), *Language.choices])
    product = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class AssetForm(VendorModelForm):
    upload = UploadField(label="File", required=False)
    url = forms.URLField(
        label="Link",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="Instead of a file: a page or a film elsewhere.",
    )
    products = forms.MultipleChoiceField(
        label="Products",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What it is about: it is recommended on deals with one of them.",
    )

    class Meta:
        model = Asset
        fields = [
            "title", "summary", "type", "language", "url", "role", "partner_type", "least_tier", "region",
            "ends_on", "owner",
        ]  # fmt: skip
        widgets = {
            "summary": forms.Textarea(attrs={"rows": 2}),
            "ends_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, products: Choices, owners: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["products"].choices = list(products)
        for name, empty in (("role", "Everybody at a partner"), ("partner_type", "Any type")):
            fields[name].choices = [("", empty), *(one for one in fields[name].choices if one[0])]
        fields["least_tier"].empty_label = "Any tier"
        fields["region"].empty_label = "Any region"
        fields["owner"].queryset, fields["owner"].empty_label = owners, "Nobody in particular"
        fields["type"].choices, fields["language"].choices = AssetType.choices, Language.choices
        self.had_link = self.instance.url

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        upload, url = cleaned.get("upload"), cleaned.get("url", "")
        if upload and url == self.had_link:
            cleaned["url"] = url = ""
        if upload and url:
            self.add_error("url", "Give it either a file or a link, not both.")
        if not (upload or url or self.instance.file_id or "upload" in self.errors or "url" in self.errors):
            self.add_error("upload", "Choose a file, or give a link below.")
        return cleaned

    def _post_clean(self) -> None:
        """The service checks the row; this form must not change the one at hand."""

    @property
    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    @property
    def product_ids(self) -> list[int]:
        return [int(pk) for pk in self.cleaned_data["products"]]


class CollectionForm(VendorModelForm):
    class Meta:
        model = Collection
        fields = ["name", "summary", "position"]
        widgets = {"summary": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, assets: Choices, chosen: Sequence[int] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        listed = [("", "No asset"), *assets]
        self.count = max(PLACES, len(chosen) + 4)
        if self.is_bound:
            self.count = min(max(PLACES, sum(str(key).startswith("asset_") for key in self.data)), 200)
        for place in range(1, self.count + 1):
            self.fields[f"asset_{place}"] = forms.ChoiceField(
                label=f"Asset {place}", required=False, choices=listed,
                initial=chosen[place - 1] if place <= len(chosen) else "",
            )  # fmt: skip

    def _post_clean(self) -> None:
        """The service checks the row."""

    @property
    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    @property
    def asset_ids(self) -> list[int]:
        answers = self.cleaned_data
        return [
            int(answers[f"asset_{place}"]) for place in range(1, self.count + 1) if answers[f"asset_{place}"]
        ]

    @property
    def places(self) -> list[forms.BoundField]:
        return [self[f"asset_{place}"] for place in range(1, self.count + 1)]
