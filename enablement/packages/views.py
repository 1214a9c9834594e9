"""The portal's side of playing a package: begin, and the page around its window."""

from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from enablement.courses.models import Enrolment, Module
from enablement.packages import presenters, selectors, services
from enablement.packages.models import Launch, ModulePackage
from portal.tenancy.http import PortalRequest


@require_POST
def launch(request: PortalRequest, enrolment_id: int, position: int) -> HttpResponseBase:
    rows = Enrolment.objects.select_related("course", "version")
    enrolment = get_object_or_404(rows, pk=enrolment_id, user=request.actor.user)
    module = get_object_or_404(Module, version=enrolment.version_id, position=position)
    try:
        made = services.launch_begin(actor=request.actor, enrolment=enrolment, module=module)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect("enablement:module", enrolment.course.slug, position)
    return redirect("enablement:play", made.pk)


@require_GET
def play(request: PortalRequest, pk: int) -> HttpResponse:
    """The learner's own launch, as long as it is open."""
    rows = Launch.objects.select_related("package", "module", "enrolment__course", "user")
    found = get_object_or_404(rows, pk=pk, user=request.actor.user)
    token = selectors.token_of(found)
    context = {
        "module": found.module,
        "course": found.enrolment.course,
        "back": ("enablement:module", found.enrolment.course.slug, found.module.position),
        **_window(found.package, found, token),
    }
    return _framed(request, context)


@require_GET
def look(request: PortalRequest, pk: int) -> HttpResponse:
    """What a learner would see, for the vendor's people; nothing is kept."""
    if not request.actor.is_staff:
        raise Http404("learners learn")
    link = get_object_or_404(
        ModulePackage.objects.select_related("package", "module__version__course"), pk=pk
    )
    if link.module.version.is_draft and not request.actor.is_admin:
        raise Http404("a draft")
    context = {
        "module": link.module,
        "course": link.module.version.course,
        "is_look": True,
        **_window(link.package, None, selectors.preview_token_of(link.package)),
    }
    return _framed(request, context)


def _window(package: Any, found: Launch | None, token: str) -> dict[str, Any]:
    if presenters.is_apart():
        return {"address": presenters.content_address("play", token)}
    return {"config": presenters.player(package, found, token)}


def _framed(request: PortalRequest, context: dict[str, Any]) -> HttpResponse:
    """The portal's page may show the content's host in a frame, or its own addresses in a sandbox."""

    @csp_update({"frame-src": [settings.CONTENT_URL or SELF]})
    def framed(request: HttpRequest) -> HttpResponse:
        return render(request, "enablement/packages/play.html", context)

    return framed(request)  # type: ignore[return-value]
