"""The homes of both sides, the portfolio, and a partner's scorecard down to the rows behind each figure."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from deals.deal.policies import may_register
from deals.page import home as home_of_deals
from deals.page import selectors as deals
from partners.models import Partner
from partners.policies import sees_own_deals_only
from portal.metrics import declarations
from portal.metrics.declarations import AsOf, Metric
from portal.requests.queue import Side, queue_of
from portal.tenancy.access import Actor
from portal.tenancy.http import PortalRequest
from portal.ui import formatting
from portal.ui.exports import csv_response
from scorecards import dashboards, headlines, policies, selectors, services, tables
from scorecards.filters import PortfolioFilter
from scorecards.forms import AsOfForm
from scorecards.metric_rows import RowTable
from scorecards.models import LatestScore
from scorecards.presenters.card import Reading
from scorecards.presenters.line import Measured
from scorecards.presenters.restated import Restated
from scorecards.selectors import Listed, Movers

ROWS = 50

# The homes ------------------------------------------------------------------------------------------------


@require_GET
def home(request: PortalRequest) -> HttpResponse:
    """Who needs me today? for the vendor's people; what is my next money? for a partner's."""
    return _vendor_home(request) if request.actor.is_staff else _partner_home(request)


def _vendor_home(request: PortalRequest) -> HttpResponse:
    if request.htmx.target == "portfolio":
        return portfolio(request, dashboards.PAGE_AT_HOME)
    programme = dashboards.programme(request.vendor)
    desk = dashboards.desk(request.actor, programme)
    waiting = dashboards.waiting(request.actor)
    movers = selectors.movers()
    listed = _portfolio(request, programme, dashboards.PAGE_AT_HOME, also=[*movers.fell, *movers.rose])
    context = listed | {
        "heading": _vendor_heading(request.actor, desk, waiting.urgency, movers),
        "now": timezone.now(),
        "desk": desk,
        "waiting": waiting,
        "movers": movers,
        "fell": listed["cells"](movers.fell, "scorecards:detail"),
        "rose": listed["cells"](movers.rose, "scorecards:detail"),
    }
    return render(request, "scorecards/vendor_home.html", context, status=listed["status"])


def _vendor_heading(actor: Actor, desk: dashboards.Desk, waiting: dashboards.Urgency, movers: Movers) -> str:
    """Whom time is running out for and who fell; for who cannot decide, the money first."""
    if actor.is_read_only:
        booked = formatting.format_money_short(desk.totals.booked_quarter, actor.vendor.currency)
        return headlines.executive_home(booked, desk.quarter.label, waiting.overdue, waiting.total)
    fell = movers.fell[0] if movers.fell else None
    worst = (fell["name"], float(-fell["change"]), movers.since) if fell and movers.since else None
    return headlines.vendor_home(waiting.overdue, waiting.today, waiting.total, worst)


def _partner_home(request: PortalRequest) -> HttpResponse:
    actor = request.actor
    today, queue = deals.partner_today(actor), queue_of(actor)
    reading = _reading(actor, actor.partner)
    subs = dashboards.sub_partners(actor)
    yours = queue.yours
    theirs = [one for one in queue.items if one.side == Side.VENDOR and actor.writes_for(one.partner_id)]
    turns = [one for one in yours if not one.source.startswith("leads.")]  # those have a list of their own
    context = {
        "heading": headlines.partner_home(len(yours), len(theirs), actor.vendor.name),
        "now": timezone.now(),
        "may_register": may_register(actor),
        "today": today,
        "turns": turns[: dashboards.TURNS],
        "yours": len(turns),
        "more": max(len(turns) - dashboards.TURNS, 0),
        "pending": theirs[: dashboards.TURNS],
        "theirs": len(theirs),
        "until": actor.vendor.today + deals.CLOSING,
        "money": [
            home_of_deals.Money(deal, actor.vendor.today)
            for deal in [*today.overdue.deals, *today.closing.deals]
        ],
        "quarter": dashboards.quarter_of(actor.vendor, reading.day),
        "reading": reading,
        "subs": subs,
        "sub_rows": _sub_rows(actor, subs),
    }
    return render(request, "scorecards/partner_home.html", context)


# The portfolio --------------------------------------------------------------------------------------------


@require_GET
def portfolio(request: PortalRequest, per_page: int = dashboards.PAGE) -> HttpResponse:
    """The table of the home as a page of its own, and as the fragment that sorting and filtering swap in."""
    _staff_only(request.actor)
    context = _portfolio(request, dashboards.programme(request.vendor), per_page)
    if request.htmx.target == "portfolio":
        return render(request, "scorecards/_portfolio.html", context, status=context["status"])
    context["heading"] = headlines.portfolio(**selectors.bands())
    return render(request, "scorecards/portfolio.html", context, status=context["status"])


@require_GET
def portfolio_map(request: PortalRequest) -> HttpResponse:
    """Sales score against open pipeline: where is money in weak hands?"""
    _staff_only(request.actor)
    found, currency = selectors.sales_map(), request.vendor.currency
    programme = dashboards.programme(request.vendor)
    context = {
        "heading": headlines.sales_map(
            found.partners, found.poor, formatting.format_money_short(found.poor_pipeline, currency)
        ),
        "found": found,
        "figure": tables.sales_figure(found.rows, currency),
        "lines": tables.sales_lines(found.rows, currency),
        "headers": ("Partner", "Sales score", "Open pipeline", "Bookings, 365 days"),
        "subtitle": headlines.shown(len(found.rows), found.partners, "partner", "with the largest pipelines"),
        "programme": programme,
    }
    return render(request, "scorecards/map.html", context)


@require_GET
def portfolio_export(request: PortalRequest) -> HttpResponse:
    """The whole list as filtered and sorted on the page, not only the page shown."""
    _staff_only(request.actor)
    chosen = _filter(request, dashboards.programme(request.vendor))
    if not chosen.is_valid():  # the list tells what is wrong; a file of everything would mislead
        return redirect(f"{reverse('scorecards:portfolio')}?{request.GET.urlencode()}")
    rows = chosen.qs.order_by(*tables.portfolio_order(request.GET.get("sort", "")))
    lines = tables.portfolio_lines(selectors.listed(rows), request.vendor.currency)
    return csv_response("portfolio", tables.PORTFOLIO_HEADER, lines, actor=request.actor)


def _staff_only(actor: Actor) -> None:
    if not actor.is_staff:
        raise Http404("partner people have no portfolio")


def _filter(request: HttpRequest, programme: dashboards.Programme) -> PortfolioFilter:
    rows = LatestScore.objects.order_by()
    return PortfolioFilter(request.GET, rows, tiers=programme.tiers, regions=programme.regions)


def _portfolio(
    request: PortalRequest, programme: dashboards.Programme, per_page: int, also: list[Listed] | None = None
) -> dict[str, Any]:
    """Context of `_portfolio.html`. `also`: others on the page, whose trends come in the same query."""
    chosen = _filter(request, programme)
    order = tables.portfolio_order(request.GET.get("sort", ""))
    page = dashboards.Portfolio(chosen.qs, order, per_page).counted_page(request.GET.get("page"))
    trends = selectors.health_trends([*page.object_list, *(also or [])])
    cells = tables.Cells(trends, request.vendor.currency, programme.day)
    return {
        "filter": chosen,
        "page": page,
        "rows": cells(page.object_list),
        "cells": cells,
        "programme": programme,
        "export_url": f"{reverse('scorecards:portfolio_export')}?{request.GET.urlencode()}",
        "status": 200 if chosen.is_valid() else 422,
    }


def _sub_rows(actor: Actor, subs: dashboards.SubPartners | None) -> list[dict[str, Any]]:
    if subs is None:
        return []
    cells = tables.Cells(selectors.trends_at_hand(subs.rows), actor.vendor.currency)
    return cells(subs.rows, "scorecards:detail")


# One scorecard --------------------------------------------------------------------------------------------


@require_GET
def own(request: PortalRequest) -> HttpResponse:
    if request.actor.partner is None:
        raise Http404("only partner people have a scorecard of their own")
    return _scorecard(request, request.actor.partner)


@require_GET
def detail(request: PortalRequest, slug: str) -> HttpResponse:
    return _scorecard(request, _partner(slug))


def _scorecard(request: PortalRequest, partner: Partner) -> HttpResponse:
    form = _asked_day(request)
    reading = _reading(request.actor, partner, form.day)
    form.initial["as_of"] = reading.day
    is_own = partner == request.actor.partner
    context = {
        "partner": partner,
        "reading": reading,
        "form": form,
        "is_own": is_own,
        "heading": reading.finding("You score" if is_own else f"{partner.name} scores"),
        "crumbs": _crumbs(request.actor, partner),
        "may_recompute": policies.may_recompute(request.actor, partner.pk),
        "restated": _restated(request.actor, reading),
    }
    return render(request, "scorecards/detail.html", context, status=422 if form.errors else 200)


def _restated(actor: Actor, reading: Reading) -> Restated | None:
    vendor = actor.vendor
    found = selectors.restatement_of(reading.card, vendor)
    return Restated(reading.card, found, vendor.currency, vendor.zone) if found else None


@require_GET
def card(request: PortalRequest, slug: str) -> HttpResponse:
    """The scorecard in short, for the partner's page."""
    partner = _partner(slug)
    context = {"partner": partner, "reading": _reading(request.actor, partner)}
    return render(request, "scorecards/card.html", context)


@require_POST
def recompute(request: PortalRequest, slug: str) -> HttpResponse:
    partner = _partner(slug)
    if not policies.may_recompute(request.actor, partner.pk):
        raise PermissionDenied("Only its channel managers recompute a scorecard.")
    kept = services.scorecard_recompute(actor=request.actor, partner=partner)
    health = "not enough data" if kept.health is None else f"health {kept.health:.0f}"
    messages.success(request, f"Recomputed as of now: {health}.")
    return redirect("scorecards:detail", slug)


def _asked_day(request: PortalRequest) -> AsOfForm:
    """Bound only where a day was asked for: the field otherwise shows the day of the scorecard."""
    return AsOfForm(request.GET if request.GET.get("as_of") else None, today=request.vendor.today)


def _partner(slug: str) -> Partner:
    return get_object_or_404(Partner.objects.select_related("tier", "region"), slug=slug)


def _reading(actor: Actor, partner: Partner, day: date | None = None) -> Reading:
    found, past = selectors.scorecard_with_past(vendor=actor.vendor, partner=partner, day=day)
    you = "you" if partner == actor.partner else "this partner"
    return Reading(found, partner, actor.vendor.currency, past, you)


def _crumbs(actor: Actor, partner: Partner, *more: tuple[str, str]) -> list[tuple[str, str]]:
    """The way here; a partner's own pages start at its scorecard."""
    if partner == actor.partner:
        return [("Scorecard", reverse("scorecards:own")), *more] if more else []
    above = [("Partners", reverse("partners:list"))] if actor.is_staff else [("Home", reverse("home"))]
    page = (partner.name, reverse("partners:detail", args=[partner.slug]))
    return [*above, page, ("Scorecard", reverse("scorecards:detail", args=[partner.slug])), *more]


# The rows behind a figure -----------------------------------------------------------------------------------


@require_GET
def metric_rows(request: PortalRequest, slug: str, key: str) -> HttpResponse:
    partner, form = _partner(slug), _asked_day(request)
    line, table = _rows_behind(request.actor, partner, key, form.day)
    form.initial["as_of"] = line.day
    page = dashboards.CountedPages(table.counted(), ROWS).counted_page(request.GET.get("page"))
    context = {
        "partner": partner,
        "line": line,
        "form": form,
        "table": table,
        "page": page,
        "rows": [table.cells(row) for row in page.object_list],
        "totals": table.totals(list(page.object_list)),
        "heading": headlines.metric(line.metric.label, "" if line.value is None else line.text(line.value)),
        "crumbs": _crumbs(request.actor, partner, (line.metric.label, "")),
        "own_only": _keeps_own(request.actor, line.metric),
        "counted_then": line.result.n,
        "export_url": _export_url(partner, key, line.day),
    }
    return render(request, "scorecards/metric_rows.html", context, status=422 if form.errors else 200)


@require_GET
def metric_rows_export(request: PortalRequest, slug: str, key: str) -> HttpResponse:
    partner, form = _partner(slug), _asked_day(request)
    if form.errors:
        raise Http404("no such day")
    line, table = _rows_behind(request.actor, partner, key, form.day)
    name = f"{slug}-{key}-{line.day:%Y-%m-%d}"
    return csv_response(name, table.file_header(), table.file_lines(), actor=request.actor)


def _rows_behind(actor: Actor, partner: Partner, key: str, day: date | None) -> tuple[Measured, RowTable]:
    """The figure in words and the table of its rows; nothing is computed of any other metric."""
    try:
        metric = declarations.metric(key)
    except KeyError:
        raise Http404("no such metric") from None
    vendor = actor.vendor
    found = selectors.figure_on(vendor=vendor, partner=partner, metric=metric, day=day)
    line = Measured(
        metric=metric,
        result=found.result,
        partner=partner,
        day=found.day,
        computed_at=found.computed_at,
        currency=vendor.currency,
    )
    as_of = AsOf.of(vendor, found.day)
    rows = metric.rows(partner.pk, as_of)
    if _keeps_own(actor, metric):  # the figure counts every row of the partner, listed are one's own
        rows = rows.filter(**{metric.own_rows: actor.user})
    return line, RowTable(metric, rows, as_of, vendor.currency)


def _keeps_own(actor: Actor, metric: Metric) -> bool:
    """Rows may be kept among those whose they are; others are everybody's at the partner."""
    return bool(metric.own_rows) and sees_own_deals_only(actor)


def _export_url(partner: Partner, key: str, day: date) -> str:
    return f"{reverse('scorecards:metric_rows_export', args=[partner.slug, key])}?as_of={day:%Y-%m-%d}"
