"""Reads of funds and their rules."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from mdf.funds.models import ActivityType, CostKind, Eligibility, Fund
from partners.models import Partner


def keeps_amounts() -> bool:
    """Whether the vendor's currency has to stay: caps of activities are in it."""
    return Fund.objects.exists() or ActivityType.objects.filter(most__isnull=False).exists()


def funds_for(partner: Partner) -> QuerySet[Fund]:
    """Funds this partner may draw on, by tier, region and type."""
    rules = Eligibility.objects.filter(fund=OuterRef("pk"))
    fits = rules.filter(
        Q(tier=None) | Q(tier=partner.tier_id),
        Q(region=None) | Q(region=partner.region_id),
        Q(partner_type="") | Q(partner_type=partner.type),
    )
    return Fund.objects.filter(Exists(fits) | ~Exists(rules))


def fits(rules: Iterable[Eligibility], partner: Partner) -> bool:
    """The same of rules that were read; none at all are for everybody."""
    listed = list(rules)
    return not listed or any(
        rule.tier_id in (None, partner.tier_id)
        and rule.region_id in (None, partner.region_id)
        and rule.partner_type in ("", partner.type)
        for rule in listed
    )


def open_funds(day: date) -> QuerySet[Fund]:
    """Those whose period contains the day."""
    return Fund.objects.filter(starts_on__lte=day, ends_on__gte=day)


def types_on_offer() -> QuerySet[ActivityType]:
    return ActivityType.objects.filter(is_active=True).prefetch_related("proofs")


def costs_on_offer() -> QuerySet[CostKind]:
    return CostKind.objects.filter(is_active=True)
