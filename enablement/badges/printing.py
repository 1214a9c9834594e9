"""The certificate on paper. No queries."""

from pathlib import Path
from typing import Final

from enablement.badges import pictures, typesetting
from enablement.certifications.models import Award
from portal.tenancy.models import Vendor
from portal.ui.formatting import format_date

_TEMPLATE: Final = (Path(__file__).parent / "certificate.typ").read_bytes()


def certificate_pdf(*, award: Award, vendor: Vendor, employer: str, link: str) -> bytes:
    """`employer` and `link` are what the holder shares; empty, they are left out. Dates are the vendor's."""
    name = award.certification.name
    texts = {
        "colour": vendor.colour,
        "vendor": vendor.name,
        "holder": str(award.user),
        "certification": name,
        "summary": award.certification.summary,
        "facts": _facts(award, employer),
        "badge": pictures.badge_svg(name=name, vendor=vendor.name, colour=vendor.colour),
        "link": link,
        "qr": pictures.qr_svg(link) if link else "",
    }
    return typesetting.pdf(_TEMPLATE, texts, award.awarded_at)


def _facts(award: Award, employer: str) -> list[list[str]]:
    until = format_date(award.expires_on, "year") if award.expires_on else "It does not end"
    facts = [["Awarded", format_date(award.awarded_at, "year")], ["Valid until", until]]
    if employer:
        facts.append(["Employer", employer])
    if award.shows_score and award.score is not None:
        facts.append(["Result", f"{award.score / 100:g}%"])
    return [*facts, ["Number", award.reference]]
