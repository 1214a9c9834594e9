"""Whom to tell that a special price ends soon."""

from typing import Final

from deals.deal.people import registrants
from deals.special_prices.models import PriceRequest
from deals.special_prices.presenters import last_day
from portal.notifications.services import NotificationKind, declare_notifications, notify
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_money, format_percent

KINDS: Final = (NotificationKind("deals.price_ending", "My special price ends soon", for_partners=True),)
declare_notifications(*KINDS, place=40)


def ending(vendor: Vendor, request: PriceRequest) -> None:
    """To whoever registered the deal."""
    deal = request.deal
    notify(
        "deals.price_ending",
        vendor=vendor,
        key=f"price_ending:{request.pk}",
        to=registrants(deal),
        page="deals:price",
        target=deal.reference,
        template="price_ending",
        context={
            "reference": deal.reference,
            "customer": deal.customer_name,
            "last": last_day(request),
            "price": format_money(request.granted_total or 0, request.currency),
            "discount": format_percent(request.discount),
        },
    )
