"""The vendor's colours, and whether the portal is up."""

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from portal.tenancy.http import OuterRequest


@login_not_required
@require_GET
@cache_control(public=True, max_age=300)
def brand(request: OuterRequest) -> HttpResponse:
    """The vendor's accent colour as a stylesheet: the content policy allows no inline style."""
    return render(request, "components/brand.css", content_type="text/css")


@login_not_required
@require_GET
def healthz(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return JsonResponse({"status": "ok"})
