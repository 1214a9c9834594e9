"""Event types of learning paths: the vendor's own."""

from portal.events.log import EventType, declare_events

declare_events(
    EventType("enablement.path_added", "Learning path added", "", "route"),
    EventType("enablement.path_changed", "Learning path changed", "", "pencil"),
    EventType("enablement.path_retired", "Learning path no longer shown", "", "ban"),
)
