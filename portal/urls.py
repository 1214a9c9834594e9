"""Every address within a vendor."""

from django.contrib import admin
from django.urls import include, path

from portal import notification_views, views
from portal.guide import guide
from scorecards.views import home

urlpatterns = [
    path("", home, name="home"),
    path("switch/", views.switch, name="switch"),
    path("join/<str:token>/", views.join, name="join"),
    path("notifications/", notification_views.inbox, name="notifications"),
    path("notifications/read/", notification_views.read_all, name="notifications_read"),
    path("notifications/preferences/", notification_views.preferences, name="notification_preferences"),
    path("notifications/<int:pk>/open/", notification_views.open_one, name="notification_open"),
    path("brand.css", views.brand, name="brand"),
    path("healthz", views.healthz, name="healthz"),
    path("guide/", guide, name="guide"),
    path("accounts/", include("allauth.urls")),
    path("partners/", include("partners.urls")),
    path("deals/", include("deals.urls")),
    path("leads/", include("deals.leads.urls")),
    path("learning/", include("enablement.urls")),
    path("xapi/", include("enablement.records.urls")),
    path("", include("scorecards.urls")),
    path("admin/", admin.site.urls),
]
