"""What a registration is checked against besides other registrations: the vendor's own accounts."""

from django.db import models
from django.utils import timezone

from deals.models import Customer
from partners.models import Product
from portal.rows import Rows, RowSecurity, TenantKey, TenantModel


class CustomerWord(TenantModel):
    """A word of a customer's name, for finding names that may be alike; see `deals.conflicts.keys`.

    Written by the trigger `deals_customer_words`, so that no way of writing a customer can forget it.
    """

    customer = TenantKey(Customer, models.CASCADE, related_name="+")
    # "C": one index serves equality and order, and both may use it under row security. 200, or 201 backwards.
    word = models.CharField(max_length=201, db_collation="C")

    class Meta:
        indexes = [models.Index(fields=["vendor", "word", "customer"], name="deals_customerword_by_word")]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_customerword_rows"),
            models.UniqueConstraint(fields=["vendor", "customer", "word"], name="deals_customerword_once"),
        ]

    def __str__(self) -> str:
        return self.word


class DirectAccount(TenantModel):
    """A customer the vendor sells to itself. Registrations are checked against it; no partner sees it."""

    customer = TenantKey(Customer, related_name="direct_accounts")
    name = models.CharField(max_length=200, help_text="As the vendor's own sales people call it.")
    owner = models.CharField(max_length=120, help_text="Who sells to it: name or e-mail address.")
    external_key = models.CharField(max_length=120, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_directaccount_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_directaccount_key"),
            models.UniqueConstraint(
                fields=["vendor", "customer"],
                name="deals_directaccount_once",
                violation_error_message="This customer is among the direct accounts already.",
            ),
            models.UniqueConstraint(
                fields=["vendor", "external_key"],
                name="deals_directaccount_external_key",
                violation_error_message="Another account has this external key already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DirectAccountProduct(TenantModel):
    """A product the vendor sells to the account itself; an account without any is sold everything."""

    account = TenantKey(DirectAccount, models.CASCADE, related_name="lines")
    product = TenantKey(Product, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_directaccountproduct_rows"),
            models.UniqueConstraint(
                fields=["vendor", "account", "product"],
                name="deals_directaccountproduct_once",
                violation_error_message="This product is listed already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.product}"
