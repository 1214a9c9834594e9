"""Launching units and the page around them; a learner's units, for whoever looks after them."""

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from enablement.cmi5 import policies, presenters, selectors, services
from enablement.cmi5.forms import WaiveForm
from enablement.cmi5.models import Cmi5Registration, Cmi5Session
from enablement.courses.models import Enrolment, Module
from enablement.packages.presenters import is_apart
from enablement.packages.selectors import parts_of
from portal.tenancy.http import PortalRequest


@require_POST
def launch(request: PortalRequest, enrolment_id: int, position: int, place: int) -> HttpResponseBase:
    rows = Enrolment.objects.select_related("course", "version")
    enrolment = get_object_or_404(rows, pk=enrolment_id, user=request.actor.user)
    module = get_object_or_404(Module, version=enrolment.version_id, position=position)
    try:
        made = services.session_launch(
            actor=request.actor, enrolment=enrolment, module=module, position=place
        )
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("enablement:module", enrolment.course.slug, position)
    return redirect("enablement:unit_play", made.pk)


@require_GET
def play(request: PortalRequest, pk: int) -> HttpResponseBase:
    """The learner's own session while it is open; back to the course once it is over."""
    rows = Cmi5Session.objects.select_related(
        "registration__package", "registration__module", "registration__enrolment__course", "launch"
    )
    session = get_object_or_404(rows, pk=pk, user=request.actor.user)
    registration = session.registration
    course, module = registration.enrolment.course, registration.module
    if session.is_over or session.fetched_at:
        messages.info(request, "This unit was opened before. Open it again to go on; what it kept is there.")
        return redirect("enablement:module", course.slug, module.position)
    part = selectors.part_at(registration, session.position)
    context = {
        "part": part,
        "module": module,
        "course": course,
        "address": presenters.launch_address(request.actor.vendor, session, part),
        "is_framed": presenters.is_framed(part),
        "sandbox": not is_apart(),
        "is_review": session.mode == "Review",
    }

    @csp_update({"frame-src": [settings.CONTENT_URL or SELF]})
    def framed(request: HttpRequest) -> HttpResponse:
        return render(request, "enablement/cmi5/play.html", context)

    return framed(request)


# For whoever looks after the learner ------------------------------------------------------------------------


@require_GET
def units(request: PortalRequest, pk: int) -> HttpResponse:
    return _units(request, _registration(request, pk))


@require_POST
def waive(request: PortalRequest, pk: int, position: int) -> HttpResponseBase:
    registration = _registration(request, pk)
    if not policies.may_waive(request.actor, registration):
        raise PermissionDenied("Units are waived by the vendor's managers.")
    form = WaiveForm(request.POST, prefix=f"unit-{position}")
    if not form.is_valid():
        return _units(request, registration, position, form, status=422)
    try:
        services.unit_waive(
            actor=request.actor, registration=registration, position=position,
            reason=form.cleaned_data["reason"],
        )  # fmt: skip
    except ValidationError as error:
        form.add_error(None, error)
        return _units(request, registration, position, form, status=422)
    messages.success(request, "Waived. The learner can move on without it.")
    return redirect("enablement:units", pk)


def _registration(request: PortalRequest, pk: int) -> Cmi5Registration:
    rows = Cmi5Registration.objects.select_related(
        "package", "module", "enrolment__course", "user", "partner"
    )
    found: Cmi5Registration = get_object_or_404(rows, pk=pk)
    if not policies.may_see(request.actor, found):
        raise PermissionDenied("Only admins see how their people are getting on.")
    return found


def _units(
    request: PortalRequest, registration: Cmi5Registration, position: int = 0, form: WaiveForm | None = None,
    *, status: int = 200,
) -> HttpResponse:  # fmt: skip
    rows = presenters.rows(selectors.lines_of(parts_of(registration.package), registration))
    may_waive = policies.may_waive(request.actor, registration) and registration.enrolment.is_open
    waivable = [
        (row, (form if row.position == position and form else WaiveForm(prefix=f"unit-{row.position}")))
        if may_waive and not row.is_over
        else (row, None)
        for row in rows
    ]
    context = {
        "registration": registration,
        "course": registration.enrolment.course,
        "rows": waivable,
        "done": sum(row.is_over for row in rows),
        "may_waive": may_waive,
        "form": form,
    }
    return render(request, "enablement/cmi5/units.html", context, status=status)
