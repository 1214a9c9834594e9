"""Addresses of the content host: learning content and nothing else, without cookies and without people."""

from django.urls import include, path

urlpatterns = [path("content/", include("enablement.content_urls"))]

#: The portal's own pages for errors would need the portal's addresses.
handler404 = "enablement.packages.content.missing"
