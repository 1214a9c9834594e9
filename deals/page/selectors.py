"""Reads for pages that show several features: the partner's home and the page of a deal."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from deals.deal.models import Deal
from deals.deal.selectors import OPEN, deals_visible
from deals.disputes.selectors import with_sides
from deals.leads.models import LeadOffer
from deals.protection.selectors import SOON, with_extensions
from partners.policies import sees_own_deals_only
from portal.tenancy.access import Actor

CLOSING: Final = timedelta(days=30)  # "the next money"


# What waits for whom: the partner's home --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Group:
    """Deals of one kind: how many, worth what, the most urgent few.

    Amounts in minor units of the vendor's currency; `weighted` by the likelihood of each deal's stage.
    """

    count: int
    amount: int
    weighted: int
    deals: list[Deal]


@dataclass(frozen=True, slots=True)
class Today:
    """What a partner person looks for first."""

    pending: Group  # with the vendor, by due time
    returned: Group  # with the partner, the longest waiting first
    draft: Group  # begun and not sent, the longest untouched first
    ending: Group  # protection ends within 14 days
    closing: Group  # "the next money": expected to close within 30 days, or overdue
    open: Group  # approved and still running; no list


#: In SQL, because putting five lists and eighteen sums together from querysets took half of the page. One
#: line for each kind: whether a deal is of it, and by which moment it is urgent.
_TODAY: Final = """
select
    kind,
    count(*),
    coalesce(sum(amount_vendor), 0)::bigint,
    coalesce(sum(amount_vendor * probability), 0)::bigint,
    case when kind = 'open' then '{}' else (array_agg(deal.id order by urgent_at, deal.id))[:%(most)s] end
from deals_deal deal
left join deals_stage stage on stage.vendor_id = deal.vendor_id and stage.id = stage_id
cross join lateral (values
    ('pending', status in ('submitted', 'under_review'), decision_due_at),
    ('returned', status = 'returned', returned_at),
    ('draft', status = 'draft', updated_at),
    ('ending', status = 'approved' and expires_at > %(now)s and expires_at <= %(soon)s, expires_at),
    ('closing', status = 'approved' and expected_close <= %(last_day)s, expected_close::timestamptz),
    ('open', status = 'approved', null)
) as kinds (kind, holds, urgent_at)
where deal.vendor_id = %(vendor)s and partner_id = %(partner)s and status = any(%(open)s) and holds
    and (%(registrant)s is null or registered_by_id = %(registrant)s)
group by kind
"""


def partner_today(actor: Actor, most: int = 5) -> Today:
    """The own partner's (a distributor's without its sub-partners') next money, in two statements."""
    now = timezone.now()
    parameters = {
        "vendor": actor.vendor.pk,
        "partner": actor.partner.pk,
        "registrant": actor.user.pk if sees_own_deals_only(actor) else None,
        "open": [status.value for status in OPEN],
        "now": now,
        "soon": now + SOON,
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
        return Group(0, 0, 0, [])
    count, amount, percents, ids = found
    return Group(count, amount, round(percents / 100), [deals[pk] for pk in ids])


# One deal ------------------------------------------------------------------------------------------------


def deal_for_page(actor: Actor, reference: str) -> Deal:
    """The deal with all its page names, and `lead_reference`; Deal.DoesNotExist for who cannot see it."""
    deals = deals_visible(actor).select_related("partner__tier", "stage", "registered_by", "assigned_to")
    lead = LeadOffer.objects.filter(deal=OuterRef("pk")).order_by("pk").values("reference")[:1]
    deals = with_sides(with_extensions(deals)).annotate(lead_reference=Subquery(lead))
    found: Deal = deals.get(reference=reference)
    return found
