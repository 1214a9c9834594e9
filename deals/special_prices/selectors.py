"""Reads of big deals: the vendor's terms, what was asked and granted, what waits for an answer."""

from deals.deal.models import Deal
from deals.deal.selectors import deals_visible
from deals.special_prices.models import BigDealTerms, PriceRequest
from portal.tenancy.access import Actor


def big_deal_terms() -> BigDealTerms:
    """The vendor's; without a row of its own nothing is asked for and nothing needed."""
    terms: BigDealTerms | None = BigDealTerms.objects.first()
    return terms or BigDealTerms()


def price_requests(deal: Deal) -> list[PriceRequest]:
    """Of one deal, the latest first, with everybody they name."""
    requests = PriceRequest.objects.filter(deal=deal).select_related("owner", "requested_by", "decided_by")
    return list(requests.order_by("-requested_at", "-id"))


def price_request_of(actor: Actor, pk: int) -> PriceRequest:
    """PriceRequest.DoesNotExist for who cannot see its deal."""
    deals = deals_visible(actor).order_by().values("pk")
    requests = PriceRequest.objects.filter(deal__in=deals).select_related("deal__partner__tier")
    found: PriceRequest = requests.get(pk=pk)
    return found
