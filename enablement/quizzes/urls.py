from django.urls import path

from enablement.quizzes import views

urlpatterns = [
    path("enrolments/<int:pk>/<int:position>/try/", views.begin, name="attempt_begin"),
    path("enrolments/<int:pk>/<int:position>/grant/", views.grant, name="attempt_grant"),
    path("attempts/<int:pk>/", views.attempt, name="attempt"),
    path("attempts/<int:pk>/hand-in/", views.hand_in, name="hand_in"),
    path("attempts/<int:pk>/result/", views.result, name="result"),
]
