from django.urls import path

from deals.conflicts import views

urlpatterns = [
    path("register/check/", views.check, name="check"),
]
