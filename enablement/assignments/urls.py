from django.urls import path

from enablement.assignments import views

urlpatterns = [
    path("team/<slug:slug>/", views.team, name="team_of"),
    path("team/<slug:slug>/gaps/", views.team_gaps, name="team_gaps"),
    path("team/<slug:slug>/assign/", views.assign, name="assign"),
    path("assignments/<id:pk>/withdraw/", views.withdraw, name="assignment_withdraw"),
    path("assignments/<id:pk>/move/", views.move, name="assignment_move"),
]
