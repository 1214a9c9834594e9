"""How the list of partners sorts, and what it takes along as a file."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import F, QuerySet

from partners.models import Partner, PartnerStatus
from portal.marks import Look

PAGE = 50

#: What can be sorted by, and the column behind it; the name decides between equals.
SORTS: Mapping[str, str] = {
    "partner": "name_key",
    "type": "type",
    "tier": "tier__rank",
    "region": "region__name",
    "country": "country",
    "status": "status",
    "joined": "joined_on",
}

_MAYBE_EMPTY = {"tier__rank", "region__name"}

STATUS_LOOKS: dict[str, Look] = {
    PartnerStatus.PROSPECT: ("neutral", "Prospect", "hourglass"),
    PartnerStatus.ACTIVE: ("ok", "Active"),
    PartnerStatus.SUSPENDED: ("watch", "Suspended"),
    PartnerStatus.ENDED: ("bad", "Ended", "ban"),
}

EXPORT_HEADER = (
    "key", "name", "type", "status", "tier", "region", "distributor", "country", "city", "website", "joined",
)  # fmt: skip


def ordered(rows: QuerySet[Partner], wanted: str) -> QuerySet[Partner]:
    """`wanted` is a key of SORTS, with "-" for falling; anything else sorts by name."""
    column = SORTS.get(wanted.removeprefix("-"), "name_key")
    # Said only where a value may be missing: an index serves the others in both directions.
    last = True if column in _MAYBE_EMPTY else None
    falling = wanted.startswith("-")
    first = F(column).desc(nulls_last=last) if falling else F(column).asc(nulls_last=last)
    return rows.order_by(first, "name_key", "pk")


def exported(rows: QuerySet[Partner]) -> Iterator[tuple[Any, ...]]:
    for partner in rows:
        yield (
            partner.slug, partner.name, partner.get_type_display(), partner.get_status_display(),
            partner.tier and partner.tier.name, partner.region and partner.region.name,
            partner.parent and partner.parent.name, str(partner.country or ""), partner.city, partner.website,
            partner.joined_on.isoformat(),
        )  # fmt: skip
