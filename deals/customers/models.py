"""End customers of a vendor."""

from django.db import models
from django.utils import timezone
from django_countries.fields import CountryField

from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantModel


class Customer(TenantModel):
    """An end customer of the vendor, shared by all who deal with it and listed to nobody but staff.

    Partners see what they typed on their own deals; this row is the match key behind them.
    """

    name = models.CharField(max_length=200)
    normalised_name = models.CharField(
        max_length=200, editable=False, help_text="Match key; see deals.matching."
    )
    domain = models.CharField(
        max_length=253, blank=True, help_text="Registrable domain, for example example.com."
    )
    country = CountryField(blank=True)
    sector = models.CharField(max_length=80, blank=True)
    external_key = models.CharField(max_length=120, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        indexes = [
            models.Index(fields=["vendor", "normalised_name"], name="deals_customer_by_name"),
            models.Index(fields=["vendor", "domain"], name="deals_customer_by_domain"),
        ]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_customer_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_customer_key"),
            models.UniqueConstraint(
                fields=["vendor", "external_key"],
                name="deals_customer_external_key",
                violation_error_message="Another customer has this external key already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
