"""Where a vendor's keys and status lists are published. What is signed names these addresses for good."""

from dataclasses import dataclass

from portal.tenancy.http import PortalRequest
from portal.tenancy.links import absolute
from portal.tenancy.models import Vendor

_ISSUER = "badges:issuer"


@dataclass(frozen=True, slots=True)
class Addresses:
    """All of them follow from the issuer's own, which is the issuer's name in every credential."""

    issuer: str

    @property
    def _base(self) -> str:
        return self.issuer.removesuffix("issuer")

    def key(self, number: int) -> str:
        """Of the key as Multikey, part of the issuer's document: what a data proof names."""
        return f"{self.issuer}#key-{number}"

    def jwk(self, number: int) -> str:
        """Of the key as JSON Web Key, a document of its own: the `kid` of a JWT."""
        return f"{self._base}keys/{number}"

    def status(self, number: int) -> str:
        return f"{self._base}status/{number}"


def addresses_of(vendor: Vendor) -> Addresses:
    """What is signed from now on."""
    return Addresses(absolute(vendor, _ISSUER))


def addresses_asked(request: PortalRequest) -> Addresses:
    """Those of the address at which the vendor is asked.

    A vendor that got a host of its own answers under /v/<slug>/ as before: what was signed then names that.
    """
    base = request.build_absolute_uri(request.path)
    return Addresses(f"{base.rpartition('/badges/')[0]}/badges/issuer")
