"""Register many deals from a file: check it, then register the rows that were chosen."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid5

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from deals.deal import policies
from deals.registration.bulk.models import BulkUpload
from deals.registration.bulk.rows import Row, rows_of
from deals.registration.services import deal_draft_save, deal_submit
from portal.events.log import record
from portal.files.uploads import Upload
from portal.tenancy.access import Actor

#: Rows one person may have checked. Without an end to it the check would tell a patient script which
#: companies the vendor deals with.
MOST_AN_HOUR: Final = 500

#: How long a file waits for being confirmed.
KEPT: Final = timedelta(days=30)


@transaction.atomic
def bulk_check(*, actor: Actor, upload: Upload) -> BulkUpload:
    """Keep the file and what the check says of each row; nothing is registered.

    ValidationError (on "upload") when the file as a whole cannot be taken.
    """
    if not policies.may_register(actor):
        raise PermissionDenied("Only people of an active partner register deals.")
    try:
        rows = rows_of(actor, upload.content, timezone.localdate(timezone=actor.vendor.zone))
        _refuse_too_many(actor, len(rows))
    except ValidationError as error:
        raise ValidationError({"upload": error.messages}) from error
    bulk = BulkUpload(partner=actor.partner, rows=_as_json(rows), **upload.as_fields(actor.user))
    bulk.save()
    told = {"rows": len(rows), "ready": sum(not row.faults for row in rows)}
    record("deals.bulk_checked", actor=actor, partner_id=actor.partner.pk, subject=bulk, data=told)
    return bulk


def _refuse_too_many(actor: Actor, rows: int) -> None:
    since = timezone.now() - timedelta(hours=1)
    recent = BulkUpload.objects.filter(uploaded_by=actor.user, uploaded_at__gt=since)
    if sum(len(found) for found in recent.values_list("rows", flat=True)) + rows > MOST_AN_HOUR:
        raise ValidationError("You have checked very many customers within an hour. Try again later.")


def _as_json(rows: Collection[Row]) -> list[dict[str, Any]]:
    return [row.as_json() for row in rows]


@transaction.atomic
def bulk_register(*, actor: Actor, bulk: BulkUpload, lines: Collection[int]) -> BulkUpload:
    """Register these lines of the file, each by itself; one that fails does not hold up the others.

    Once: confirmed again, whatever lines are named, it is what it was. ValidationError when nothing is
    named that could be registered.
    """
    if not policies.may_register(actor) or bulk.uploaded_by_id != actor.user.pk:
        raise PermissionDenied("Only who sent the file registers what is in it.")
    bulk = BulkUpload.objects.select_for_update().get(pk=bulk.pk)
    if bulk.confirmed_at:
        return bulk
    with bulk.file.open("rb") as file:
        rows = rows_of(actor, file.read(), timezone.localdate(timezone=actor.vendor.zone))
    chosen = [row for row in rows if row.line in lines and not row.faults]
    if not chosen:
        raise ValidationError("Choose at least one row that can be registered.")
    bulk.outcome = [_registered(actor, bulk, row) for row in chosen]
    bulk.rows, bulk.confirmed_at = _as_json(rows), timezone.now()
    bulk.save(update_fields=["outcome", "rows", "confirmed_at"])
    told = {"registered": sum("reference" in one for one in bulk.outcome)}
    record("deals.bulk_registered", actor=actor, partner_id=actor.partner.pk, subject=bulk, data=told)
    return bulk


def _registered(actor: Actor, bulk: BulkUpload, row: Row) -> dict[str, Any]:
    try:
        with transaction.atomic():
            key = uuid5(bulk.key, str(row.line))
            deal = deal_draft_save(actor=actor, answers=row.answers, lines=row.pairs, key=key)
            return {"line": row.line, "reference": deal_submit(actor=actor, deal=deal).reference}
    except ValidationError as error:
        return {"line": row.line, "reason": " ".join(error.messages)}


@transaction.atomic
def bulk_sweep(*, now: datetime | None = None) -> int:
    """Delete files that were never confirmed; returns how many. Under the vendor's system scope."""
    before = (now or timezone.now()) - KEPT
    forgotten = BulkUpload.objects.filter(confirmed_at=None, uploaded_at__lt=before)
    _, deleted = forgotten.delete()
    return sum(deleted.values())
