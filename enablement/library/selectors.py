"""Reads of the library. All begin with `open_to_actor`: what is not for somebody is not there for them."""

from collections.abc import Collection as Ids
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, F, Prefetch, Q, QuerySet, Value

from enablement.audience import learner_of, open_to
from enablement.library import policies
from enablement.library.events import USES
from enablement.library.full_text import Excerpt, Rank, Says
from enablement.library.models import Asset, AssetProduct, Collection, CollectionItem
from partners.models import Product, Region
from portal.events.models import PortalEvent
from portal.people.models import Membership, User
from portal.tenancy.access import Actor
from portal.tenancy.roles import STAFF_ROLES

ASSET: Final = Asset._meta.label_lower
#: How far ahead an end is told.
SOON: Final = timedelta(days=60)


def open_to_actor(actor: Actor) -> QuerySet[Asset]:
    """What this person finds: in the library today, and meant for them. Staff find what anybody does."""
    today = actor.vendor.today
    rows = Asset.objects.filter(Q(ends_on=None) | Q(ends_on__gte=today), retired_at=None)
    rows = rows.filter(open_to(learner_of(actor)))
    if actor.is_staff:
        return rows
    region = actor.partner.region_id if actor.partner else None
    return rows.filter(Q(region=None) | Q(region=region))


def asset_for(actor: Actor, pk: int) -> Asset | None:
    """The asset with what its page shows; program admins look at those that are taken out or ended too."""
    rows = Asset.objects.all() if policies.may_edit(actor) else open_to_actor(actor)
    return with_parts(rows.filter(pk=pk)).defer(None).defer("words").first()


def with_parts(rows: QuerySet[Asset]) -> QuerySet[Asset]:
    """With file, audience and products, without the words inside: two statements."""
    links = AssetProduct.objects.select_related("product").order_by("product__name")
    found: QuerySet[Asset] = rows.select_related("file", "least_tier", "region").defer("text", "words")
    return found.prefetch_related(Prefetch("product_links", queryset=links))


# Searching ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; empty is everything."""

    text: str = ""
    type: str = ""
    language: str = ""
    product: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """`ids` in the order to be shown; counts are of what the text finds, `total` of all that is open.

    `about`: {asset id: {product id: name}}.
    """

    ids: list[int]
    total: int
    said: int
    types: Mapping[str, int]
    languages: Mapping[str, int]
    products: Mapping[int, int]
    names: Mapping[int, str]
    about: Mapping[int, Mapping[int, str]]


def search(actor: Actor, wanted: Wanted) -> Found:
    """Which assets are for this person is settled first, by ids; only their words are looked into."""
    rows = open_to_actor(actor).order_by("-version_at", "-pk")
    open_ones = {pk: (type_, language) for pk, type_, language in rows.values_list("pk", "type", "language")}
    said = _saying(list(open_ones), wanted.text) if wanted.text else list(open_ones)
    about = _products_of(said)
    kept = [
        pk
        for pk in said
        if (not wanted.type or open_ones[pk][0] == wanted.type)
        and (not wanted.language or open_ones[pk][1] == wanted.language)
        and (wanted.product is None or wanted.product in about.get(pk, ()))
    ]
    return Found(
        ids=kept,
        total=len(open_ones),
        said=len(said),
        types=_tally(open_ones[pk][0] for pk in said),
        languages=_tally(open_ones[pk][1] for pk in said),
        products=_tally(product for products in about.values() for product in products),
        names={pk: name for products in about.values() for pk, name in products.items()},
        about=about,
    )


def _saying(ids: Sequence[int], text: str) -> list[int]:
    """Those of `ids` that say it, the best match first."""
    asked = ("words", Value(text), "language")
    rows = Asset.objects.filter(pk__among=ids).filter(Says(*asked))
    return list(rows.order_by(Rank(*asked).desc(), "-version_at", "-pk").values_list("pk", flat=True))


def _products_of(ids: Sequence[int]) -> dict[int, dict[int, str]]:
    about: dict[int, dict[int, str]] = {}
    links = AssetProduct.objects.filter(asset_id__among=ids).order_by("product__name")
    for asset, product, name in links.values_list("asset", "product", "product__name"):
        about.setdefault(asset, {})[product] = name
    return about


def _tally(values: Iterable[Any]) -> dict[Any, int]:
    counts: dict[Any, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts


def shown(ids: Sequence[int], text: str) -> list[Any]:
    """A page of what was found, with `excerpt`, the place inside that says it. One statement."""
    excerpt = Excerpt("text", Value(text), "language") if text else Value("")
    rows = Asset.objects.filter(pk__among=ids).annotate(excerpt=excerpt)
    return _in_order(ids, rows.select_related("file", "least_tier", "region").defer("text", "words"))


def in_order(ids: Sequence[int]) -> list[Asset]:
    """These assets, with their parts, as they are listed."""
    return _in_order(ids, with_parts(Asset.objects.filter(pk__among=ids)))


def _in_order(ids: Sequence[int], rows: Iterable[Asset]) -> list[Asset]:
    known = {asset.pk: asset for asset in rows}
    return [known[pk] for pk in ids if pk in known]


# Collections, and what ends soon -----------------------------------------------------------------------


def collections_for(actor: Actor) -> list[Any]:
    """Collections in which this person finds anything, with `open_items`, how much that is."""
    count = Count("items", filter=Q(items__asset__in=open_to_actor(actor).values("pk")))
    rows = Collection.objects.annotate(open_items=count).filter(open_items__gt=0)
    return list(rows.order_by("position", "name"))


def items_for(actor: Actor, collection: Collection) -> list[Asset]:
    items = CollectionItem.objects.filter(collection=collection, asset__in=open_to_actor(actor).values("pk"))
    return in_order(list(items.order_by("position", "pk").values_list("asset", flat=True)))


def ends_soon(actor: Actor) -> list[Asset]:
    """Assets this person used that end within `SOON`, the first to end first."""
    until = actor.vendor.today + SOON
    ending = open_to_actor(actor).filter(ends_on__lte=until).defer("text", "words")
    rows = list(ending.order_by("ends_on", "title")[:50])
    if not rows:
        return []
    used = set(
        PortalEvent.objects.filter(
            subject_type=ASSET, subject_id__in=[asset.pk for asset in rows], actor=actor.user, type__in=USES
        ).values_list("subject_id", flat=True)
    )
    return [asset for asset in rows if asset.pk in used]


# For a deal --------------------------------------------------------------------------------------------


def recommended(actor: Actor, products: Ids[int], most: int = 3) -> list[Any]:
    """Assets about these products, with `shared`, how many of them; the newest of the best fitting first."""
    shared = Count("product_links", filter=Q(product_links__product__in=list(products)), distinct=True)
    rows = open_to_actor(actor).annotate(shared=shared).filter(shared__gt=0)
    ids = rows.order_by(F("shared").desc(), "-version_at", "-pk").values_list("pk", flat=True)
    return in_order(list(ids[:most]))


# Keeping the library -----------------------------------------------------------------------------------


def all_assets() -> QuerySet[Asset]:
    """Every asset, those taken out and ended included."""
    return with_parts(Asset.objects.select_related("owner")).order_by("title", "pk")


def product_choices() -> list[tuple[int, str]]:
    return list(Product.objects.order_by("name").values_list("pk", "name"))


def region_choices() -> QuerySet[Region]:
    return Region.objects.order_by("name")


def owners() -> QuerySet[User]:
    """The vendor's own people who are still there."""
    staff = Membership.objects.filter(role__in=STAFF_ROLES, is_active=True).values("user")
    return User.objects.filter(pk__in=staff).order_by("last_name", "first_name", "pk")


def asset_choices(chosen: Ids[int] = ()) -> list[tuple[int, str]]:
    """Assets that can be put into a collection, and those that are in it whatever became of them."""
    rows = Asset.objects.filter(Q(retired_at=None) | Q(pk__in=list(chosen))).order_by("title", "pk")
    return list(rows.values_list("pk", "title"))


def all_collections() -> QuerySet[Any]:
    found: QuerySet[Any] = Collection.objects.annotate(size=Count("items")).order_by("position", "name")
    return found
