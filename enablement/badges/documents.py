"""What a vendor publishes about its keys: its profile with all of them, and each alone. No queries."""

from collections.abc import Iterable
from typing import Any, Final

from enablement.badges.addresses import Addresses
from enablement.badges.keys import jwk_x
from enablement.badges.models import IssuerKey
from portal.tenancy.models import Vendor

_CONTEXT: Final = [
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/multikey/v1",
    "https://w3id.org/security/jwk/v1",
]


def issuer_document(
    vendor: Vendor, addresses: Addresses, home: str, keys: Iterable[IssuerKey]
) -> dict[str, Any]:
    """The controller document of the issuer. Replaced keys are in it: what they signed stays checkable."""
    methods = [method for key in keys for method in (_multikey(addresses, key), _web_key(addresses, key))]
    about = {"name": vendor.name, "url": home}
    if vendor.support_email:
        about["email"] = vendor.support_email
    return {
        "@context": _CONTEXT,
        "id": addresses.issuer,
        **about,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def _multikey(addresses: Addresses, key: IssuerKey) -> dict[str, Any]:
    return {
        "id": addresses.key(key.number),
        "type": "Multikey",
        "controller": addresses.issuer,
        "publicKeyMultibase": key.public,
    }


def _web_key(addresses: Addresses, key: IssuerKey) -> dict[str, Any]:
    return {
        "id": addresses.jwk(key.number),
        "type": "JsonWebKey",
        "controller": addresses.issuer,
        "publicKeyJwk": web_key(addresses, key),
    }


def web_key(addresses: Addresses, key: IssuerKey) -> dict[str, Any]:
    """The key as JSON Web Key, which a checker of JWTs fetches from `kid`."""
    return {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": jwk_x(key.public),
        "kid": addresses.jwk(key.number),
        "use": "sig",
        "alg": "EdDSA",
    }
