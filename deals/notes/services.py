"""Beside the answers of a registration: files and notes, from both sides."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import transaction

from deals.deal.actions import locked, record_deal_event, require
from deals.deal.models import Deal
from deals.notes import notifications
from deals.notes.models import Attachment, InternalNote, Note
from portal.events.log import record
from portal.files.uploads import Upload, refuse_total
from portal.tenancy.access import Actor

MOST_FILES: Final = 50


@transaction.atomic
def deal_files_add(*, actor: Actor, deal: Deal, uploads: Sequence[Upload]) -> list[Attachment]:
    """Add files that passed the check; one that is there already (the same content) stays as it is.

    ValidationError when it is not this side's turn, or when all files together would be too much.
    """
    action = attaching(actor)
    deal = locked(action, actor=actor, deal=deal)
    require(action, deal)
    present = Attachment.objects.filter(deal=deal)
    held = set(present.values_list("sha256", flat=True))
    added = list({upload.sha256: upload for upload in uploads if upload.sha256 not in held}.values())
    if len(held) + len(added) > MOST_FILES:
        raise ValidationError({"uploads": f"A deal holds at most {MOST_FILES} files."})
    try:
        refuse_total(present, added)
    except ValidationError as error:
        raise ValidationError({"uploads": error.messages}) from error
    rows = [_attached(actor, deal, upload) for upload in added]
    if rows:
        record_deal_event("deals.file_added", actor, deal, **_named(deal, rows))
    return rows


def _attached(actor: Actor, deal: Deal, upload: Upload) -> Attachment:
    row = Attachment(
        partner_id=deal.partner_id, deal=deal, by_vendor=actor.is_staff, **upload.as_fields(actor.user)
    )
    row.save()
    return row


def attaching(actor: Actor) -> str:
    """Each side has its own time for adding and removing files."""
    return "enclose" if actor.is_staff else "attach"


def _named(deal: Deal, files: Sequence[Attachment]) -> dict[str, list[str]]:
    """What is on a draft is nobody else's business; an event is read by the vendor too."""
    return {"files": [file.name for file in files]} if deal.submitted_at else {}


@transaction.atomic
def deal_file_remove(*, actor: Actor, deal: Deal, file: Attachment) -> Deal:
    """Remove a file of one's own side; the history keeps its name."""
    action = attaching(actor)
    deal = locked(action, actor=actor, deal=deal)
    require(action, deal)
    row = Attachment.objects.filter(deal=deal, pk=file.pk).first()
    if row is None:
        return deal
    if row.by_vendor != actor.is_staff:
        raise ValidationError(f"{row.name} came from the other side. Ask them to remove it.")
    row.delete()
    record_deal_event("deals.file_removed", actor, deal, **_named(deal, [row]))
    return deal


@transaction.atomic
def deal_note(*, actor: Actor, deal: Deal, text: str, key: UUID | None = None) -> Note:
    """Write to the other side; both read it. `key` names the form: the same key again is the same note."""
    deal = locked("note", actor=actor, deal=deal)
    require("note", deal)
    if not deal.submitted_at:
        raise ValidationError(f"{deal.reference} was never submitted: nobody else would read this.")
    key = key or uuid4()
    note: Note
    note, is_new = Note.objects.get_or_create(
        deal=deal,
        key=key,
        defaults={
            "partner_id": deal.partner_id,
            "text": _text(text),
            "written_by": actor.user,
            "by_vendor": actor.is_staff,
        },
    )
    if is_new:
        record_deal_event("deals.noted", actor, deal)
        notifications.noted(actor, deal, note)
    return note


@transaction.atomic
def deal_remark(*, actor: Actor, deal: Deal, text: str, key: UUID | None = None) -> InternalNote:
    """Write for the vendor's own people; the partner never learns that there is something."""
    deal = locked("remark", actor=actor, deal=deal)
    require("remark", deal)
    note: InternalNote
    note, is_new = InternalNote.objects.get_or_create(
        deal=deal,
        key=key or uuid4(),
        defaults={"partner_id": deal.partner_id, "text": _text(text), "written_by": actor.user},
    )
    if is_new:  # of no partner: the partner reads the events of its own
        record("deals.remarked", actor=actor, partner_id=None, subject=deal)
    return note


def _text(text: str) -> str:
    text = text.strip()
    if not text:
        raise ValidationError({"text": "Write something first."})
    return text
