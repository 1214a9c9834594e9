"""How an asset reads."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.template.defaultfilters import filesizeformat
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import get_text_list

from enablement.audience import audience_text
from enablement.courses.models import Language
from enablement.library.full_text import END_MARK, MARK
from enablement.library.models import Asset, AssetType
from enablement.library.selectors import Found, Wanted
from portal.files.kinds import KINDS
from portal.ui.formatting import format_date

_ICONS: Final = {
    AssetType.SLIDES: "presentation", AssetType.VIDEO: "video", AssetType.TOOL: "table",
    AssetType.DATA_SHEET: "certificate", AssetType.PRICE_LIST: "receipt",
}  # fmt: skip
_LABELS: Final = {kind.content_type: kind.label for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Row:
    """An asset in a list: `about` says what it is, `said` is where it says what was asked for, or ""."""

    asset: Asset
    icon: str
    about: str
    products: list[str]
    audience: str
    said: SafeString | str


def row(asset: Asset) -> Row:
    """Of an asset with its parts."""
    return Row(asset, icon(asset), about(asset), products(asset), for_whom(asset), "")


def found_row(asset: Any, found: Found) -> Row:
    """Of an asset that was searched for."""
    names = list(found.about.get(asset.pk, {}).values())
    return Row(asset, icon(asset), about(asset), names, for_whom(asset), marked(asset.excerpt))


def icon(asset: Asset) -> str:
    return _ICONS.get(AssetType(asset.type), "file-text")


def about(asset: Asset) -> str:
    """Such as "Case study, PDF, 1.2 MB, German. Version 2, 3 Sep"."""
    parts = [asset.get_type_display()]
    if asset.file:
        parts += [_LABELS.get(asset.file.content_type, "file"), filesizeformat(asset.file.size)]
    else:
        parts.append("link")
    parts.append(asset.get_language_display())
    return f"{', '.join(parts)}. Version {asset.version}, {format_date(asset.version_at)}"


def products(asset: Asset) -> list[str]:
    return [link.product.name for link in asset.product_links.all()]


def for_whom(asset: Asset) -> str:
    """Such as "Everybody from Silver on, in DACH"."""
    where = f", in {asset.region}" if asset.region_id else ""
    said = audience_text(asset)
    return f"{said[0].upper()}{said[1:]}{where}"


def marked(excerpt: str) -> SafeString | str:
    """An excerpt with what was found in it marked, the rest escaped; "" where nothing was found."""
    if MARK not in excerpt:
        return ""
    safe = escape(excerpt).replace(MARK, "<mark>").replace(END_MARK, "</mark>")
    return mark_safe(safe)  # noqa: S308  (escaped above; only our own marks are put in)


def facets(found: Found, wanted: Wanted) -> list[list[dict[str, Any]]]:
    """Groups of ways to narrow what was found; pressing the chosen one frees it again."""
    groups: list[tuple[str, Any, Mapping[Any, str], Mapping[Any, int]]] = [
        ("type", wanted.type, dict(AssetType.choices), found.types),
        ("product", wanted.product, found.names, found.products),
        ("language", wanted.language, dict(Language.choices), found.languages),
    ]
    return [
        [
            {
                "label": label,
                "count": counts[value],
                "chosen": value == chosen,
                "url": address(wanted, **{name: "" if value == chosen else value}),
            }
            for value, label in labels.items()
            if value in counts
        ]
        for name, chosen, labels, counts in groups
        if len(counts) > 1 or chosen
    ]


def address(wanted: Wanted, **changes: Any) -> str:
    """The query string that asks for this; what is empty is left out."""
    asked = {"q": wanted.text, "type": wanted.type, "product": wanted.product, "language": wanted.language}
    return "?" + urlencode({name: value for name, value in {**asked, **changes}.items() if value})


def reason(asset: Asset, products: Collection[int]) -> str:
    """Why it is recommended: "About Courier NR-200 and Fleet Manager"."""
    shared = [link.product.name for link in asset.product_links.all() if link.product_id in products]
    return f"About {get_text_list(shared, 'and')}"
