"""The page of a shared certificate, which needs no sign-in."""

from django.urls import path

from enablement.certifications import public

app_name = "certificates"
urlpatterns = [path("<str:token>/", public.shared, name="shared")]
