"""The keys a vendor signs with, and the place of an award in the list of what is revoked."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from enablement.certifications.models import Award
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel

#: Awards in one status list: the smallest the specification allows, so that nobody stands out in it.
LIST_SIZE: Final = 131_072


class IssuerKey(TenantModel):
    """An Ed25519 key. One of a vendor's is in use; earlier ones stay published: what they signed holds.

    `sealed` is the private half, which only `keys.unseal` opens. No page, list or form has it.
    """

    number = models.PositiveIntegerField()
    public = models.CharField("public key", max_length=80, help_text="As Multikey, which begins with z6Mk.")
    sealed = models.TextField(editable=False)
    created_at = models.DateTimeField("in use since", default=timezone.now)
    created_by = PersonKey(null=True)
    retired_at = models.DateTimeField("replaced", null=True)

    class Meta:
        ordering = ["-number"]
        verbose_name = "badge key"
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="enablement_issuerkey_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_issuerkey_key"),
            models.UniqueConstraint(fields=["vendor", "number"], name="enablement_issuerkey_number"),
            models.UniqueConstraint(
                fields=["vendor"], condition=Q(retired_at=None), name="enablement_issuerkey_in_use"
            ),
        ]

    def __str__(self) -> str:
        return f"Key {self.number}"


class Badge(TenantModel):
    """An award somebody took a credential of. `place` is its bit, in list `place // LIST_SIZE`.

    Places are drawn by lot: neighbours in a list say nothing about each other.
    """

    award = TenantKey(Award, related_name="+")
    place = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="enablement_badge_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_badge_key"),
            models.UniqueConstraint(fields=["vendor", "award"], name="enablement_badge_award"),
            models.UniqueConstraint(fields=["vendor", "place"], name="enablement_badge_place"),
        ]

    def __str__(self) -> str:
        return f"{self.award_id} at {self.place}"

    @property
    def status_list(self) -> int:
        return self.place // LIST_SIZE

    @property
    def bit(self) -> int:
        return self.place % LIST_SIZE
