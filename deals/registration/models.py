"""What the programme allows around a registration."""

from typing import Final

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from deals.deal.models import Deal
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantModel

#: What holds until the vendor says otherwise.
RESUBMISSIONS: Final = 3
AMENDMENT_PERCENT: Final = 20


class DealTerms(TenantModel):
    """What the programme allows with a registration: one row per vendor, the usual without one."""

    resubmissions = models.PositiveSmallIntegerField(
        "most resubmissions",
        default=RESUBMISSIONS,
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text="How often a returned registration may be submitted again. Empty: as often as needed.",
    )

    amendment_percent = models.PositiveSmallIntegerField(
        "amount may change by, per cent",
        default=AMENDMENT_PERCENT,
        null=True,
        blank=True,
        validators=[MaxValueValidator(1000)],
        help_text="Of an approved deal, before the change needs an approval. Empty: not limited by this.",
    )
    amendment_amount = models.BigIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="The same in minor units of the vendor's currency.",
    )

    counts_list_prices = models.BooleanField(
        "count deals without an amount at list price",
        default=False,
        db_default=False,
        help_text="Open deals of which no amount was stated count in the pipeline with the list price of "
        "their products times the quantity, as it is when they come in. Each needs a list price.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "registration terms"
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="deals_dealterms_rows"),
            models.UniqueConstraint(
                fields=["vendor"],
                name="deals_dealterms_once",
                violation_error_message="The terms exist already: change those.",
            ),
        ]

    def __str__(self) -> str:
        return "Registration terms"

    def may_be_returned(self, deal: Deal) -> bool:
        """Whether the partner may answer once more."""
        return self.resubmissions is None or deal.resubmissions < self.resubmissions
