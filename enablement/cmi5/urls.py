from django.urls import path

from enablement.cmi5 import views

urlpatterns = [
    path("units/<id:enrolment_id>/<int:position>/<int:place>/launch/", views.launch, name="unit_launch"),
    path("units/sessions/<id:pk>/", views.play, name="unit_play"),
    path("units/of/<id:pk>/", views.units, name="units"),
    path("units/of/<id:pk>/<int:position>/waive/", views.waive, name="unit_waive"),
]
