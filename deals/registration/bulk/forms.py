"""The form for a file of registrations."""

from typing import Final

from django import forms

from deals.registration.bulk.rows import MOST_ROWS
from portal.files.kinds import CSV, EXCEL, TEXT
from portal.files.uploads import Upload, UploadField

_TABLES: Final = (CSV.content_type, TEXT.content_type, EXCEL.content_type)


class BulkForm(forms.Form):
    upload = UploadField(
        label="CSV or Excel file",
        help_text=f"At most {MOST_ROWS} rows below a line of column names.",
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.txt"}),
        error_messages={"required": "Choose a file first."},
    )

    def clean_upload(self) -> Upload:
        upload: Upload = self.cleaned_data["upload"]
        if upload.content_type not in _TABLES:
            raise forms.ValidationError("This is no table. Choose a CSV or Excel file.")
        return upload
