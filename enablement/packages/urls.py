from django.urls import path

from enablement.packages import views

urlpatterns = [
    path("packages/<id:enrolment_id>/<int:position>/launch/", views.launch, name="package_launch"),
    path("packages/launches/<id:pk>/", views.play, name="play"),
    path("packages/<id:pk>/look/", views.look, name="package_look"),
]
