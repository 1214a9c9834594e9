"""Files with many registrations."""

import uuid

from django.db import models

from partners.keys import PartnerKey
from portal.files.uploads import StoredFile
from portal.tenancy.constraints import Rows, RowSecurity


class BulkUpload(StoredFile):
    """A file of registrations as its sender left it; nothing of it is registered before it is confirmed.

    `rows` is what the check found, a list of `deals.bulk.rows.Row.as_json()`; `outcome`, once it is
    confirmed, what became of them: [{"line", "reference"}] and [{"line", "reason"}].
    """

    partner = PartnerKey()
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    rows = models.JSONField(default=list)
    outcome = models.JSONField(default=list)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-uploaded_at"]
        indexes = [
            models.Index(fields=["vendor", "uploaded_by", "-uploaded_at"], name="deals_bulkupload_by_person")
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="deals_bulkupload_rows"),
        ]
