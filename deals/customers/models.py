"""End customers of a vendor, and what helps to recognise them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django_countries.fields import CountryField

from deals.customers.match_keys import host_of, normalised_name, registrable_domain
from deals.customers.spelling import LONGEST, plain_spelling, spelling
from deals.customers.word_keys import heard_as
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantModel


class SpeltField(models.CharField):
    """The customer's name in the one spelling in which names are compared; follows the name."""

    def pre_save(self, model_instance: Any, add: bool) -> str:
        model_instance.spelling = spelling(model_instance.normalised_name)
        return str(model_instance.spelling)


class HeardField(models.TextField):
    """What else the customer is found by: see `deals.customers.word_keys.heard_as`; follows the name."""

    def pre_save(self, model_instance: Any, add: bool) -> str:
        words = heard_as(model_instance.name, model_instance.normalised_name)
        model_instance.heard_as = " ".join(sorted(words))
        return str(model_instance.heard_as)


class ComparedField(models.CharField):
    """Another field of the row as names are compared; follows it."""

    def __init__(self, *args: Any, of: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of = of

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "of": self.of}

    def pre_save(self, model_instance: Any, add: bool) -> str:
        compared = plain_spelling(normalised_name(getattr(model_instance, self.of)))
        setattr(model_instance, self.attname, compared)
        return compared


class Customer(TenantModel):
    """An end customer of the vendor, shared by all who deal with it and listed to nobody but staff.

    Partners see what they typed on their own deals; this row is the match key behind them.
    """

    name = models.CharField(max_length=200)
    normalised_name = models.CharField(
        max_length=200, editable=False, help_text="Match key; see deals.customers.match_keys."
    )
    spelling = SpeltField(max_length=LONGEST, editable=False, db_default="", default="")
    heard_as = HeardField(editable=False, db_default="", default="")
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

    def spell(self) -> None:
        """Let what the name is found by follow it, for writes that skip `save`: bulk updates."""
        for field in self._meta.concrete_fields:
            if isinstance(field, (SpeltField, HeardField)):
                field.pre_save(self, False)


class SharedDomain(TenantModel):
    """The vendor's word on a domain: many share it, so it identifies nobody; or not, though it is listed."""

    domain = models.CharField(
        max_length=253, help_text="For example example.com; hosts below it are meant as well."
    )
    is_shared = models.BooleanField(
        "many share it",
        default=True,
        help_text="It then says nothing about who a customer is. Untick to let a listed domain count.",
    )

    class Meta:
        ordering = ["domain"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="deals_shareddomain_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_shareddomain_key"),
            models.UniqueConstraint(
                fields=["vendor", "domain"],
                name="deals_shareddomain_domain",
                violation_error_message="This domain is in the list already.",
            ),
        ]

    def __str__(self) -> str:
        return self.domain

    def clean(self) -> None:
        self.domain = host_of(self.domain)
        if not registrable_domain(self.domain):
            raise ValidationError({"domain": "Give a domain, for example example.com."})


class OtherName(TenantModel):
    """A name a company had or has beside its own: asked for by one, the other is found as well."""

    name = models.CharField(max_length=200, help_text="A former, short or foreign name, such as Facebook.")
    company = models.CharField("company", max_length=200, help_text="As it is called now: Meta Platforms.")
    name_key = ComparedField(of="name", max_length=LONGEST, editable=False)
    company_key = ComparedField(of="company", max_length=LONGEST, editable=False)

    class Meta:
        ordering = ["company", "name"]
        indexes = [models.Index(fields=["vendor", "company_key"], name="deals_othername_by_company")]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="deals_othername_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="deals_othername_key"),
            models.UniqueConstraint(
                fields=["vendor", "name_key", "company_key"],
                name="deals_othername_once",
                violation_error_message="This name is in the list already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.company}"

    def clean(self) -> None:
        self.name_key, self.company_key = (
            plain_spelling(normalised_name(name)) for name in (self.name, self.company)
        )
        if self.name_key == self.company_key:
            raise ValidationError({"name": "This is recognised as the same name already."})
