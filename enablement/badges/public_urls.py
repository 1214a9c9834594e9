"""What checkers of badges fetch, without sign-in. Credentials name these addresses: they do not change."""

from django.urls import path

from enablement.badges import public

app_name = "badges"
urlpatterns = [
    path("issuer", public.issuer, name="issuer"),
    path("keys/<int:number>", public.web_key, name="key"),
    path("status/<int:number>", public.status, name="status"),
]
