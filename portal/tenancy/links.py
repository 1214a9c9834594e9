"""Absolute addresses for e-mails and files, where no request is at hand."""

from django.conf import settings
from django.urls import get_script_prefix, reverse, set_script_prefix

from portal.tenancy.models import Vendor


def absolute(vendor: Vendor, url_name: str, *args: object) -> str:
    """The full address of a page of this vendor: at its own host if it has one, else under /v/<slug>/."""
    host = vendor.hosts.order_by("pk").values_list("host", flat=True).first()
    scheme = "https" if settings.HTTPS else "http"
    base, prefix = (f"{scheme}://{host}", "/") if host else (settings.BASE_URL, f"/v/{vendor.slug}/")
    return base + _path(prefix, url_name, args)


def lobby(url_name: str, *args: object) -> str:
    """The full address of a page that belongs to the person, outside of any vendor."""
    return settings.BASE_URL + _path("/", url_name, args, urlconf=settings.LOBBY_URLCONF)


def _path(prefix: str, url_name: str, args: tuple[object, ...], urlconf: str = settings.ROOT_URLCONF) -> str:
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        return reverse(url_name, args=args, urlconf=urlconf)
    finally:
        set_script_prefix(before)
