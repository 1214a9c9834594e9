"""Sign-in as this portal wants it: by invitation, by e-mail, under the vendor's name."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.urls import reverse


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: Any) -> bool:
        return False

    def get_login_redirect_url(self, request: Any) -> str:
        return reverse("home")

    def get_logout_redirect_url(self, request: Any) -> str:
        return reverse("account_login")

    def get_password_change_redirect_url(self, request: Any) -> str:
        return reverse("home")

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        request = context.get("request")
        vendor = getattr(request, "vendor", None)
        super().send_mail(template_prefix, email, {**context, "vendor": vendor})
