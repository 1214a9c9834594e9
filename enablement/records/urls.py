"""Addresses of the learning record store, below /xapi/. As the specification has it, without a slash."""

from django.urls import path

from enablement.records import views

app_name = "records"
urlpatterns = [
    path("statements", views.Statements.as_view(), name="statements"),
    path("statements/more/<str:token>", views.MoreStatements.as_view(), name="more"),
    path("activities/state", views.State.as_view(), name="state"),
    path("activities/profile", views.ActivityProfile.as_view(), name="activity_profile"),
    path("activities", views.Activities.as_view(), name="activities"),
    path("agents/profile", views.AgentProfile.as_view(), name="agent_profile"),
    path("agents", views.Agents.as_view(), name="agents"),
    path("about", views.About.as_view(), name="about"),
]
