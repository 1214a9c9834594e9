"""Badges for tests: the files of a certificate, and a web that holds what vendors publish."""

import json
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

from enablement.badges.models import Badge, IssuerKey
from enablement.certifications.models import Award
from portal.tenancy.scope import entered, system_scope
from tests.support.worlds import Person, PortalClient, VendorWorld


def signed_in(person: Person) -> PortalClient:
    client = PortalClient(person.vendor)
    client.force_login(person.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def file_of(person: Person, award: Award, key: str) -> Any:
    return signed_in(person).get(f"/learning/certificates/{award.reference}/files/{key}/")


def published(address: str) -> Any:
    """What a stranger finds at this address."""
    parts = urlsplit(address)
    return Client().get(parts.path, headers={"host": parts.netloc})


def web_of(*credentials: dict[str, Any]) -> dict[str, Any]:
    """{address: JSON} of all that checking these credentials may ask for."""
    found: dict[str, Any] = {}
    for credential in credentials:
        issuer = credential["issuer"]["id"]
        found[issuer] = json.loads(published(issuer).content)
        lists = [credential["credentialStatus"]["statusListCredential"]]
        keys = [one for one in found[issuer]["assertionMethod"] if "#" not in one]
        found |= {address: json.loads(published(address).content) for address in [*lists, *keys]}
    return found


def keys_of(world: VendorWorld) -> list[IssuerKey]:
    """The newest first."""
    with entered(system_scope(world.vendor.pk)):
        return list(IssuerKey.objects.order_by("-number"))


def badges_of(world: VendorWorld) -> list[Badge]:
    with entered(system_scope(world.vendor.pk)):
        return list(Badge.objects.all())
