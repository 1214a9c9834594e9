"""Pages of partners: the list, one partner in full, and its people."""

from collections.abc import Callable
from itertools import islice
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partners import policies, selectors, services, tables
from partners import timeline as golden_record
from partners.filters import PartnerFilter
from partners.forms import InviteForm, PartnerForm, RoleForm, TimelineForm
from partners.models import Partner, PartnerType, Seat, SeatInvitation
from portal.sealed_ids import sealed
from portal.tenancy.access import Actor
from portal.tenancy.http import PortalRequest
from portal.ui.exports import csv_response
from portal.ui.forms import add_objection

LATEST = 6
#: Reminders are told together, so more are read than are shown.
READ_FOR_LATEST = 30


# The list -------------------------------------------------------------------------------------------


@require_GET
def partner_list(request: PortalRequest) -> HttpResponse:
    _for_staff(request.actor)
    chosen = _filter(request, selectors.listed())
    rows = tables.ordered(chosen.qs, request.GET.get("sort", ""))
    page = Paginator(tables.shown(rows), tables.PAGE).get_page(request.GET.get("page"))
    context = {
        "filter": chosen,
        "page": page,
        "rows": tables.rows_html(page.object_list),
        "heading": _list_heading(request.actor, page.paginator.count, chosen.form.has_changed()),
        "export_url": f"{reverse('partners:export')}?{request.GET.urlencode()}",
    }
    return render(request, "partners/list.html", context, status=200 if chosen.is_valid() else 422)


@require_GET
def export(request: PortalRequest) -> HttpResponse:
    _for_staff(request.actor)
    chosen = _filter(request, selectors.listed())
    if not chosen.is_valid():  # the list tells what is wrong; a file of everything would mislead
        return redirect(f"{reverse('partners:list')}?{request.GET.urlencode()}")
    rows = tables.ordered(chosen.qs, request.GET.get("sort", ""))
    return csv_response("partners", tables.EXPORT_HEADER, tables.exported(rows), actor=request.actor)


def _for_staff(actor: Actor) -> None:
    if not actor.is_staff:
        raise PermissionDenied("Your own partner's page shows what is yours.")


def _filter(request: HttpRequest, rows: QuerySet[Partner]) -> PartnerFilter:
    return PartnerFilter(
        request.GET, rows, tiers=selectors.tier_choices(), regions=selectors.region_choices()
    )


def _list_heading(actor: Actor, count: int, filtered: bool) -> str:
    partners = "1 partner" if count == 1 else f"{count:,} partners"
    if filtered:
        return f"{partners} found"
    return f"{partners} in your care" if actor.is_manager and not actor.is_admin else partners


# One partner ----------------------------------------------------------------------------------------


@require_GET
def detail(request: PortalRequest, slug: str) -> HttpResponse:
    partner = _partner(slug)
    latest = selectors.events(request.actor, partner).exclude(type=golden_record.SIGN_IN)[:READ_FOR_LATEST]
    context = _header(request, partner, "overview") | {
        "managers": selectors.channel_managers(request.actor, partner),
        "latest": list(islice(golden_record.folded(latest), LATEST)),
    }
    return render(request, "partners/overview.html", context)


@require_GET
def timeline(request: PortalRequest, slug: str) -> HttpResponse:
    partner = _partner(slug)
    form = TimelineForm(request.GET)
    valid = form.is_valid()
    page = _timeline_page(request.actor, partner, form) if valid else []
    shown, more = page[: selectors.TIMELINE_PAGE], page[selectors.TIMELINE_PAGE :]
    context = _header(request, partner, "timeline") | {
        "form": form,
        "months": golden_record.by_month(shown),
        "older_url": _older_url(request, shown[-1]) if more else "",
        "is_first": not request.GET.get("before"),
    }
    return render(request, "partners/timeline.html", context, status=200 if valid else 422)


def _timeline_page(actor: Actor, partner: Partner, form: TimelineForm) -> list[Any]:
    """One event more than a page holds tells whether there is another page; nothing is counted."""
    rows = golden_record.of_kinds(selectors.events(actor, partner), form.kinds)
    if form.since:
        rows = rows.filter(occurred_at__gte=form.since)
    if form.cleaned_data["before"]:
        rows = selectors.older_than(rows, *form.cleaned_data["before"])
    return list(rows[: selectors.TIMELINE_PAGE + 1])


def _older_url(request: HttpRequest, last: Any) -> str:
    query = request.GET.copy()
    query["before"] = f"{last.occurred_at.isoformat()}~{sealed(last.pk)}"
    return f"?{query.urlencode()}"


@require_GET
def deals(request: PortalRequest, slug: str) -> HttpResponse:
    partner = _partner(slug)
    return render(request, "partners/deals.html", _header(request, partner, "deals"))


@require_GET
def leads(request: PortalRequest, slug: str) -> HttpResponse:
    partner = _partner(slug)
    return render(request, "partners/leads.html", _header(request, partner, "leads"))


@require_GET
def sub_partners(request: PortalRequest, slug: str) -> HttpResponse:
    partner = _partner(slug)
    rows = tables.ordered(selectors.listed().filter(parent=partner), request.GET.get("sort", ""))
    page = Paginator(tables.shown(rows), tables.PAGE).get_page(request.GET.get("page"))
    shown = {"page": page, "rows": tables.rows_html(page.object_list)}
    context = _header(request, partner, "sub_partners") | shown
    return render(request, "partners/sub_partners.html", context)


@require_http_methods(["GET", "POST"])
def edit(request: PortalRequest, slug: str) -> HttpResponse:
    partner = _partner(slug)
    if not policies.may_change(request.actor, partner):
        raise PermissionDenied("Only its channel managers change a partner.")
    form = PartnerForm(request.POST or None, instance=partner)
    if form.is_valid() and _saved(request.actor, slug, form):
        messages.success(request, "Saved.")
        return redirect("partners:detail", slug)
    context = {"form": form, "partner": _partner(slug)}
    return render(request, "partners/edit.html", context, status=422 if form.is_bound else 200)


def _saved(actor: Actor, slug: str, form: PartnerForm) -> bool:
    """The form's answers through the services; False with the services' objections on the form."""
    answers = dict(form.cleaned_data)
    reason, tier, status = answers.pop("reason"), answers.pop("tier"), answers.pop("status")
    partner = _partner(slug)  # the form has changed its own copy already
    try:
        with transaction.atomic():  # all three or none
            services.partner_change(actor=actor, partner=partner, changes=answers)
            services.tier_change(actor=actor, partner=partner, tier=tier, reason=reason)
            services.status_change(actor=actor, partner=partner, status=status, reason=reason)
    except ValidationError as error:
        add_objection(form, error)
        return False
    return True


def _partner(slug: str) -> Partner:
    return get_object_or_404(selectors.partners(), slug=slug)


def _header(request: PortalRequest, partner: Partner, here: str) -> dict[str, Any]:
    """What every page of a partner shows above its own content."""
    return {
        "partner": partner,
        "tabs": _tabs(request.actor, partner, here),
        "looks": tables.STATUS_LOOKS,
        "is_own": request.actor.partner is not None and request.actor.partner.pk == partner.pk,
        "may_change": policies.may_change(request.actor, partner),
    }


def _tabs(actor: Actor, partner: Partner, here: str) -> list[dict[str, Any]]:
    pages = {
        "overview": ("Overview", "partners:detail"),
        "scorecard": ("Scorecard", "scorecards:detail"),
        "timeline": ("Timeline", "partners:timeline"),
        "deals": ("Deals", "partners:deals"),
        "leads": ("Leads", "partners:leads"),
        "people": ("People", "partners:people_of"),
    }
    if policies.may_see_learning(actor, partner):
        pages["learning"] = ("Learning", "enablement:team_of")
    if partner.type == PartnerType.DISTRIBUTOR:
        pages["sub_partners"] = ("Sub-partners", "partners:sub_partners")
    return [
        {"label": label, "url": reverse(name, args=[partner.slug]), "active": key == here}
        for key, (label, name) in pages.items()
    ]


# People ---------------------------------------------------------------------------------------------


@require_GET
def own_people(request: PortalRequest) -> HttpResponse:
    """A partner person's colleagues; staff sit in no partner and come to people through theirs."""
    if request.actor.partner is None:
        raise Http404("no partner of one's own")
    return _people_page(request, request.actor.partner)


@require_GET
def people(request: PortalRequest, slug: str) -> HttpResponse:
    return _people_page(request, _partner(slug))


def _people_page(request: PortalRequest, partner: Partner, form: InviteForm | None = None) -> HttpResponse:
    page = Paginator(selectors.people(partner), tables.PAGE).get_page(request.GET.get("page"))
    manages = policies.may_manage_people(request.actor, partner)
    context = _header(request, partner, "people") | {
        "page": page,
        "people": selectors.with_last_seen(partner, page.object_list),
        "manages": manages,
        "limits_reps": policies.may_limit_reps(request.actor, partner),
        "invitations": selectors.invitations(partner) if manages else [],
        "form": form or InviteForm(),
    }
    return render(request, "partners/people.html", context, status=422 if form else 200)


@require_POST
def invite(request: PortalRequest, slug: str) -> HttpResponse:
    partner = _partner(slug)
    form = InviteForm(request.POST)
    if not policies.may_manage_people(request.actor, partner):
        raise PermissionDenied("You cannot invite people into this partner.")
    if not form.is_valid() or not _invited(request.actor, partner, form):
        return _people_page(request, partner, form)
    messages.success(request, f"Invited {form.cleaned_data['email']}.")
    return redirect("partners:people_of", slug)


def _invited(actor: Actor, partner: Partner, form: InviteForm) -> bool:
    try:
        services.person_invite(actor=actor, partner=partner, **form.cleaned_data)
    except ValidationError as error:
        add_objection(form, error)
        return False
    return True


@require_POST
def own_deals_only(request: PortalRequest, slug: str) -> HttpResponse:
    partner = _partner(slug)
    services.own_deals_only_set(actor=request.actor, partner=partner, on="on" in request.POST)
    messages.success(request, "Saved.")
    return redirect("partners:people_of", slug)


@require_POST
def change_role(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise PermissionDenied("A partner's people are reps or admins.")
    role = form.cleaned_data["role"]
    return _with_seat(request, slug, pk, lambda **who: services.person_change_role(role=role, **who))


@require_POST
def disable(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    return _with_seat(request, slug, pk, services.person_disable)


@require_POST
def enable(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    return _with_seat(request, slug, pk, services.person_enable)


def _with_seat(request: PortalRequest, slug: str, pk: int, change: Callable[..., None]) -> HttpResponse:
    seats = Seat.objects.select_related("user", "membership")
    seat = get_object_or_404(seats, pk=pk, partner__slug=slug, left_at=None)
    change(actor=request.actor, seat=seat)
    messages.success(request, f"Saved. It applies to {seat.user} at once.")
    return redirect("partners:people_of", slug)


@require_POST
def revoke_invitation(request: PortalRequest, slug: str, pk: int) -> HttpResponse:
    rows = SeatInvitation.objects.select_related("invitation")
    invited = get_object_or_404(rows, pk=pk, partner__slug=slug)
    services.person_invitation_revoke(actor=request.actor, invited=invited)
    messages.success(request, f"Withdrew the invitation of {invited.invitation.email}.")
    return redirect("partners:people_of", slug)
