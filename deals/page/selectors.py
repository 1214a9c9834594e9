"""Reads for pages that show several features: the partner's home and the page of a deal."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import OuterRef, Subquery

from deals.deal.models import Deal
from deals.deal.selectors import deals_visible
from deals.disputes.selectors import with_sides
from deals.leads.models import LeadOffer
from deals.protection.selectors import with_extensions
from partners.policies import sees_own_deals_only
from portal.tenancy.access import Actor

CLOSING: Final = timedelta(days=30)  # "the next money"


# The partner's home --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Deals of one kind: how many, worth what, the most urgent few.

    Amounts in minor units of the vendor's currency; `weighted` by the likelihood of each deal's stage.
    """

    count: int
    amount: int
    weighted: int
    without_amount: int
    deals: list[Deal]

    @property
    def is_stated(self) -> bool:
        """Whether any of the deals has an amount."""
        return self.count > self.without_amount


@dataclass(frozen=True, slots=True)
class Today:
    """The partner's next money; what waits for whom is `portal.requests.queue`."""

    closing: Group  # "the next money": expected to close within 30 days
    overdue: Group  # was expected to close on a day that has passed
    open: Group  # approved and still running; no list


#: In SQL, because putting five lists and eighteen sums together from querysets took half of the page. One
#: line for each kind: whether a deal is of it, and by which moment it is urgent.
_TODAY: Final = """
select
    kind,
    count(*),
    coalesce(sum(amount_vendor), 0)::bigint,
    coalesce(sum(amount_vendor * probability), 0)::bigint,
    count(*) filter (where amount_vendor is null),
    case when kind = 'open' then '{}' else (array_agg(deal.id order by urgent_at, deal.id))[:%(most)s] end
from deals_deal deal
left join deals_stage stage on stage.vendor_id = deal.vendor_id and stage.id = stage_id
cross join lateral (values
    ('closing', status = 'approved' and expected_close between %(today)s and %(last_day)s,
        expected_close::timestamptz),
    ('overdue', status = 'approved' and expected_close < %(today)s, expected_close::timestamptz),
    ('open', status = 'approved', null)
) as kinds (kind, holds, urgent_at)
where deal.vendor_id = %(vendor)s and partner_id = %(partner)s and status = 'approved' and holds
    and (%(registrant)s is null or registered_by_id = %(registrant)s)
group by kind
"""


def partner_today(actor: Actor, most: int = 5) -> Today:
    """The own partner's (a distributor's without its sub-partners') next money, in two statements."""
    parameters = {
        "vendor": actor.vendor.pk,
        "partner": actor.partner.pk,
        "registrant": actor.user.pk if sees_own_deals_only(actor) else None,
        "today": actor.vendor.today,
        "last_day": actor.vendor.today + CLOSING,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TODAY, parameters)
        found = {kind: rest for kind, *rest in cursor.fetchall()}
    listed = {pk for *_, ids in found.values() for pk in ids}
    deals = Deal.objects.select_related("partner", "stage", "assigned_to").in_bulk(listed)
    return Today(**{kind.name: _group(found.get(kind.name), deals) for kind in fields(Today)})


def _group(found: list[Any] | None, deals: dict[int, Deal]) -> Group:
    if found is None:
        return Group(0, 0, 0, 0, [])
    count, amount, percents, without_amount, ids = found
    return Group(count, amount, round(percents / 100), without_amount, [deals[pk] for pk in ids])


# One deal ------------------------------------------------------------------------------------------------


def deal_for_page(actor: Actor, reference: str) -> Deal:
    """The deal with all its page names, and `lead_reference`; Deal.DoesNotExist for who cannot see it."""
    deals = deals_visible(actor).select_related("partner__tier", "stage", "registered_by", "assigned_to")
    lead = LeadOffer.objects.filter(deal=OuterRef("pk")).order_by("pk").values("reference")[:1]
    deals = with_sides(with_extensions(deals)).annotate(lead_reference=Subquery(lead))
    found: Deal = deals.get(reference=reference)
    return found
