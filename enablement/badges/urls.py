from django.urls import path

from enablement.badges import views

urlpatterns = [
    path("certificates/<str:reference>/files/<slug:key>/", views.certificate_file, name="certificate_file"),
]
