"""The address a request really came from, past the proxies that are trusted to name it."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The nearest address in the chain that is no trusted proxy; IPv6 by its /64, which is one household.

    Whoever is not listed in TRUSTED_PROXIES is the client, whatever it claims in X-Forwarded-For.
    """
    chain = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    chain.append(request.META.get("REMOTE_ADDR", ""))
    for address in reversed(chain):
        client = address
        if not _is_trusted(address):
            break
    return _grouped(client)


def _is_trusted(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        # A Unix socket has no address, and only the proxy on this machine speaks through it.
        return not address and bool(settings.TRUSTED_PROXIES)
    return any(parsed in ipaddress.ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES)


def _grouped(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False).network_address)
