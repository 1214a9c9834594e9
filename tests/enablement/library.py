"""Assets and collections for tests, made as a program admin makes them."""

from typing import Any

from enablement.library.models import Asset, Collection
from enablement.library.services import asset_add, collection_save
from portal.files.uploads import checked
from tests.support.worlds import VendorWorld, acting_as


def asset(
    world: VendorWorld,
    title: str,
    *,
    upload: tuple[str, bytes] | None = None,
    products: tuple[Any, ...] = (),
    **fields: Any,
) -> Asset:
    """A link, or a file where `upload` (name, content) is given."""
    link = {} if upload else {"url": "https://example.com/film"}
    with acting_as(world.people["program_admin"]) as actor:
        return asset_add(
            actor=actor,
            fields={"title": title, **link, **fields},
            products=[product.pk for product in products],
            upload=checked(*upload) if upload else None,
        )


def collection(world: VendorWorld, name: str, *assets: Asset) -> Collection:
    with acting_as(world.people["program_admin"]) as actor:
        return collection_save(actor=actor, fields={"name": name}, assets=[one.pk for one in assets])
