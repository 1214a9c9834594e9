"""How a partner's people are getting on, and what they are asked to learn."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from enablement.assignments import policies, selectors, services
from enablement.assignments.forms import AssignForm, MoveForm
from enablement.assignments.models import Assignment
from enablement.assignments.team import choices_at, gaps_of, team_of
from enablement.cmi5.selectors import under_way as units_under_way
from enablement.courses.models import Course
from enablement.courses.selectors import courses, is_offered
from partners.models import Partner
from partners.policies import may_see_learning
from portal.tenancy.access import Actor
from portal.tenancy.http import PortalRequest
from portal.ui.forms import place_objections

#: What a new assignment is given until somebody says otherwise.
_USUAL = timedelta(days=30)
_GAPS = 20


@require_GET
def team(request: PortalRequest, slug: str) -> HttpResponse:
    return _page(request, _partner(request, slug))


def _partner(request: PortalRequest, slug: str) -> Partner:
    partner: Partner = get_object_or_404(Partner.objects.select_related("tier"), slug=slug)
    if not may_see_learning(request.actor, partner):
        raise PermissionDenied("Only admins see how their people are getting on.")
    return partner


@require_GET
def team_gaps(request: PortalRequest, slug: str) -> HttpResponse:
    """Which modules this partner's people failed or skipped and what helps, and the packages they are in."""
    partner = _partner(request, slug)
    page = Paginator(gaps_of(partner), _GAPS).get_page(request.GET.get("page"))
    context = {
        "partner": partner,
        "page": page,
        "assigns": policies.may_assign(request.actor, partner.pk),
        "is_staff": request.actor.is_staff,
        "under_way": units_under_way(partner.pk),
    }
    return render(request, "enablement/assignments/gaps.html", context)


def _page(
    request: PortalRequest,
    partner: Partner,
    form: AssignForm | None = None,
    problems: list[str] | None = None,
) -> HttpResponse:
    found = team_of(partner)
    assigns = policies.may_assign(request.actor, partner.pk)
    if form is None and assigns:
        form = _form(request.actor, found.choices, initial=_initial(request))
    context = {
        "partner": partner,
        "team": found,
        "assigns": assigns,
        "form": form,
        "problems": problems or [],
        "today": selectors.today(request.actor.vendor).isoformat(),
        "is_staff": request.actor.is_staff,
    }
    return render(
        request,
        "enablement/assignments/team.html",
        context,
        status=422 if (form is not None and form.is_bound) or problems else 200,
    )


def _initial(request: PortalRequest) -> dict[str, Any]:
    """From a suggestion on the same page: ?person=12&course=refresher."""
    due = selectors.today(request.actor.vendor) + _USUAL
    people = [value for value in request.GET.getlist("person") if value.isdecimal()]
    return {"due_on": due, "people": people, "course": request.GET.get("course", "")}


def _form(actor: Actor, people: list[tuple[str, str]], **kwargs: Any) -> AssignForm:
    listed = list(courses().filter(is_offered()).order_by("title").values_list("slug", "title"))
    today = selectors.today(actor.vendor)
    return AssignForm(**kwargs, people=people, courses=listed, today=today)


@require_POST
def assign(request: PortalRequest, slug: str) -> HttpResponseBase:
    partner = _partner(request, slug)
    if not policies.may_assign(request.actor, partner.pk):
        raise PermissionDenied("Only the partner's admin and its channel managers assign courses.")
    form = _form(request.actor, choices_at(partner), data=request.POST)
    if not form.is_valid():
        return _page(request, partner, form)
    answers = form.cleaned_data
    people = [int(pk) for pk in answers["people"]]
    course: Course = get_object_or_404(Course.objects.select_related("least_tier"), slug=answers["course"])
    try:
        made = services.course_assign(
            actor=request.actor, partner=partner, course=course, user_ids=people,
            due_on=answers["due_on"], note=answers["note"],
        )  # fmt: skip
    except ValidationError as error:
        return _page(request, partner, form, place_objections(form, error))
    told = f"Assigned {course} to {_people(len(made))}." if made else f"They are asked for {course} already."
    messages.success(request, told)
    return redirect("enablement:team_of", slug)


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"


def _assignment(request: PortalRequest, pk: int) -> Assignment:
    rows = Assignment.objects.select_related("partner", "course", "user")
    found: Assignment = get_object_or_404(rows, pk=pk)
    if not may_see_learning(request.actor, found.partner):
        raise PermissionDenied("Only admins change what is asked of their people.")
    return found


@require_POST
def withdraw(request: PortalRequest, pk: int) -> HttpResponseBase:
    found = _assignment(request, pk)
    services.assignment_withdraw(actor=request.actor, assignment=found)
    messages.success(request, f"{found.user} is no longer asked for {found.course}.")
    return redirect("enablement:team_of", found.partner.slug)


@require_POST
def move(request: PortalRequest, pk: int) -> HttpResponseBase:
    found, form = _assignment(request, pk), MoveForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError("Choose a day, such as 2026-11-30.")
        services.assignment_move(actor=request.actor, assignment=found, due_on=form.cleaned_data["due_on"])
    except ValidationError as error:
        return _page(request, found.partner, None, error.messages)
    messages.success(request, f"{found.user} has another due date.")
    return redirect(f"{reverse('enablement:team_of', args=[found.partner.slug])}#asked")
