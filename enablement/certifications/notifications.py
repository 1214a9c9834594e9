"""What holders of certificates are told."""

from typing import Any, Final

from enablement.certifications.models import Award
from portal.notifications.services import NotificationKind, declare_notifications, notify
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date

KINDS: Final = (
    NotificationKind(
        "enablement.certified", "I am certified, or a certificate of mine is renewed", for_partners=True
    ),
    NotificationKind(
        "enablement.certificate_ending", "A certificate of mine ends soon or has ended", for_partners=True
    ),
    NotificationKind("enablement.certificate_revoked", "A certificate of mine is revoked", for_partners=True),
)
declare_notifications(*KINDS, place=95)


def certified(vendor: Vendor, award: Award) -> None:
    _notify(
        "certified", "certificate_given", vendor, award, f"{award.pk}", {"renewed": bool(award.renews_id)}
    )


def ending(vendor: Vendor, award: Award) -> None:
    key = f"{award.pk}:{award.reminded_days}"
    _notify("certificate_ending", "certificate_ending", vendor, award, key, {"over": not award.reminded_days})


def revoked(vendor: Vendor, award: Award) -> None:
    told = {"reason": award.revoked_reason}
    _notify("certificate_revoked", "certificate_revoked", vendor, award, f"{award.pk}", told)


def _notify(kind: str, template: str, vendor: Vendor, award: Award, key: str, told: dict[str, Any]) -> None:
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
