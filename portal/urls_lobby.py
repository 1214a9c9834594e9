"""Addresses outside any vendor: sign-in, the choice of a vendor, health."""

from django.urls import include, path

from portal.people import views as people_views
from portal.ui import views as ui_views

urlpatterns = [
    path("", people_views.switch, name="home"),
    path("resume/", people_views.resume, name="resume"),
    path("healthz", ui_views.healthz, name="healthz"),
    path("accounts/", include("portal.people.account_urls")),
]
