"""Event types of learning packages."""

from portal.events.log import EventType, declare_events

declare_events(
    EventType("enablement.package_added", "Learning package added", "", "plus"),
    EventType("enablement.package_launched", "Learning package opened", "enablement", "player-play"),
    EventType("enablement.part_completed", "Part of a package finished", "enablement", "check"),
)
