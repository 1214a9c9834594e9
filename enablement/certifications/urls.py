from django.urls import path

from enablement.certifications import views

urlpatterns = [
    path("certificates/", views.certificates, name="certificates"),
    path("certificates/<str:reference>/", views.certificate, name="certificate"),
    path("certificates/<str:reference>/share/", views.share, name="certificate_share"),
    path("certificates/<str:reference>/hide/", views.hide, name="certificate_hide"),
    path("certificates/<str:reference>/revoke/", views.revoke, name="certificate_revoke"),
    path("team/<slug:slug>/certificates/", views.team, name="team_certificates"),
    path("coverage/", views.portfolio, name="coverage"),
]
