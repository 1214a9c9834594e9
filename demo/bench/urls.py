"""Every address of the portal, and the floor: a page that asks for the same sign-in and shows nothing."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def floor(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


urlpatterns = [path("bench/floor/", floor, name="bench_floor"), path("", include("portal.urls"))]
