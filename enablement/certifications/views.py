"""Certificates of a person, of a team, and across the portfolio."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from enablement.assignments.policies import may_assign
from enablement.badges.policies import files_for
from enablement.certifications import accreditation, policies, presenters, selectors, services
from enablement.certifications.forms import RevokeForm, ShareForm
from enablement.certifications.selectors import Sheet
from enablement.certifications.team import ending_at, team_of
from enablement.courses.policies import may_learn
from enablement.courses.selectors import as_the_vendor
from partners.models import Partner
from partners.policies import may_see_learning
from portal.tenancy.http import PortalRequest
from portal.tenancy.links import absolute
from portal.ui.forms import place_objections

_PAGE = 25
_ENDING = 20
#: Beyond that nobody turns pages.
_MOST_ENDING = 500


@require_GET
def certificates(request: PortalRequest) -> HttpResponse:
    """What one holds, what can be renewed, what else one can earn."""
    actor, now = request.actor, timezone.now()
    if not may_learn(actor):
        raise Http404("learners hold certificates")
    awards = list(selectors.awards_of(actor.user.pk))
    last = {award.certification_id: award for award in reversed(awards)}
    listed = {one.pk: one for one in selectors.certifications_for(actor)}
    listed = {**{pk: award.certification for pk, award in last.items()}, **listed}
    required = selectors.required_of(list(listed))
    courses = {link.course_id for links in required.values() for link in links}
    finished = selectors.finished_by([actor.user.pk], courses)[actor.user.pk]
    ways = [
        presenters.way(one, required[pk], finished, last.get(pk), now)
        for pk, one in sorted(listed.items(), key=lambda item: item[1].name)
        if pk in last or required[pk]
    ]
    context = {
        "headline": presenters.headline(ways, now),
        "held": [one for one in ways if one.award],
        "others": [one for one in ways if one.award is None],
        "former": [award for award in awards if award.pk != last[award.certification_id].pk],
    }
    return render(request, "enablement/certifications/mine.html", context)


def _sheet(request: PortalRequest, reference: str) -> Sheet:
    """The certificate, for who may see it."""
    sheet = selectors.sheet_of(request.actor, reference.replace("\0", ""))
    if sheet is None:
        raise Http404("no such certificate")
    if not policies.may_see(request.actor, sheet.award, sheet.seat.partner_id if sheet.seat else None):
        raise Http404("not a certificate for this person")
    return sheet


@require_GET
def certificate(request: PortalRequest, reference: str) -> HttpResponse:
    return _certificate(request, _sheet(request, reference))


def _certificate(
    request: PortalRequest, sheet: Sheet, form: RevokeForm | None = None, problems: list[str] | None = None
) -> HttpResponse:
    award = sheet.award
    revokes = policies.may_revoke(request.actor, award) and award.revoked_at is None
    context = {
        "award": award,
        "seat": sheet.seat,
        "state": presenters.state_text(award, timezone.now()),
        "mine": policies.may_share(request.actor, award),
        "link": absolute(request.vendor, "certificates:shared", award.token) if award.token else "",
        "files": files_for(request.actor, award),
        "renewal": sheet.renewal,
        "courses": sheet.courses,
        "form": form or (RevokeForm() if revokes else None),
        "problems": problems or [],
    }
    return render(request, "enablement/certifications/certificate.html", context, status=422 if form else 200)


@require_POST
def share(request: PortalRequest, reference: str) -> HttpResponseBase:
    award = _sheet(request, reference).award
    form = ShareForm(request.POST)
    form.is_valid()  # two boxes: whatever comes is an answer
    services.award_share(
        actor=request.actor, award=award, employer=form.cleaned_data["employer"],
        score=form.cleaned_data["score"],
    )  # fmt: skip
    messages.success(request, "Whoever has the link sees what you chose.")
    return redirect("enablement:certificate", award.reference)


@require_POST
def hide(request: PortalRequest, reference: str) -> HttpResponseBase:
    award = _sheet(request, reference).award
    services.award_hide(actor=request.actor, award=award)
    messages.success(request, "The link leads nowhere from now on.")
    return redirect("enablement:certificate", award.reference)


@require_POST
def revoke(request: PortalRequest, reference: str) -> HttpResponseBase:
    sheet = _sheet(request, reference)
    award = sheet.award
    if not policies.may_revoke(request.actor, award):
        raise PermissionDenied("Only a program admin revokes certificates.")
    form = RevokeForm(request.POST)
    if not form.is_valid():
        return _certificate(request, sheet, form)
    try:
        services.award_revoke(actor=request.actor, award=award, reason=form.cleaned_data["reason"])
    except ValidationError as error:
        return _certificate(request, sheet, form, place_objections(form, error))
    messages.success(request, f"Certificate {award.reference} is revoked, and {award.user} is told why.")
    return redirect("enablement:certificate", award.reference)


@require_GET
def team(request: PortalRequest, slug: str) -> HttpResponse:
    """A partner's people and what they hold, and what its tier asks for."""
    actor, now = request.actor, timezone.now()
    partner: Partner = get_object_or_404(Partner.objects.select_related("tier"), slug=slug)
    if not may_see_learning(actor, partner):
        raise PermissionDenied("Only admins see what their people hold.")
    with as_the_vendor(actor):
        matrix, asked = team_of(partner, now, actor.vendor.zone)
    context = {
        "partner": partner,
        "headline": presenters.team_headline(asked, matrix),
        "matrix": matrix,
        "rows": presenters.matrix_rows(matrix),
        "asked": [presenters.accreditation_row(one) for one in asked],
        "met": sum(not one.missing for one in asked),
        "assigns": may_assign(actor, partner.pk),
        "is_staff": actor.is_staff,
    }
    return render(request, "enablement/certifications/team.html", context)


@require_GET
def portfolio(request: PortalRequest) -> HttpResponse:
    """Who of one's partners falls short of what their tier asks for, and which certificates end soon."""
    actor, now = request.actor, timezone.now()
    if not actor.is_staff:
        raise Http404("for the vendor's people")
    partners = list(Partner.objects.filter(status="active").select_related("tier"))
    with as_the_vendor(actor):
        covered = accreditation.coverage(partners, now)
        ending = list(ending_at([one.pk for one in partners], now)[:_MOST_ENDING])
    short = sum(bool(one.short) for one in covered)
    context = {
        "page": Paginator(covered, _PAGE).get_page(request.GET.get("page")),
        "short": short,
        "covered": len(covered),
        "soon": Paginator(ending, _ENDING).get_page(request.GET.get("ending")),
    }
    return render(request, "enablement/certifications/coverage.html", context)
