"""Rows for tests. Call under a scope: `vendor` comes from it, as everywhere."""

from datetime import timedelta
from typing import Any

import factory
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.utils import timezone
from factory.django import DjangoModelFactory

from deals.amendments import models as amendments
from deals.approvals import models as approvals
from deals.customers import models as customers_models
from deals.deal import models as deal_models
from deals.leads import models as leads
from deals.notes import models as lifecycle
from deals.registration.bulk import models as bulk
from deals.registration.bulk.rows import COLUMNS
from partners import models as partners_models
from portal.people import models as people_models
from portal.references import scattered
from portal.tenancy import models as tenancy_models
from portal.tenancy.roles import Role

#: Of a file of registrations, with one row in which everything is missing but a name.
HEADER = ",".join(names[0] for names in COLUMNS.values()) + "\nSomebody" + "," * (len(COLUMNS) - 1)
PASSWORD = "correct horse battery staple"


class VendorFactory(DjangoModelFactory):
    class Meta:
        model = tenancy_models.Vendor
        django_get_or_create = ("slug",)

    slug = factory.Sequence(lambda n: f"vendor-{n}")
    name = factory.LazyAttribute(lambda vendor: vendor.slug.replace("-", " ").title())
    time_zone = "Europe/Vienna"
    currency = "EUR"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = people_models.User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    first_name = factory.Sequence(lambda n: f"First{n}")
    last_name = factory.Sequence(lambda n: f"Last{n}")
    password = factory.django.Password(PASSWORD)


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = people_models.Membership

    user = factory.SubFactory(UserFactory)
    role = Role.PROGRAM_ADMIN


class TierFactory(DjangoModelFactory):
    class Meta:
        model = partners_models.Tier

    name = factory.Sequence(lambda n: f"Tier {n}")
    rank = factory.Sequence(lambda n: n + 1)


class RegionFactory(DjangoModelFactory):
    class Meta:
        model = partners_models.Region

    name = factory.Sequence(lambda n: f"Region {n}")
    group = factory.LazyAttribute(lambda region: Group.objects.create(name=f"test: {region.name}"))


class PartnerFactory(DjangoModelFactory):
    class Meta:
        model = partners_models.Partner

    slug = factory.Sequence(lambda n: f"partner-{n}")
    name = factory.LazyAttribute(lambda partner: partner.slug.replace("-", " ").title())
    country = "AT"
    city = "Graz"


class SeatFactory(DjangoModelFactory):
    class Meta:
        model = partners_models.Seat

    partner = factory.SubFactory(PartnerFactory)
    membership = factory.SubFactory(MembershipFactory, role=Role.PARTNER_REP)
    user = factory.LazyAttribute(lambda seat: seat.membership.user)


class ProductFactory(DjangoModelFactory):
    class Meta:
        model = partners_models.Product

    name = factory.Sequence(lambda n: f"Product {n}")
    code = factory.Sequence(lambda n: f"P{n}")


class StageFactory(DjangoModelFactory):
    class Meta:
        model = deal_models.Stage

    name = factory.Sequence(lambda n: f"Stage {n}")
    position = factory.Sequence(lambda n: n + 1)
    probability = 50


class CustomerFactory(DjangoModelFactory):
    class Meta:
        model = customers_models.Customer

    name = factory.Sequence(lambda n: f"Customer {n}")
    normalised_name = factory.LazyAttribute(lambda customer: customer.name.lower())


class DealFactory(DjangoModelFactory):
    """A draft; pass `approved_at`, `won_at` and so on, or use the traits."""

    class Meta:
        model = deal_models.Deal

    partner = factory.SubFactory(PartnerFactory)
    reference = factory.Sequence(lambda n: f"D-{900_000 + n}")
    customer = factory.SubFactory(CustomerFactory)
    customer_name = factory.LazyAttribute(
        lambda deal: deal.customer.name if deal.customer else "Unnamed customer"
    )
    amount = 1_000_00
    amount_vendor = factory.SelfAttribute("amount")
    currency = "EUR"
    expected_close = factory.LazyFunction(lambda: timezone.localdate() + timedelta(days=60))

    class Params:
        submitted = factory.Trait(
            status=deal_models.DealStatus.SUBMITTED,
            submitted_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=1)),
            decision_due_at=factory.LazyFunction(lambda: timezone.now() + timedelta(days=1)),
        )
        approved = factory.Trait(
            status=deal_models.DealStatus.APPROVED,
            submitted_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=20)),
            approved_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=19)),
            expires_at=factory.LazyFunction(lambda: timezone.now() + timedelta(days=71)),
        )
        won = factory.Trait(
            status=deal_models.DealStatus.WON,
            submitted_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=60)),
            approved_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=58)),
            won_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=10)),
            won_amount=factory.SelfAttribute("amount"),
            won_amount_vendor=factory.SelfAttribute("amount_vendor"),
        )
        lost = factory.Trait(
            status=deal_models.DealStatus.LOST,
            submitted_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=60)),
            approved_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=58)),
            lost_at=factory.LazyFunction(lambda: timezone.now() - timedelta(days=10)),
        )


class DealLineFactory(DjangoModelFactory):
    class Meta:
        model = deal_models.DealLine

    deal = factory.SubFactory(DealFactory)
    partner = factory.SelfAttribute("deal.partner")
    product = factory.SubFactory(ProductFactory)


class LeadFactory(DjangoModelFactory):
    """A lead nobody has."""

    class Meta:
        model = leads.Lead

    reference = factory.Sequence(lambda n: scattered("L", n))
    customer_name = factory.Sequence(lambda n: f"Prospect {n}")
    customer_country = "AT"
    currency = "EUR"


class LeadOfferFactory(DjangoModelFactory):
    """An offer that waits for an answer; pass `outcome`, `accepted_at` and so on for more."""

    class Meta:
        model = leads.LeadOffer

    partner = factory.SubFactory(PartnerFactory)
    lead = factory.SubFactory(LeadFactory, status=leads.LeadStatus.OFFERED)
    reference = factory.SelfAttribute("lead.reference")
    customer_name = factory.SelfAttribute("lead.customer_name")
    currency = "EUR"
    reason = "It came to you because you work in Austria, where the customer is."
    offered_at = factory.LazyFunction(timezone.now)
    answer_due_at = factory.LazyAttribute(lambda offer: offer.offered_at + timedelta(days=2))


class AttachmentFactory(DjangoModelFactory):
    class Meta:
        model = lifecycle.Attachment

    deal = factory.SubFactory(DealFactory)
    partner = factory.SelfAttribute("deal.partner")
    name = factory.Sequence(lambda n: f"file-{n}.txt")
    content_type = "text/plain"
    size = 4
    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    file = factory.LazyAttribute(lambda row: ContentFile(b"text", name=row.name))


class BulkUploadFactory(DjangoModelFactory):
    """A file of registrations without a row that could be registered."""

    class Meta:
        model = bulk.BulkUpload

    name = "deals.csv"
    content_type = "text/csv"
    size = 8
    sha256 = "0" * 64
    file = factory.LazyAttribute(lambda row: ContentFile(HEADER.encode(), name=row.name))


class AmendmentFactory(DjangoModelFactory):
    """One that waits, for half as much again."""

    class Meta:
        model = amendments.Amendment

    deal = factory.SubFactory(DealFactory, approved=True)
    partner = factory.SelfAttribute("deal.partner")
    why = "the amount changes"
    amount_before = factory.SelfAttribute("deal.amount")
    amount = factory.LazyAttribute(lambda one: one.deal.amount * 3 // 2)
    close_before = factory.SelfAttribute("deal.expected_close")
    expected_close = factory.SelfAttribute("deal.expected_close")
    due_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=1))


class ApprovalRuleFactory(DjangoModelFactory):
    """Fits everything and approves at once; give `steps` as (approver, {fields}) pairs for people instead."""

    class Meta:
        model = approvals.ApprovalRule
        skip_postgeneration_save = True

    position = factory.Sequence(lambda n: n + 1)
    name = factory.Sequence(lambda n: f"Rule {n}")
    outcome = factory.LazyAttribute(lambda rule: approvals.Outcome.APPROVE)

    @factory.post_generation
    def steps(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        for position, (approver, fields) in enumerate(extracted or [], start=1):
            approvals.ApprovalRuleStep.objects.create(
                rule=self, position=position, approver=approver, **fields
            )
        if extracted:
            self.outcome = approvals.Outcome.STEPS
            self.save()


def approved_deal(**fields: Any) -> deal_models.Deal:
    return DealFactory(approved=True, **fields)
