"""The form for a package in a module."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat

from enablement.packages import archive
from enablement.packages.manifest import (
    CMI5,
    MOST_MANIFEST,
    STANDARDS,
    Manifest,
    manifest_of,
    manifest_of_xml,
)
from enablement.packages.models import Package
from enablement.packages.selectors import package_of
from portal.ui.versions import VersionedForm


class PackageForm(VersionedForm, forms.Form):
    """A new package, or one the course has already. `module` is the module to play it."""

    standards: tuple[str, ...] = tuple(STANDARDS)

    package = forms.FileField(
        label="Package", required=False, widget=forms.FileInput(attrs={"accept": ".zip"})
    )
    kept = forms.ModelChoiceField(
        label="Or one of this course",
        queryset=Package.objects.none(),
        required=False,
        empty_label="A new one",
    )

    def __init__(self, *args: Any, module: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = filesizeformat(settings.PACKAGE_LIMIT)
        what = "ZIP file of your authoring tool"
        if CMI5 in self.standards:
            what += ", or a cmi5.xml whose units lie elsewhere"
            self.fields["package"].widget.attrs["accept"] = ".zip,.xml"
        self.fields["package"].help_text = f"{what}; at most {most}."
        self.manifest: Manifest | None = None
        present = package_of(module) if module is not None else None
        self.has_package = present is not None
        if present is not None:
            self.initial["package"] = f"{present}, {present.pk}"
        rows = Package.objects.filter(standard__in=self.standards)
        course_id = module.version.course_id if module is not None and module.version_id else None
        self.fields["kept"].queryset = rows.filter(course=course_id)  # type: ignore[attr-defined]

    def clean_package(self) -> Any:
        file = self.cleaned_data["package"]
        if not isinstance(file, UploadedFile):  # without one, what is kept
            return None
        found = self._manifest(file)
        if found.standard not in self.standards:
            wanted = " or ".join(STANDARDS[one] for one in self.standards)
            raise ValidationError(
                f"This is a {STANDARDS[found.standard]} package, not {wanted}.", code="kind"
            )
        self.manifest = found
        file.seek(0)
        return file

    def _manifest(self, file: Any) -> Manifest:
        """Judged by content: a ZIP file, or for cmi5 also its structure alone."""
        if CMI5 in self.standards and archive.looks_like_xml(file):
            return manifest_of_xml(file.read(MOST_MANIFEST + 1))
        return manifest_of(archive.checked(file))

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        has_one = answers.get("package") or answers.get("kept") or self.has_package
        if not has_one and "package" not in self.errors:
            self.add_error("package", "Choose the ZIP file of the package.")
        return answers
