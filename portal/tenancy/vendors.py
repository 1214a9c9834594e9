"""Which vendor an address belongs to. Read on every request, so kept in the process for a short while."""

import re
import time
from typing import Any

from portal.tenancy.models import Vendor

#: Seconds until a change of a vendor's row (name, colour, hosts, switched off) is seen by every process.
KEPT_SECONDS = 15
_PREFIX = re.compile(r"^/v/([a-z0-9-]{1,50})(/.*)?$")
_kept: dict[tuple[str, str], tuple[float, Vendor | None]] = {}


def split_prefix(path: str) -> tuple[str | None, str | None]:
    """('acme', '/deals/') for '/v/acme/deals/'; (None, None) without a prefix; rest None without a slash."""
    match = _PREFIX.match(path)
    return match.groups() if match else (None, None)  # type: ignore[return-value]


def by_slug(slug: str) -> Vendor | None:
    return _remembered("slug", slug, slug=slug)


def by_host(host: str) -> Vendor | None:
    return _remembered("host", host.lower(), hosts__host=host.lower())


def forget(**_: Any) -> None:
    """Drop what is kept; connected to saves of vendors and hosts."""
    _kept.clear()


def _remembered(kind: str, name: str, **lookup: str) -> Vendor | None:
    expires, vendor = _kept.get((kind, name), (0.0, None))
    if expires > time.monotonic():
        return vendor
    vendor = Vendor.objects.filter(is_active=True, **lookup).first()
    if len(_kept) > 10_000:  # an address scan must not fill the memory
        _kept.clear()
    _kept[kind, name] = (time.monotonic() + KEPT_SECONDS, vendor)
    return vendor
