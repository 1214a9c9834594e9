from django.urls import path

from portal.requests import views

app_name = "requests"
urlpatterns = [
    path("", views.waiting, name="waiting"),
    path("count/", views.count, name="count"),
]
