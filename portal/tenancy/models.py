"""Vendors and their hosts."""

import zoneinfo
from datetime import date
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone

from portal.fields import AddressField
from portal.money.models import CURRENCY

#: Slugs become path segments and settings; the pattern leaves no room for anything else.
VENDOR_SLUG = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$", "Use lower-case letters, digits and hyphens."
)
COLOUR = RegexValidator(
    r"^#[0-9a-fA-F]{6}$", "Give a colour as # and six hexadecimal digits, for example #0b5cad."
)


def validate_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError("Unknown time zone. Use an IANA name, for example Europe/Vienna.")


def _changeable_only(row: models.Model, options: dict[str, Any], fixed: set[str]) -> None:
    """Leave `fixed` columns out of an update of the whole row: the app role may not change them."""
    is_new = row._state.adding or options.get("force_insert")  # noqa: SLF001  (Django's own word for it)
    if is_new or options.get("update_fields") is not None:
        return
    names = {field.name for field in row._meta.concrete_fields if not field.primary_key}
    options["update_fields"] = sorted(names - fixed)


class Vendor(models.Model):
    """The tenant: the company whose channel this is."""

    slug = models.CharField(max_length=50, unique=True, validators=[VENDOR_SLUG])
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])
    currency = models.CharField(max_length=3, default="EUR", validators=[CURRENCY])
    fiscal_year_start = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(12)],
        help_text="Month in which the fiscal year begins (1 to 12).",
    )
    colour = models.CharField(
        max_length=7, default="#0b5cad", validators=[COLOUR], help_text="Accent colour."
    )
    support_email = AddressField(blank=True)
    requires_second_factor = models.BooleanField(
        default=False, help_text="Program admins and executives must sign in with a second factor."
    )
    protection_days = models.PositiveSmallIntegerField(
        default=90, help_text="Days a registration is protected from its approval; a tier may differ."
    )
    decision_hours = models.PositiveSmallIntegerField(
        default=16, help_text="Working hours within which a registration is decided."
    )
    lead_answer_hours = models.PositiveSmallIntegerField(
        default=16, help_text="Working hours a partner has to accept or decline a lead."
    )
    lead_contact_hours = models.PositiveSmallIntegerField(
        default=16, help_text="Working hours from accepting a lead to the first contact with the customer."
    )
    suspended_partners_read = models.BooleanField(
        default=True,
        help_text="People of a suspended partner still see what is theirs; they change nothing either way.",
    )
    ended_partners_read_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(3650)],
        help_text="Days for which people of an ended partner still see what was theirs.",
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(fiscal_year_start__range=(1, 12)), name="portal_vendor_fiscal_month"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Its address is given once: links, mails and settings stand on the slug."""
        _changeable_only(self, kwargs, {"slug", "created_at"})
        super().save(*args, **kwargs)

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def today(self) -> date:
        """The day it is now where the vendor is: what "today" means everywhere."""
        return timezone.localdate(timezone=self.zone)

    @property
    def initial(self) -> str:
        return self.name[:1].upper()


class VendorHost(models.Model):
    """A host name under which a vendor's portal answers without the /v/<slug>/ prefix."""

    vendor = models.ForeignKey(Vendor, on_delete=models.CASCADE, related_name="hosts")
    host = models.CharField(
        max_length=253, unique=True, help_text="For example partners.example.com, no port."
    )

    class Meta:
        ordering = ["host"]

    def __str__(self) -> str:
        return self.host

    def clean(self) -> None:
        self.host = self.host.strip().lower().rstrip(".")


class AddressChange(models.Model):
    """A person's wish to sign in with another address; only hashes of its two links are kept.

    It belongs to the person, who may belong to several vendors, and so stands outside the wall.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    before = models.EmailField()
    after = models.EmailField()
    proof_hash = models.CharField(max_length=64, unique=True)
    undo_hash = models.CharField(max_length=64, blank=True, default="")
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    proved_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    undo_until = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["undo_hash"], name="portal_address_undo", condition=~models.Q(undo_hash="")),
        ]

    def __str__(self) -> str:
        return f"{self.before} to {self.after}"
