"""Signed statements: a JSON web signature (RFC 7515) of the statement, sent as an attachment.

xAPI 1.0.3, part 2, section 2.6: RSA with SHA-256, -384 or -512. Where the signer's certificate comes along
(`x5c`), the signature is verified with it; who the signer is, is not the store's business.
"""

import base64
import binascii
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_der_x509_certificate

from enablement.records.grammar import Invalid, read_json
from enablement.records.rules import rules_of
from enablement.records.statements import Json, same

_ALGORITHMS: Final[dict[str, hashes.HashAlgorithm]] = {
    "RS256": hashes.SHA256(),
    "RS384": hashes.SHA384(),
    "RS512": hashes.SHA512(),
}


def verify(signature: bytes, statement: Json, content_type: str, version: str) -> None:
    """Raises Invalid unless `signature` is a JWS over this very statement."""
    if content_type.split(";")[0].strip().lower() != "application/octet-stream":
        raise Invalid("A signature is sent as application/octet-stream.")
    try:
        head, payload, mark = signature.strip().split(b".")
    except ValueError as error:
        raise Invalid("The signature is no JSON web signature in compact form.") from error
    header = read_json(_decoded(head), "The header of the signature")
    algorithm = _ALGORITHMS.get(header.get("alg", "")) if isinstance(header, dict) else None
    if algorithm is None:
        raise Invalid(f"The signature must use one of {', '.join(_ALGORITHMS)}.")
    signed = read_json(_decoded(payload), "The payload of the signature")
    rules_of(version).check(signed, "signed statement")
    if not same(signed, statement):
        raise Invalid("The signature is of another statement.")
    if "x5c" in header:
        _verify_with_certificate(header["x5c"], b".".join((head, payload)), _decoded(mark), algorithm)


def _verify_with_certificate(chain: Any, signed: bytes, mark: bytes, algorithm: hashes.HashAlgorithm) -> None:
    try:
        key = load_der_x509_certificate(base64.b64decode(chain[0], validate=True)).public_key()
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise Invalid("The certificate of the signature cannot be read.") from error
    if not isinstance(key, RSAPublicKey):
        raise Invalid("The certificate of the signature holds no RSA key.")
    try:
        key.verify(mark, signed, PKCS1v15(), algorithm)
    except InvalidSignature as error:
        raise Invalid("The signature does not fit its certificate.") from error


def _decoded(part: bytes) -> bytes:
    """base64url without padding."""
    try:
        return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid("The signature is not base64url.") from error
