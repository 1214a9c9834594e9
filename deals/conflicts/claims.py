"""Who else claims what a registration asks for: for those who decide, side by side with the reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.utils import timezone
from django_countries import countries

from deals.conflicts.candidates import Match, Reason, Typed, matches
from deals.conflicts.check import CLAIMING
from deals.conflicts.models import DirectAccount, DirectAccountProduct
from deals.customers.models import Customer
from deals.deal.models import Deal, DealLine
from deals.protection.models import Protection
from portal.tenancy.wall import across_the_wall

_REASON: Final = "show who decides which claims stand beside a registration"


@dataclass(frozen=True, slots=True)
class Claim:
    """Another registration, or an account of the vendor, for the same or a similar customer and product.

    `reference` and `partner` are empty for an account; `owner` says who sells to it. `since`: when it was
    submitted, or when the protection began; `until`: its end, None without one.
    """

    match: Match
    name: str
    domain: str
    country: str
    products: tuple[str, ...]
    since: datetime
    until: datetime | None = None
    reference: str = ""
    partner: str = ""
    owner: str = ""
    account_id: int | None = None

    @property
    def key(self) -> str:
        """Names it among the claims beside one registration."""
        return self.reference or f"account-{self.account_id}"

    @property
    def blocks(self) -> bool:
        """Whether the database refuses an approval beside it: protection of the very same customer."""
        return self.until is not None and self.match.is_sure

    @property
    def country_name(self) -> str:
        return str(countries.name(self.country))

    @property
    def how_known(self) -> str:
        """Why it is taken for the same customer, in words."""
        match self.match.reason:
            case Reason.DOMAIN:
                return "Same domain"
            case Reason.NAME:
                return "Same name"
            case Reason.GROUP:
                return "Same domain, perhaps another company of the group"
            case Reason.OTHER_NAME:
                return "Known under another name"
        return f"Similar name, {self.match.score:.0%} alike"


def claims_beside(deal: Deal) -> list[Claim]:
    """What stands beside a registration for any of its products; what blocks it comes first.

    Claims of partners the reader does not manage are among it, which is why this looks across the wall.
    """
    typed = Typed.of(deal.customer_name, deal.customer_domain, str(deal.customer_country))
    with across_the_wall(_REASON):
        found = {match.customer_id: match for match in matches([typed])[0]}
        customers = list(_customers(found, deal))
    claims = [
        Claim(match=found[customer.pk], **_read(row))
        for customer in customers
        for row in (*customer.registrations, *customer.accounts)
        if row["products"]
    ]
    return sorted(claims, key=lambda claim: (not claim.blocks, not claim.match.is_sure, claim.since))


def _customers(ids: Iterable[int], deal: Deal) -> QuerySet[Any]:
    """The customers with `registrations` and `accounts`: what is claimed there, as JSON, in one statement."""
    wanted = DealLine.objects.filter(deal=deal.pk).order_by("product__name")
    return Customer.objects.filter(pk__in=[0, *ids]).annotate(
        registrations=ArraySubquery(_registrations(deal, wanted)), accounts=ArraySubquery(_accounts(wanted))
    )


def _registrations(deal: Deal, wanted: QuerySet[Any]) -> QuerySet[Any]:
    """Of other partners: those with protection, and those in line. `until` is empty for the latter."""
    active = Protection.objects.filter(released_at=None, expires_at__gt=timezone.now())
    of_this = active.filter(deal=OuterRef("pk")).order_by()
    lines = DealLine.objects.filter(deal=OuterRef(OuterRef("pk"))).values("product_id")
    others = Deal.objects.filter(customer=OuterRef("pk")).exclude(partner=deal.partner_id)
    others = others.filter(Q(status__in=CLAIMING) | Exists(of_this)).order_by("pk")
    return others.values(
        claim=JSONObject(
            reference=F("reference"),
            partner=F("partner__name"),
            name=F("customer_name"),
            domain=F("customer_domain"),
            country=F("customer_country"),
            products=ArraySubquery(wanted.filter(product__in=lines).values("product__name")),
            since=Coalesce(
                Subquery(of_this.values("deal_id").annotate(at=Min("starts_at")).values("at")),
                F("submitted_at"),
                F("created_at"),
            ),
            until=Subquery(of_this.values("deal_id").annotate(at=Max("expires_at")).values("at")),
        )
    )


def _accounts(wanted: QuerySet[Any]) -> QuerySet[Any]:
    lines = DirectAccountProduct.objects.filter(account=OuterRef(OuterRef("pk"))).values("product_id")
    listed = wanted.filter(Q(product__in=lines) | ~Exists(lines))
    return DirectAccount.objects.filter(customer=OuterRef("pk")).values(
        claim=JSONObject(
            name=F("name"),
            domain=F("customer__domain"),
            country=F("customer__country"),
            owner=F("owner"),
            account_id=F("pk"),
            products=ArraySubquery(listed.values("product__name")),
            since=F("created_at"),
        )
    )


def _read(row: dict[str, Any]) -> dict[str, Any]:
    moments = {name: datetime.fromisoformat(row[name]) for name in ("since", "until") if row.get(name)}
    return {**row, "products": tuple(row["products"]), **moments}
