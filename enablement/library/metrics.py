"""How far a partner uses the library: one metric of the engagement quadrant, as of any day."""

from decimal import Decimal
from operator import attrgetter
from typing import Any, Final, NamedTuple

from django.db.models import Count, IntegerField, Max, OuterRef, Q, QuerySet, Subquery

from enablement.library.events import DOWNLOADED, OPENED, USES
from enablement.library.models import Asset
from enablement.library.selectors import ASSET
from portal.events.models import PortalEvent
from portal.metrics.declarations import (
    AsOf,
    Better,
    Column,
    Link,
    Look,
    Metric,
    Quadrant,
    Result,
    Unit,
    declare_metrics,
)
from portal.metrics.statements import Statement, StatementSource

QUARTER: Final = 90  # days

# Every partner has a row as soon as there is a library: to use none of it is a finding, to have none is not.
_SQL: Final = """
select partner_id, coalesce(assets, 0)
from (
    select id as partner_id from partners_partner where vendor_id = %(vendor)s
) partner
left join (
    select partner_id, count(*) as assets
    from (
        select partner_id, subject_id
        from portal_portalevent
        where vendor_id = %(vendor)s and subject_type = %(asset)s and type = any(%(uses)s)
            and occurred_at >= %(start)s and occurred_at < %(end)s {of_partners}
        group by partner_id, subject_id
    ) used
    group by partner_id
) counted using (partner_id)
where exists (select from enablement_asset where vendor_id = %(vendor)s and created_at < %(end)s)
    {of_partners}
"""


class Figures(NamedTuple):
    partner_id: int
    assets: int


def _moments(as_of: AsOf) -> dict[str, Any]:
    return {
        "asset": ASSET,
        "uses": list(USES),
        "start": as_of.trailing(QUARTER),
        "end": as_of.end,
    }


def asset_use(of: Figures) -> Result:
    return Result(of.assets, n=of.assets)


#: Two levels of counting: `count(distinct ...)` would sort every use.
uses: Final = StatementSource(Statement(_SQL, Figures, _moments), {"asset_use": asset_use})


# The rows behind ---------------------------------------------------------------------------------------


def used_rows(partner_id: int, as_of: AsOf) -> QuerySet[Asset]:
    """The assets, the one used last first, each with `opens`, `downloads` and `used_at`."""
    told: Any = PortalEvent.objects.filter(
        subject_type=ASSET,
        type__in=USES,
        partner_id=partner_id,
        occurred_at__gte=as_of.trailing(QUARTER),
        occurred_at__lt=as_of.end,
    ).order_by()
    of_one = told.filter(subject_id=OuterRef("pk")).values("subject_id")
    rows: Any = Asset.objects.filter(pk__in=told.values("subject_id")).annotate(
        opens=_counted(of_one, OPENED),
        downloads=_counted(of_one, DOWNLOADED),
        used_at=Subquery(of_one.annotate(last=Max("occurred_at")).values("last")),
    )
    return rows.defer("text", "words").order_by("-used_at", "-pk")  # type: ignore[no-any-return]


def _counted(uses_of_one: Any, kind: str) -> Subquery:
    counted = uses_of_one.annotate(n=Count("pk", filter=Q(type=kind))).values("n")
    return Subquery(counted, output_field=IntegerField())


def _page(asset: Asset) -> Link:
    """By its kind: whoever reads a partner's figures need not be somebody the asset is for."""
    return Link("library:asset", str(asset.pk), f"{asset.get_type_display()} {asset.pk}")


METRICS: Final = [
    Metric(
        "asset_use",
        Quadrant.ENGAGEMENT,
        "Use of the library",
        Unit.COUNT,
        Better.UP,
        window="trailing 90 days",
        minimum=0,
        definition="Different assets of the library that the partner's people opened or downloaded in the 90 "
        "days to the date; however often, each counts once. Where there is no library, there is no value.",
        rows=used_rows,
        rows_label="assets",
        columns=(
            Column("Asset", _page, Look.LINK, named="Kind"),
            Column("Opened", attrgetter("opens"), Look.COUNT),
            Column("Downloaded", attrgetter("downloads"), Look.COUNT),
            Column("Last used", attrgetter("used_at"), Look.DAY),
        ),
        missing=lambda found: "there was no library yet",
        events=frozenset(USES),
        floor=Decimal(0),
        target=Decimal(10),
        weight=Decimal(20),
    )
]

declare_metrics(uses, METRICS)
