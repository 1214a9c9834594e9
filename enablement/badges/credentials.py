"""Awards as Open Badges 3.0, and the list of what is revoked, each signed in both forms. No queries.

Contexts come with openbadgeslib and are never fetched: an unknown one is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import jwt
from django.utils import timezone
from django.utils.crypto import salted_hmac
from openbadgeslib.ob3.credential import (
    Achievement,
    IdentityObject,
    Issuer,
    OpenBadgeCredential,
    Result,
    ResultDescription,
)
from openbadgeslib.ob3.ldp import OB3LdpSigner, add_data_integrity_proof
from openbadgeslib.ob3.status_list import build_status_list_credential, status_entry

from enablement.badges.addresses import Addresses
from enablement.badges.keys import private_key
from enablement.badges.models import LIST_SIZE, Badge
from enablement.certifications.models import Award, CertificationCourse
from portal.tenancy.models import Vendor

#: A copy of the list counts no longer than that, so that nobody shows an old one for ever.
_LIST_LASTS: Final = timedelta(days=1)
_LIST_FRESH_MS: Final = 300_000


@dataclass(frozen=True, slots=True)
class Signer:
    """The vendor's key in use, with the addresses that lead to its public half."""

    addresses: Addresses
    number: int
    pem: bytes

    def jwt(self, payload: dict[str, Any]) -> str:
        headers = {"kid": self.addresses.jwk(self.number)}
        return jwt.encode(payload, private_key(self.pem), algorithm="EdDSA", headers=headers)

    def badge_jwt(self, credential: OpenBadgeCredential) -> str:
        """Compact, as wallets and the badge pictures carry it."""
        return self.jwt(credential.to_jwt_payload())

    def badge_document(self, credential: OpenBadgeCredential) -> dict[str, Any]:
        """The credential with an `eddsa-rdfc-2022` proof; refuses to sign what the proof would not cover."""
        return OB3LdpSigner(self.pem, self.addresses.key(self.number)).sign(credential)

    def list_jwt(self, document: dict[str, Any]) -> str:
        begins = int(datetime.fromisoformat(document["validFrom"]).timestamp())
        ends = int(datetime.fromisoformat(document["validUntil"]).timestamp())
        claims = {"iss": document["issuer"], "jti": document["id"], "nbf": begins, "exp": ends}
        return self.jwt({**document, **claims})

    def list_document(self, document: dict[str, Any]) -> dict[str, Any]:
        return add_data_integrity_proof(document, self.pem, self.addresses.key(self.number))


def credential(
    *,
    award: Award,
    badge: Badge,
    courses: Iterable[CertificationCourse],
    vendor: Vendor,
    addresses: Addresses,
    home: str,
    names_address: bool = False,
) -> OpenBadgeCredential:
    """What the holder shares of an award: name and dates, the result if they say so, never the employer.

    `names_address` adds their e-mail address as salted hash, by which wallets find their owner.
    """
    return OpenBadgeCredential(
        id=_urn(addresses, "award", award.pk),
        issuer=Issuer(id=addresses.issuer, name=vendor.name, url=home, email=vendor.support_email or None),
        recipient_id=None,
        identifiers=_identity(award, names_address),
        achievement=_achievement(award, courses, addresses),
        results=_results(award, addresses),
        issuance_date=award.awarded_at,
        expiration_date=award.expires_at,
        credential_status=[status_entry(addresses.status(badge.status_list), "revocation", badge.bit)],
    )


def _achievement(award: Award, courses: Iterable[CertificationCourse], addresses: Addresses) -> Achievement:
    certification = award.certification
    taken = ", ".join(str(link.course) for link in courses)
    return Achievement(
        id=_urn(addresses, "certification", certification.pk),
        name=certification.name,
        description=certification.summary or certification.name,
        criteria_narrative=f"Finished: {taken}." if taken else f"Certified by {award.vendor}.",
        achievement_type="Certification",
        result_descriptions=(
            [ResultDescription(_urn(addresses, "result", certification.pk), "Result", "Percent")]
            if award.shows_score and award.score is not None
            else []
        ),
    )


def _results(award: Award, addresses: Addresses) -> list[Result]:
    if not award.shows_score or award.score is None:
        return []
    described = _urn(addresses, "result", award.certification_id)
    return [Result(value=f"{award.score / 100:g}", result_description=described)]


def _identity(award: Award, names_address: bool) -> list[IdentityObject]:
    name = IdentityObject(str(award.user), "name", hashed=False)
    if not names_address:
        return [name]
    salt = salted_hmac("enablement.badges.identity", str(award.pk)).hexdigest()[:32]
    return [name, IdentityObject.create(award.user.email, salt)]


def _urn(addresses: Addresses, kind: str, pk: int) -> str:
    """The same name each time, which leads nowhere: there is no list of awards to look into."""
    return uuid5(NAMESPACE_URL, f"{addresses.issuer}#{kind}-{pk}").urn


def status_list(addresses: Addresses, number: int, bits: Iterable[int]) -> dict[str, Any]:
    """The list of revoked awards as of now, not signed yet."""
    now = timezone.now().replace(microsecond=0)
    return build_status_list_credential(
        addresses.issuer, addresses.status(number), "revocation", bits, LIST_SIZE,
        issued=now, valid_until=now + _LIST_LASTS, ttl=_LIST_FRESH_MS,
    )  # fmt: skip
