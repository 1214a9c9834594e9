"""Ids of rows in addresses, as texts that tell nothing: neither how many there are nor which comes next.

`<id:pk>` in a URL pattern takes and makes them. One block of AES under a key made of the secret key: half of
it is the id, the other half is zeros, so that nothing but what was sealed here opens. Whoever changes the
secret key lists the former one in SECRET_KEY_FALLBACKS, and links that were sent lead on.
"""

import base64
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB
from django.conf import settings
from django.urls import register_converter

_BLOCK: Final = 16
_HALF: Final = 8
#: 16 bytes as base64 without its padding.
REGEX: Final = "[A-Za-z0-9_-]{22}"


def sealed(pk: int) -> str:
    """Such as "kP2c0Zr1Qm5tYw8vJx3nBg"; the same for the same id."""
    block = _cipher(settings.SECRET_KEY).encryptor().update(int(pk).to_bytes(_BLOCK))
    return base64.urlsafe_b64encode(block).decode().rstrip("=")


def opened(text: str) -> int:
    """The id; ValueError for what was not sealed here."""
    block = base64.b64decode(f"{text}==", altchars=b"-_", validate=True)
    if len(block) != _BLOCK:
        raise ValueError("no sealed id")
    for found in _openings(block):
        if not any(found[:_HALF]):
            return int.from_bytes(found)
    raise ValueError("no sealed id")


def _openings(block: bytes) -> Iterator[bytes]:
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield _cipher(secret).decryptor().update(block)


@lru_cache(maxsize=8)
def _cipher(secret: str) -> "Cipher[Any]":
    key = hashlib.blake2b(secret.encode(), digest_size=_BLOCK, person=b"ids of addresses").digest()
    return Cipher(AES(key), ECB())  # noqa: S305  (one block, and never two ids in it)


class SealedId:
    """`<id:pk>`: the view gets the number; an address that was not made here is not found."""

    regex = REGEX

    def to_python(self, value: str) -> int:
        return opened(value)

    def to_url(self, value: Any) -> str:
        return sealed(int(value))


register_converter(SealedId, "id")
