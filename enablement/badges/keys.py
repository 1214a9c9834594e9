"""Making Ed25519 keys, and sealing them so that a copy of the database signs nothing. No queries."""

import base64
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from openbadgeslib.keys import KeyEd25519
from openbadgeslib.ob3.did import multikey_from_pem, resolve_did


class Unreadable(Exception):
    """The key was sealed with another secret than the ones that are set now."""


def new_key() -> tuple[str, bytes]:
    """(public key as Multikey, private key as PEM)."""
    private, public = KeyEd25519().generate_keypair()
    return multikey_from_pem(public), private


def seal(vendor_id: int, pem: bytes) -> str:
    return _seals(vendor_id).encrypt(pem).decode()


def unseal(vendor_id: int, sealed: str) -> bytes:
    """The private key as PEM. Raises `Unreadable`, also for a key that was sealed for another vendor."""
    try:
        return _seals(vendor_id).decrypt(sealed.encode())
    except InvalidToken:
        raise Unreadable from None


def jwk_x(public: str) -> str:
    """The `x` of a Multikey as JSON Web Key (RFC 8037)."""
    return _jwk_x(public)


@cache
def _jwk_x(public: str) -> str:
    pem = resolve_did(f"did:key:{public}")
    key = _public(pem).public_bytes(Encoding.Raw, PublicFormat.Raw)
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def _public(pem: bytes) -> Ed25519PublicKey:
    loaded = KeyEd25519()
    loaded.read_public_key(pem)
    found: Ed25519PublicKey = loaded.get_pub_key()
    return found


def private_key(pem: bytes) -> Ed25519PrivateKey:
    loaded = KeyEd25519()
    loaded.read_private_key(pem)
    found: Ed25519PrivateKey = loaded.get_priv_key()
    return found


def _seals(vendor_id: int) -> MultiFernet:
    """The first secret seals; those before it still open."""
    secrets = [settings.BADGE_KEY_SECRET, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([_fernet(secret, vendor_id) for secret in secrets])


def _fernet(secret: str, vendor_id: int) -> Fernet:
    derive = HKDF(hashes.SHA256(), length=32, salt=None, info=f"enablement.badges:{vendor_id}".encode())
    return Fernet(base64.urlsafe_b64encode(derive.derive(secret.encode())))
