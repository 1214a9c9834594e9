from django.urls import path

from enablement.quizzes import views

urlpatterns = [
    path("enrolments/<id:pk>/<int:position>/try/", views.begin, name="attempt_begin"),
    path("enrolments/<id:pk>/<int:position>/grant/", views.grant, name="attempt_grant"),
    path("attempts/<id:pk>/", views.attempt, name="attempt"),
    path("attempts/<id:pk>/hand-in/", views.hand_in, name="hand_in"),
    path("attempts/<id:pk>/result/", views.result, name="result"),
]
