"""Addresses of learning content: on the content host, or below /content/ where none is set."""

from django.urls import path

from enablement.cmi5 import content as cmi5
from enablement.packages import content

app_name = "content"
urlpatterns = [
    path("<str:token>/", content.play, name="play"),
    path("<str:token>/save", content.save, name="save"),
    path("<str:token>/fetch", cmi5.fetch, name="fetch"),
    path("<str:token>/left", cmi5.left, name="left"),
    path("<str:token>/files/<path:path>", content.file, name="file"),
]
