"""Files that people hand in: checked by content, kept under random names, handed out as attachments only.

A table of files derives from `StoredFile`; its service creates rows from `Upload.as_fields()`; its page uses
`UploadField` or `UploadsField`; its download view finds the row (row security decides who can) and returns
`as_attachment()`. Files live in the default storage (`MEDIA_ROOT`), which no address leads to.
"""

import hashlib
import logging
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django import forms
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.db import models, transaction
from django.db.models import Sum
from django.db.models.signals import class_prepared, post_delete
from django.http import Http404, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.http import content_disposition_header

from portal.events.log import record
from portal.files.kinds import ACCEPT, ACCEPTED, file_kind_of, harmless_name
from portal.people.models import User
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.tables import PersonKey, TenantModel

logger = logging.getLogger(__name__)
#: Files sent with one form.
MOST_AT_ONCE: Final = 10
#: A file without a row this old was left by a request that failed.
_ABANDONED_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that passed the check. `name` is fit to be shown, `content_type` is what the content is."""

    name: str
    content_type: str
    content: bytes

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def as_fields(self, by: User | None) -> dict[str, Any]:
        """The fields of a `StoredFile`; the file itself is written when the row is saved."""
        return {
            "name": self.name,
            "content_type": self.content_type,
            "size": self.size,
            "sha256": self.sha256,
            "file": ContentFile(self.content, name=self.name),
            "uploaded_by": by,
        }


def checked(name: str, content: bytes) -> Upload:
    """The upload, when size and kind are accepted; ValidationError with a text for people otherwise."""
    if not content:
        raise ValidationError("This file is empty.", code="empty")
    refuse_size(len(content))
    kind = file_kind_of(name, content)
    return Upload(harmless_name(name, kind), kind.content_type, content)


def refuse_size(size: int) -> None:
    if size > settings.UPLOAD_LIMIT:
        most = filesizeformat(settings.UPLOAD_LIMIT)
        raise ValidationError(f"This file is larger than {most}. Choose a smaller one.", code="large")


def refuse_total(present: "models.QuerySet[Any]", uploads: Collection[Upload]) -> None:
    """ValidationError when these rows and uploads together are more than one subject (a deal) may hold.

    Hold the subject's lock: two uploads at once would each see the other's room.
    """
    held = present.aggregate(total=Sum("size", default=0))["total"]
    if held + sum(upload.size for upload in uploads) <= settings.UPLOAD_TOTAL_LIMIT:
        return
    most, used = filesizeformat(settings.UPLOAD_TOTAL_LIMIT), filesizeformat(held)
    raise ValidationError(f"Together files may have {most}; {used} are there already.", code="total")


# Keeping ---------------------------------------------------------------------------------------------------


def random_place(row: models.Model, name: str) -> str:
    """Where a new file goes: by vendor and table, under a name nobody can guess and without an extension."""
    return f"{row.vendor_id}/{row._meta.label_lower}/{secrets.token_hex(16)}"  # type: ignore[attr-defined]


class StoredFile(TenantModel):
    """A file of a vendor. The row says who may see it; deleted with its row, after commit."""

    name = models.CharField(max_length=120, editable=False, help_text="As shown and downloaded.")
    content_type = models.CharField(max_length=100, editable=False, help_text="Decided by the content.")
    size = models.PositiveIntegerField(editable=False, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, editable=False)
    file = models.FileField(upload_to=random_place, max_length=200, editable=False)
    uploaded_by = PersonKey(null=True, editable=False)
    uploaded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


def _remove_file(instance: StoredFile, **_: Any) -> None:
    remove = partial(default_storage.delete, instance.file.name or "")
    transaction.on_commit(remove, robust=True)  # what fails here is found by the sweep


def _watch_table(sender: type[models.Model], **_: Any) -> None:
    # Table by table: a listener to every deletion would make all of them slow.
    if issubclass(sender, StoredFile):
        post_delete.connect(_remove_file, sender=sender, dispatch_uid=f"portal.uploads.{sender._meta.label}")


class_prepared.connect(_watch_table, dispatch_uid="portal.files.uploads")


def stored_files_sweep(*, vendor: Vendor) -> int:
    """Delete the vendor's files that no row names: left by transactions that failed. Returns how many.

    Runs under the vendor's system scope (`portal.tasks.sweep_files`).
    """
    tables = [model for model in apps.get_models() if issubclass(model, StoredFile)]
    abandoned = [name for table in tables for name in _abandoned(vendor, table)]
    for name in abandoned:
        default_storage.delete(name)
    return len(abandoned)


def _abandoned(vendor: Vendor, table: type[StoredFile]) -> Iterator[str]:
    folder = f"{vendor.pk}/{table._meta.label_lower}"
    try:
        _, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    named = set(table.objects.values_list("file", flat=True))
    before = timezone.now() - _ABANDONED_AFTER
    for name in (f"{folder}/{name}" for name in names):
        if name not in named and default_storage.get_modified_time(name) < before:
            yield name


# Handing in ------------------------------------------------------------------------------------------------


class UploadField(forms.FileField):
    """A file to hand in; the cleaned value is an `Upload`, or None where nothing was chosen."""

    widget = forms.FileInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", limits_text())
        super().__init__(**kwargs)
        self.widget.attrs.setdefault("accept", ACCEPT)

    def clean(self, data: Any, initial: Any = None) -> Any:
        """`initial` only names what is kept; where nothing was chosen, nothing is to replace it."""
        return super().clean(data)

    def to_python(self, data: Any) -> Any:
        return _read(data) if isinstance(data, UploadedFile) else None


class _ManyFiles(forms.FileInput):
    allow_multiple_selected = True


class UploadsField(UploadField):
    """Several files at once; the cleaned value is a list of `Upload`."""

    widget = _ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Upload]:
        files = [data] if isinstance(data, UploadedFile) else list(data or [])
        if self.required and not files:
            raise ValidationError(self.error_messages["required"], code="required")
        if len(files) > MOST_AT_ONCE:
            raise ValidationError(f"Choose at most {MOST_AT_ONCE} files at once.", code="many")
        return [self._named(file) for file in files]

    def _named(self, file: "UploadedFile[Any]") -> Upload:
        try:
            return _read(file)
        except ValidationError as error:
            raise ValidationError([f"{_shown(file)}: {text}" for text in error.messages]) from error


def _read(file: "UploadedFile[Any]") -> Upload:
    refuse_size(file.size or 0)  # before it is read
    return checked(file.name or "", file.read())


def _shown(file: "UploadedFile[Any]") -> str:
    return "".join(letter for letter in (file.name or "") if letter.isprintable())[:100]


def limits_text() -> str:
    return f"{ACCEPTED}. At most {filesizeformat(settings.UPLOAD_LIMIT)} each."


# Handing out -----------------------------------------------------------------------------------------------


def as_attachment(stored: StoredFile, *, actor: Actor) -> HttpResponse:
    """The file as a download that no browser shows or runs; that it was taken is recorded.

    The caller has decided that `actor` may see it. Read at once, whole and without ranges: a streamed answer
    would outlive the request's transaction. Http404 when the storage has lost it.
    """
    try:
        with default_storage.open(stored.file.name or "") as file:
            content = file.read()
    except FileNotFoundError as error:
        logger.exception("%s %s has no file", stored._meta.label, stored.pk)
        raise Http404("the file is gone") from error
    # Without its name: a partner's draft is its own business, and its events are read by the vendor too.
    partner_id = getattr(stored, "partner_id", None)
    record("portal.downloaded", actor=actor, partner_id=partner_id, subject=stored)
    response = HttpResponse(content, content_type=stored.content_type)
    response["Content-Disposition"] = content_disposition_header(True, stored.name) or "attachment"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Accept-Ranges"] = "none"
    response["Cache-Control"] = "private, no-store"
    return response
