"""Event types of badges."""

from portal.events.log import EventType, declare_events

declare_events(EventType("enablement.badge_key_replaced", "Badge key replaced", "enablement", "key"))
