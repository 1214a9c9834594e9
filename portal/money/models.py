"""Exchange rates, one per vendor, currency and day."""

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models

from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantModel

CURRENCY = RegexValidator(r"^[A-Z]{3}$", "Give the three-letter ISO code, for example EUR.")


class ExchangeRate(TenantModel):
    """Units of the vendor's currency for one unit of `currency`, on and after `day`."""

    currency = models.CharField(max_length=3, validators=[CURRENCY])
    day = models.DateField()
    rate = models.DecimalField(max_digits=18, decimal_places=8, validators=[MinValueValidator(0.00000001)])

    class Meta:
        ordering = ["-day", "currency"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="portal_exchangerate_rows"),
            models.UniqueConstraint(
                fields=["vendor", "currency", "day"],
                name="portal_exchangerate_once",
                violation_error_message="There is a rate for this currency and day already.",
            ),
            models.CheckConstraint(condition=models.Q(rate__gt=0), name="portal_exchangerate_positive"),
        ]

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.rate.normalize()} on {self.day}"
