"""Event types of badges."""

from portal.events.log import EventType, declare

declare(EventType("enablement.badge_key_replaced", "Badge key replaced", "enablement", "key"))
