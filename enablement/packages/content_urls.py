"""Addresses of learning content: on the content host, or below /content/ where none is set."""

from django.urls import path

from enablement.packages import content

app_name = "content"
urlpatterns = [
    path("<str:token>/", content.play, name="play"),
    path("<str:token>/save", content.save, name="save"),
    path("<str:token>/files/<path:path>", content.file, name="file"),
]
