from django.urls import path

from enablement.packages import views

urlpatterns = [
    path("packages/<int:enrolment_id>/<int:position>/launch/", views.launch, name="package_launch"),
    path("packages/launches/<int:pk>/", views.play, name="play"),
    path("packages/<int:pk>/look/", views.look, name="package_look"),
]
