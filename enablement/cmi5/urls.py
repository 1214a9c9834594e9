from django.urls import path

from enablement.cmi5 import views

urlpatterns = [
    path("units/<int:enrolment_id>/<int:position>/<int:unit>/launch/", views.launch, name="unit_launch"),
    path("units/sessions/<int:pk>/", views.play, name="unit_play"),
    path("units/of/<int:pk>/", views.units, name="units"),
    path("units/of/<int:pk>/<int:position>/waive/", views.waive, name="unit_waive"),
]
