"""The demo vendors' libraries, and three quarters of a year of partner people opening what is in them."""

import random
import tomllib
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.utils import timezone

from demo.simulation.learning import ActorOf
from enablement.audience import is_for, learner_at
from enablement.library.events import DOWNLOADED, OPENED
from enablement.library.models import Asset
from enablement.library.selectors import ASSET, with_parts
from enablement.library.services import asset_add, collection_save
from partners.models import PartnerStatus, Product, Seat, Tier
from portal.events.models import PortalEvent
from portal.files.uploads import checked
from portal.people.models import Membership
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role

LIBRARY = Path(__file__).with_name("library.toml")
#: How long ago the library was opened, in days; who of the people there uses it, and how much of it.
SINCE: Final = 270
KEEN: Final = 0.6
TASTE: Final = 0.45


def library(slug: str, vendor: Vendor, actor_of: ActorOf) -> None:
    """Under the vendor's system scope. Does nothing where there are assets already."""
    admin = Membership.objects.filter(role=Role.PROGRAM_ADMIN, is_active=True).order_by("pk").first()
    if admin is None or Asset.objects.exists():
        return
    _assets(actor_of(vendor, admin), tomllib.loads(LIBRARY.read_text())[slug])
    opened = timezone.now() - timedelta(days=SINCE)
    Asset.objects.update(created_at=opened, version_at=opened)
    _history(random.Random(f"library:{slug}"))  # noqa: S311


def _assets(admin: Actor, plans: list[Mapping[str, Any]]) -> None:
    products = dict(Product.objects.values_list("code", "pk"))
    tiers = {tier.rank: tier for tier in Tier.objects.all()}
    collections: dict[str, list[int]] = {}
    for plan in plans:
        asset = _asset(admin, plan, tiers, [products[code] for code in plan["products"]])
        if "collection" in plan:
            collections.setdefault(plan["collection"], []).append(asset.pk)
    for position, (name, assets) in enumerate(collections.items(), start=1):
        collection_save(actor=admin, fields={"name": name, "position": position}, assets=assets)


def _asset(admin: Actor, plan: Mapping[str, Any], tiers: Mapping[int, Tier], products: list[int]) -> Asset:
    ends = plan.get("ends")
    fields = {
        "title": plan["title"], "summary": plan["summary"], "type": plan["kind"],
        "language": plan.get("language", "en"), "url": plan.get("url", ""), "role": plan.get("role", ""),
        "partner_type": plan.get("type", ""), "least_tier": tiers.get(plan.get("tier", 0)),
        "ends_on": admin.vendor.today + timedelta(days=ends) if ends else None, "owner": admin.user,
    }  # fmt: skip
    text = plan.get("text")
    upload = checked(f"{plan['title']}.txt", text.strip().encode()) if text else None
    return asset_add(actor=admin, fields=fields, products=products, upload=upload)


def _history(chance: random.Random) -> None:
    """Each keen person opens some of what is for them, and takes half of what they open."""
    assets = list(with_parts(Asset.objects.order_by("pk")))
    # The last one of each library is known to nobody: there is always one.
    liked = {asset.pk: chance.random() for asset in assets[:-1]}
    seats = Seat.objects.filter(
        left_at=None, partner__status=PartnerStatus.ACTIVE, membership__is_active=True
    )
    seats = seats.select_related("membership", "partner__tier").order_by("pk")
    events = [
        event for seat in seats if chance.random() < KEEN for event in _uses(seat, assets, liked, chance)
    ]
    PortalEvent.objects.bulk_create(events, batch_size=5000)


def _uses(
    seat: Seat, assets: list[Asset], liked: Mapping[int, float], chance: random.Random
) -> Iterator[PortalEvent]:
    learner, now = learner_at(seat.membership.role, seat.partner), timezone.now()
    since = max(seat.since, now - timedelta(days=SINCE))
    for asset in assets:
        if is_for(asset, learner) and chance.random() < TASTE * liked.get(asset.pk, 0):
            at = since + (now - since) * chance.random() * 0.99
            yield _use(OPENED, seat, asset, at)
            if asset.file_id and chance.random() < 0.5:
                yield _use(DOWNLOADED, seat, asset, min(at + timedelta(minutes=2), now))


def _use(what: str, seat: Seat, asset: Asset, at: datetime) -> PortalEvent:
    return PortalEvent(
        partner_id=seat.partner_id, actor_id=seat.user_id, type=what, subject_type=ASSET, subject_id=asset.pk,
        occurred_at=at, data={"version": asset.version},
    )  # fmt: skip
