"""Who uses the library: counted from the record of opens and downloads, of partners in one's reach."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q, QuerySet

from enablement.library.events import DOWNLOADED, OPENED, USES
from enablement.library.models import Asset
from enablement.library.selectors import ASSET, SOON
from partners.models import Partner, PartnerStatus, PartnerType
from portal.events.models import PortalEvent
from portal.metrics.declarations import AsOf
from portal.tenancy.access import Actor

#: Days to look back, and what they are called.
PERIODS: Final = {90: "90 days", 365: "365 days"}
MOST: Final = 10


@dataclass(frozen=True, slots=True)
class Use:
    """How often one asset was used, and by how many."""

    asset: Asset
    opens: int = 0
    downloads: int = 0
    people: int = 0
    partners: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Active partners that are alike today: how many, how many of them used anything, and how often."""

    label: str
    partners: int
    using: int
    uses: int

    @property
    def share(self) -> float:
        return self.using / self.partners


@dataclass(frozen=True, slots=True)
class Usage:
    """`most` and `least` are of what is in the library today; `least` leaves out what came in the period."""

    partners: int
    using: int
    most: list[Use]
    least: list[Use]
    types: list[Group]
    tiers: list[Group]
    regions: list[Group]
    ending: list[Asset]


def usage(actor: Actor, days: int) -> Usage:
    """Five statements, however many assets and partners."""
    today = actor.vendor.today
    since = AsOf.of(actor.vendor, today).trailing(days)
    rows = PortalEvent.objects.filter(subject_type=ASSET, occurred_at__gte=since, type__in=USES).order_by()
    by_asset = _by_asset(rows, _in_library(actor))
    by_partner = dict(rows.values_list("partner_id").annotate(Count("pk")))
    partners = _partners()
    return Usage(
        partners=len(partners),
        using=sum(one["pk"] in by_partner for one in partners),
        most=[use for use in sorted(by_asset, key=_heat, reverse=True)[:MOST] if use.people],
        least=[use for use in sorted(by_asset, key=_heat) if use.asset.created_at < since][:MOST],
        types=_groups(partners, by_partner, lambda one: PartnerType(one["type"]).label),
        tiers=_groups(partners, by_partner, lambda one: one["tier__name"] or "No tier"),
        regions=_groups(partners, by_partner, lambda one: one["region__name"] or "No region"),
        ending=_ending(actor),
    )


def _in_library(actor: Actor) -> list[Asset]:
    rows = Asset.objects.filter(Q(ends_on=None) | Q(ends_on__gte=actor.vendor.today), retired_at=None)
    return list(rows.only("title", "type", "created_at").order_by("title", "pk"))


def _by_asset(rows: QuerySet[Any], assets: Iterable[Asset]) -> list[Use]:
    counted = rows.values("subject_id").annotate(
        opens=Count("pk", filter=Q(type=OPENED)),
        downloads=Count("pk", filter=Q(type=DOWNLOADED)),
        people=Count("actor", distinct=True),
        partners=Count("partner_id", distinct=True),
    )
    known: dict[int, dict[str, int]] = {row.pop("subject_id"): row for row in map(dict, counted)}
    return [Use(asset, **known.get(asset.pk, {})) for asset in assets]


def _heat(use: Use) -> tuple[int, int]:
    """People before clicks: one of them pressing twenty times is one."""
    return use.people, use.opens + use.downloads


def _partners() -> list[dict[str, Any]]:
    rows = Partner.objects.filter(status=PartnerStatus.ACTIVE)
    return list(rows.order_by("-tier__rank", "pk").values("pk", "type", "tier__name", "region__name"))


def _groups(
    partners: Iterable[dict[str, Any]], uses: dict[int, int], label: Callable[[dict[str, Any]], str]
) -> list[Group]:
    """In the order in which they come: tiers from the highest down."""
    found: dict[str, list[int]] = {}
    for one in partners:
        found.setdefault(label(one), []).append(uses.get(one["pk"], 0))
    return [
        Group(name, len(counts), sum(count > 0 for count in counts), sum(counts))
        for name, counts in found.items()
    ]


def _ending(actor: Actor) -> list[Asset]:
    today = actor.vendor.today
    rows = Asset.objects.filter(ends_on__gte=today, ends_on__lte=today + SOON, retired_at=None)
    rows = rows.select_related("owner").defer("text", "words")
    return list(rows.order_by("ends_on", "title", "pk"))
