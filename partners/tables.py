"""How the list of partners sorts, what a row of it shows, and what it takes along as a file.

Rows are put together here: fifty of them took 9 ms in a template, half of the page.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django_countries import countries

from partners.models import Partner, PartnerStatus, PartnerType
from portal.ui import widgets
from portal.ui.formatting import active_locale, format_date
from portal.ui.widgets import Look

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


_SHOWN: Final = (
    "slug", "name", "parent__name", "type", "tier__name", "region__name", "country", "city", "status",
    "joined_on",
)  # fmt: skip
_ROW: Final = (
    '<tr><th scope="row"><a href="{}">{}</a>{}</th><td data-l="Type">{}</td><td data-l="Tier">{}</td>'
    '<td data-l="Region">{}</td><td class="desk" data-l="Country">{}{}</td><td data-l="Status">{}</td>'
    '<td class="num desk" data-l="Joined">{}</td></tr>'
)
_BELOW: Final = '<span class="sub">{}</span>'
_TYPES: Final = dict(PartnerType.choices)


def shown(rows: QuerySet[Partner]) -> QuerySet[Any]:
    """The same rows as tuples with the names of `_SHOWN`, all that a row of the list needs."""
    return rows.values_list(*_SHOWN, named=True)


def rows_html(partners: Iterable[Any]) -> SafeString:
    """The rows of the list, `shown` ones, as one text: its cells follow the headings in `_table.html`."""
    address, locale = addresses("partners:detail"), active_locale()
    return format_html_join("\n", _ROW, (_cells(partner, address, locale) for partner in partners))


def _cells(partner: Any, address: Callable[[str], str], locale: str) -> tuple[Any, ...]:
    return (
        address(partner.slug),
        partner.name,
        format_html(_BELOW, f"through {partner.parent__name}") if partner.parent__name else "",
        _TYPES[partner.type],
        partner.tier__name or "No tier",
        partner.region__name or "No region",
        _country(partner.country, locale),
        format_html(_BELOW, partner.city) if partner.city else "",
        _status(partner.status),
        format_date(partner.joined_on, "year", locale=locale),
    )


@cache
def _country(code: str, locale: str) -> str:
    return countries.name(code) or "–"


@cache
def _status(status: str) -> SafeString:
    return widgets.status(status, STATUS_LOOKS)


def addresses(name: str) -> Callable[[str], str]:
    """The address of a partner's page from its key; reversed once for the many on a list."""
    before, after = reverse(name, args=["slug"]).rsplit("slug", 1)
    return lambda slug: f"{before}{slug}{after}"


def exported(rows: QuerySet[Partner]) -> Iterator[tuple[Any, ...]]:
    for partner in rows:
        yield (
            partner.slug, partner.name, partner.get_type_display(), partner.get_status_display(),
            partner.tier and partner.tier.name, partner.region and partner.region.name,
            partner.parent and partner.parent.name, str(partner.country or ""), partner.city, partner.website,
            partner.joined_on.isoformat(),
        )  # fmt: skip
