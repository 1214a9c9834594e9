"""What a unit asks of the content's host beside its files: its key, once, and a page to end on."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from enablement.cmi5 import services
from enablement.packages import presenters
from enablement.packages.content import played
from enablement.packages.manifest import CMI5
from portal.tenancy.http import OuterRequest
from portal.tenancy.links import absolute


@csrf_exempt
@login_not_required
@require_POST
def fetch(request: OuterRequest, token: str) -> HttpResponse:
    """The key of a launch, handed out once (8.2). Units elsewhere ask as well; no cookie is read."""
    with played(request, token) as found:
        if found.launch is None or found.package.standard != CMI5:
            raise Http404("no launch of a unit")
        key = services.token_fetch(launch=found.launch)
    told = (
        {"auth-token": key} if key else {"error-code": "1", "error-text": "This key was handed out already."}
    )
    response = JsonResponse(told)
    response["Access-Control-Allow-Origin"] = "*"
    response["Cache-Control"] = "no-store"
    return response


@login_not_required
@require_GET
@xframe_options_exempt
def left(request: OuterRequest, token: str) -> HttpResponse:
    """The end of a unit, within the frame it ran in or in a window of its own."""
    with played(request, token) as found:
        if found.launch is None:
            raise Http404("no launch")
        course, module = found.launch.enrolment.course, found.launch.module
        vendor = found.launch.vendor
        back = absolute(vendor, "enablement:module", course.slug, module.position)
    response = render(request, "enablement/cmi5/left.html", {"module": module, "back": back})
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors 'self' {presenters.portal_origins()}"
    )
    response["Cache-Control"] = "private, no-store"
    return response
