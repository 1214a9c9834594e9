"""What holders of certificates are told."""

from typing import Any, Final

from enablement.certifications.models import Award
from portal.notifications.services import Kind, declare_kinds, notify
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date

KINDS: Final = (
    Kind("enablement.certified", "I am certified, or a certificate of mine is renewed", for_partners=True),
    Kind("enablement.certificate_ending", "A certificate of mine ends soon or has ended", for_partners=True),
    Kind("enablement.certificate_revoked", "A certificate of mine is revoked", for_partners=True),
)
declare_kinds(*KINDS, place=95)


def certified(vendor: Vendor, award: Award) -> None:
    _tell("certified", "certificate_given", vendor, award, f"{award.pk}", {"renewed": bool(award.renews_id)})


def ending(vendor: Vendor, award: Award) -> None:
    key = f"{award.pk}:{award.reminded_days}"
    _tell("certificate_ending", "certificate_ending", vendor, award, key, {"over": not award.reminded_days})


def revoked(vendor: Vendor, award: Award) -> None:
    told = {"reason": award.revoked_reason}
    _tell("certificate_revoked", "certificate_revoked", vendor, award, f"{award.pk}", told)


def _tell(kind: str, template: str, vendor: Vendor, award: Award, key: str, told: dict[str, Any]) -> None:
    ends = format_date(award.expires_on, "year") if award.expires_on else ""
    context = {"certification": award.certification.name, "ends": ends, "number": award.reference, **told}
    notify(
        f"enablement.{kind}",
        vendor=vendor,
        key=f"{template}:{key}",
        to=[award.user],
        page="enablement:certificate",
        target=award.reference,
        template=template,
        context=context,
    )
