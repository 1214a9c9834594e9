"""Every address within a vendor."""

from django.contrib import admin
from django.urls import include, path

from portal import views
from portal.guide import guide
from scorecards.views import home

urlpatterns = [
    path("", home, name="home"),
    path("switch/", views.switch, name="switch"),
    path("join/<str:token>/", views.join, name="join"),
    path("brand.css", views.brand, name="brand"),
    path("healthz", views.healthz, name="healthz"),
    path("guide/", guide, name="guide"),
    path("accounts/", include("allauth.urls")),
    path("partners/", include("partners.urls")),
    path("deals/", include("deals.urls")),
    path("", include("scorecards.urls")),
    path("admin/", admin.site.urls),
]
