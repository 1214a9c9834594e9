"""Keeping the library, and using it. Writing is the program admin's; each action leaves its event."""

from collections.abc import Collection as Ids
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from enablement.library import policies
from enablement.library.document_text import text_of
from enablement.library.events import DOWNLOADED, OPENED
from enablement.library.models import Asset, AssetFile, AssetProduct, Collection, CollectionItem
from portal.events.log import record
from portal.files.uploads import Upload
from portal.tenancy.access import Actor


def _require(actor: Actor) -> None:
    if not policies.may_edit(actor):
        raise PermissionDenied("The library is kept by program admins.")


# Assets ------------------------------------------------------------------------------------------------


@transaction.atomic
def asset_add(
    *, actor: Actor, fields: Mapping[str, Any], products: Ids[int] = (), upload: Upload | None = None
) -> Asset:
    """An asset with its file, or the link in `fields["url"]`; ValidationError unless it is one of them."""
    _require(actor)
    asset = Asset(**fields)
    _set_file(actor, asset, upload)
    _check(asset)
    asset.save(force_insert=True)
    _set_products(asset, products)
    record("enablement.asset_added", actor=actor, subject=asset, data={"title": asset.title})
    return asset


@transaction.atomic
def asset_change(
    *,
    actor: Actor,
    asset: Asset,
    fields: Mapping[str, Any],
    products: Ids[int],
    upload: Upload | None = None,
) -> Asset:
    """Change what it is and for whom; another file or link is its next version, which replaces the last."""
    _require(actor)
    asset = Asset.objects.select_for_update(of=("self",)).select_related("file").get(pk=asset.pk)
    before, old_file = asset.url, asset.file
    changed = [name for name, value in fields.items() if getattr(asset, name) != value]
    for name in changed:
        setattr(asset, name, fields[name])
    if asset.url and asset.url != before and upload is None:
        asset.file, asset.text = None, ""
    _set_file(actor, asset, upload)
    is_new = asset.url != before or asset.file_id != (old_file.pk if old_file else None)
    if is_new:
        asset.version, asset.version_at = asset.version + 1, timezone.now()
    _check(asset)
    asset.save()
    if is_new and old_file is not None:
        old_file.delete()
    if _set_products(asset, products):
        changed.append("products")
    _tell_change(actor, asset, [name for name in changed if name != "url"], is_new=is_new)
    return asset


def _set_file(actor: Actor, asset: Asset, upload: Upload | None) -> None:
    """A file in place of whatever was there, the very same one excepted."""
    if upload is None or (asset.file is not None and asset.file.sha256 == upload.sha256):
        return
    asset.file = AssetFile.objects.create(**upload.as_fields(actor.user))
    asset.text = text_of(upload)


def _check(asset: Asset) -> None:
    asset.clean_fields(exclude={"words"})
    asset.validate_constraints()


def _set_products(asset: Asset, products: Ids[int]) -> bool:
    before = set(AssetProduct.objects.filter(asset=asset).values_list("product", flat=True))
    wanted = set(products)
    AssetProduct.objects.filter(asset=asset).exclude(product__in=wanted).delete()
    AssetProduct.objects.bulk_create(
        AssetProduct(asset=asset, product_id=product) for product in sorted(wanted - before)
    )
    return wanted != before


def _tell_change(actor: Actor, asset: Asset, changed: list[str], *, is_new: bool) -> None:
    if changed:
        data = {"title": asset.title, "changes": ", ".join(changed)}
        record("enablement.asset_changed", actor=actor, subject=asset, data=data)
    if is_new:
        told = {"title": asset.title, "version": asset.version}
        record("enablement.asset_version_added", actor=actor, subject=asset, data=told)


@transaction.atomic
def asset_retire(*, actor: Actor, asset: Asset, retired: bool) -> Asset:
    """Take it out of the library, or put it back. Twice is once."""
    _require(actor)
    asset = Asset.objects.select_for_update(of=("self",)).get(pk=asset.pk)
    if (asset.retired_at is not None) != retired:
        asset.retired_at = timezone.now() if retired else None
        asset.save(update_fields=["retired_at"])
        key = "enablement.asset_retired" if retired else "enablement.asset_offered"
        record(key, actor=actor, subject=asset, data={"title": asset.title})
    return asset


# Using it ----------------------------------------------------------------------------------------------


@transaction.atomic
def asset_opened(*, actor: Actor, asset: Asset) -> None:
    """Somebody looked at it. The caller has decided that it is for them."""
    _used(OPENED, actor, asset)


@transaction.atomic
def asset_downloaded(*, actor: Actor, asset: Asset) -> None:
    """Somebody took the file, or followed the link."""
    _used(DOWNLOADED, actor, asset)


def _used(key: str, actor: Actor, asset: Asset) -> None:
    if policies.leaves_a_trace(actor):
        data = {"version": asset.version}
        record(key, actor=actor, partner_id=actor.partner.pk, subject=asset, data=data)


# Collections -------------------------------------------------------------------------------------------


@transaction.atomic
def collection_save(
    *,
    actor: Actor,
    fields: Mapping[str, Any],
    assets: Ids[int],
    collection: Collection | None = None,
) -> Collection:
    """A new collection, or a known one changed; `assets` are ids in their order."""
    _require(actor)
    kept = (
        Collection() if collection is None else Collection.objects.select_for_update().get(pk=collection.pk)
    )
    for name, value in fields.items():
        setattr(kept, name, value)
    kept.clean_fields()
    kept.validate_constraints()
    kept.save()
    CollectionItem.objects.filter(collection=kept).delete()
    CollectionItem.objects.bulk_create(
        CollectionItem(collection=kept, asset_id=asset, position=place)
        for place, asset in enumerate(dict.fromkeys(assets), start=1)
    )
    record("enablement.collection_saved", actor=actor, subject=kept, data={"title": kept.name})
    return kept


@transaction.atomic
def collection_remove(*, actor: Actor, collection: Collection) -> None:
    """The collection alone: its assets stay in the library."""
    _require(actor)
    record("enablement.collection_removed", actor=actor, subject=collection, data={"title": collection.name})
    collection.delete()
