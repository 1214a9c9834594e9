"""Every address within a vendor."""

from django.contrib import admin
from django.urls import include, path

from portal.notifications import views as notifications_views
from portal.people import views as people_views
from portal.ui import views as ui_views
from portal.ui.style_guide import guide
from scorecards.views import home

urlpatterns = [
    path("", home, name="home"),
    path("resume/", people_views.resume, name="resume"),
    path("switch/", people_views.switch, name="switch"),
    path("join/<str:token>/", people_views.join, name="join"),
    path("notifications/", notifications_views.inbox, name="notifications"),
    path("notifications/read/", notifications_views.read_all, name="notifications_read"),
    path("notifications/preferences/", notifications_views.preferences, name="notification_preferences"),
    path("notifications/<id:pk>/open/", notifications_views.open_one, name="notification_open"),
    path("waiting/", include("portal.requests.urls")),
    path("brand.css", ui_views.brand, name="brand"),
    path("healthz", ui_views.healthz, name="healthz"),
    path("amount/", people_views.amount, name="amount"),
    path("guide/", guide, name="guide"),
    path("accounts/", include("portal.people.account_urls")),
    path("partners/", include("partners.urls")),
    path("deals/", include("deals.urls")),
    path("leads/", include("deals.leads.urls")),
    path("learning/", include("enablement.urls")),
    path("certificates/", include("enablement.certifications.public_urls")),
    path("badges/", include("enablement.badges.public_urls")),
    path("library/", include("enablement.library.urls")),
    path("xapi/", include("enablement.records.urls")),
    path("content/", include("enablement.content_urls")),
    path("mdf/", include("mdf.urls")),
    path("", include("scorecards.urls")),
    path("admin/", admin.site.urls),
]
