"""The page of a shared certificate, which needs no sign-in."""

from django.urls import path

from enablement.badges.public import shared_credential
from enablement.certifications import public

app_name = "certificates"
urlpatterns = [
    path("<str:token>/", public.shared, name="shared"),
    path("<str:token>/credential", shared_credential, name="credential"),
]
