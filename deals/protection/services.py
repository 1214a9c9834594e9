"""Protection: given at approval, ended by the outcome or by time. One active per customer and product."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from deals.customers.models import Customer
from deals.deal.actions import record_deal_event
from deals.deal.models import Deal, DealStatus
from deals.protection import notifications
from deals.protection.models import Protection
from deals.protection.selectors import claims_against
from portal.requests.services import requests_lapse
from portal.tenancy.access import Actor
from portal.tenancy.wall import across_the_wall
from portal.ui.formatting import format_date

#: Deals expired in one transaction; the next run takes the next.
BATCH = 500


def protect(deal: Deal, customer: Customer, now: datetime, until: datetime) -> None:
    """Claim the customer for each of the deal's products.

    The unique index decides who was first; the loser gets a ValidationError naming the claim in the way.
    """
    products = sorted(deal.lines.values_list("product_id", flat=True))
    if not products:
        raise ValidationError(f"{deal.reference} names no product, so there is nothing to protect.")
    claim(deal, customer, products, now, until)


def claim(deal: Deal, customer: Customer, products: list[int], now: datetime, until: datetime) -> None:
    """The same for some products, in one order, so that two approvals wait for each other and never both."""
    with across_the_wall("end protection that has run out before another begins", remember=False):
        _expire(Deal.objects.filter(customer=customer), now)
    rows = [
        Protection(
            partner_id=deal.partner_id,
            deal=deal,
            customer=customer,
            product_id=product,
            starts_at=now,
            expires_at=until,
        )
        for product in products
    ]
    try:
        with transaction.atomic():
            Protection.objects.bulk_create(rows)
    except IntegrityError as error:
        raise ValidationError(_in_the_way(deal), code="claimed") from error


def _in_the_way(deal: Deal) -> list[str]:
    claims = claims_against(deal)
    return [
        f"{claim.product} at {deal.customer_name} is protected for {claim.partner} "
        f"({claim.deal.reference}) until {format_date(claim.expires_at, 'year')}. "
        f"Reject or return {deal.reference}, or wait until that protection has ended."
        for claim in claims
    ] or [f"{deal.reference} was claimed by somebody else at the same moment. Try again."]


def release(deal: Deal, now: datetime) -> None:
    """End the protection of a deal that was won, lost or withdrawn."""
    Protection.objects.filter(deal=deal, released_at=None).update(released_at=now)


@transaction.atomic
def protection_expire_due(*, actor: Actor | None = None, now: datetime | None = None) -> int:
    """Expire the scope's open deals whose protection has run out; returns how many, at most `BATCH`.

    Won and lost deals are never touched. Two runs at once share the work. Runs under the vendor's
    system scope (`deals.protection.tasks.expire_protection`); `actor` is None there.
    """
    return _expire(Deal.objects.all(), now or timezone.now(), actor)


def _expire(deals: QuerySet[Deal], now: datetime, actor: Actor | None = None) -> int:
    due = deals.filter(status=DealStatus.APPROVED, expires_at__lte=now).order_by("pk")
    due = due.select_related("vendor", "partner", "registered_by")
    expired = list(due.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    if not expired:
        return 0
    ids = [deal.pk for deal in expired]
    Deal.objects.filter(pk__in=ids).update(status=DealStatus.EXPIRED, updated_at=now)
    Protection.objects.filter(deal_id__in=ids, released_at=None).update(released_at=now)
    for deal in expired:
        deal.status = DealStatus.EXPIRED
    requests_lapse(expired)
    for deal in expired:  # few, and whoever listens must hear of each
        event = record_deal_event("deals.expired", actor, deal)
        notifications.expired(deal.vendor, deal, event)
    return len(expired)
