"""What row security costs: an aggregate and the dashboards, under it and without it."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import connections, transaction

from demo.bench import web
from demo.bench.pages import Page
from demo.bench.recompute import Disagreement
from demo.bench.timing import p50, seconds
from partners.models import Partner
from portal.metrics.declarations import AsOf
from portal.tenancy.models import Vendor
from portal.tenancy.scope import Scope, entered, system_scope

_DEALS = """
select partner_id, count(*), sum(amount_vendor), max(updated_at) from deals_deal
where vendor_id = %(vendor)s and submitted_at >= %(start)s and submitted_at < %(end)s {partners}
group by partner_id order by partner_id
"""
_EVENTS = """
select partner_id, count(*), max(actor_id) from portal_portalevent
where vendor_id = %(vendor)s and type = 'portal.login' and occurred_at >= %(start)s and occurred_at < %(end)s
{partners} group by partner_id order by partner_id
"""


def aggregates(vendor: Vendor, day: date) -> dict[str, float]:
    """Time as the app role under row security / time as the owner with the WHERE written by hand.

    `aggregate_ratio` is the worse of deals and events for a person who sees all partners;
    `aggregate_ratio_manager` the same for one who sees a region's, whose partners the policy alone names.
    """
    as_of = AsOf.of(vendor, day)
    window = {"vendor": vendor.pk, "start": as_of.trailing(365), "end": as_of.end}
    everything = system_scope(vendor.pk)
    with entered(everything), transaction.atomic():
        region = Partner.objects.order_by("pk")[:1].get().region
        mine = frozenset(Partner.objects.filter(region=region).values_list("pk", flat=True))
    manager = Scope(vendor.pk, partner_ids=mine, staff=True)
    return {
        "aggregate_ratio": max(_ratio(sql, window, everything) for sql in (_DEALS, _EVENTS)),
        "aggregate_ratio_manager": max(_ratio(sql, window, manager, mine) for sql in (_DEALS, _EVENTS)),
    }


def _ratio(sql: str, window: dict[str, Any], scope: Scope, mine: frozenset[int] | None = None) -> float:
    by_hand = sql.format(partners="and partner_id = any(%(mine)s)" if mine else "")
    with entered(scope):
        guarded, seen = seconds(lambda: _rows("default", sql.format(partners=""), window), times=5)
    plain, expected = seconds(
        lambda: _rows("owner", by_hand, {**window, "mine": sorted(mine or ())}), times=5
    )
    if seen != expected:
        raise Disagreement("row security and the hand-written WHERE give different rows")
    return round(guarded / plain, 3)


def _rows(alias: str, sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def dashboard_share(
    guarded_port: int, plain_port: int, pages: list[Page], rounds: int, say: Callable[[str], object]
) -> float:
    """Share of the dashboards' server time that row security takes.

    The same pages from two servers, one of them signed in to the database as the owner, whom row security
    does not bind: there the filters written in the queries do all the work. Only persons for whom these
    are enough are compared, and the pages must be the same to the byte count.
    """
    chosen = [page for page in pages if page.of_dashboard and page.person != "channel manager"]
    say(f"{len(chosen)} dashboards with and without row security")
    guarded, plain = 0.0, 0.0
    for page in chosen:
        pairs = [_pair(guarded_port, plain_port, page) for _ in range(rounds)]
        guarded += p50([pair[0] for pair in pairs])
        plain += p50([pair[1] for pair in pairs])
    return round((guarded - plain) / guarded, 3)


def _pair(guarded_port: int, plain_port: int, page: Page) -> tuple[float, float]:
    one, other = web.fetch(guarded_port, page.request), web.fetch(plain_port, page.request)
    if _shown(one) != _shown(other):
        raise Disagreement(f"{page.path} shows other rows without row security")
    return one.ms, other.ms


def _shown(answer: web.Answer) -> int:
    """Lines of the page; times and tokens in it differ from request to request."""
    return answer.body.count(b"\n")
