"""Addresses of enablement, below /learning/. Each feature brings its own."""

from django.urls import URLPattern, URLResolver

app_name = "enablement"
urlpatterns: list[URLPattern | URLResolver] = []
