from django.urls import path

from deals.outcome import views

#: Below a deal's own address.
deal_urlpatterns = [
    path("stage/", views.stage, name="stage"),
    path("won/", views.won, name="won"),
    path("lost/", views.lost, name="lost"),
]
