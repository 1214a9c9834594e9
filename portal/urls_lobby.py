"""Addresses outside any vendor: sign-in, the choice of a vendor, health."""

from django.urls import include, path

from portal import views

urlpatterns = [
    path("", views.switch, name="home"),
    path("resume/", views.resume, name="resume"),
    path("healthz", views.healthz, name="healthz"),
    path("accounts/", include("portal.account_urls")),
]
