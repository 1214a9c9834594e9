"""Event types of the library.

Opens and downloads name no title: whoever reads a partner's events need not be somebody the asset is for.
"""

from typing import Final

from portal.events.log import EventType, declare_events

OPENED: Final = "enablement.asset_opened"
DOWNLOADED: Final = "enablement.asset_downloaded"
#: What counts as use.
USES: Final = (OPENED, DOWNLOADED)

declare_events(
    EventType(OPENED, "Opened an asset of the library", "engagement", "books"),
    EventType(DOWNLOADED, "Downloaded an asset of the library", "engagement", "download"),
    # Of the library itself: the vendor's own.
    EventType("enablement.asset_added", "Asset added to the library", "", "plus"),
    EventType("enablement.asset_changed", "Asset changed", "", "pencil"),
    EventType("enablement.asset_version_added", "New version of an asset", "", "file-plus"),
    EventType("enablement.asset_retired", "Asset taken out of the library", "", "ban"),
    EventType("enablement.asset_offered", "Asset back in the library", "", "refresh"),
    EventType("enablement.collection_saved", "Collection of assets changed", "", "list"),
    EventType("enablement.collection_removed", "Collection of assets removed", "", "trash"),
)
