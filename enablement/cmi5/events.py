"""Event types of cmi5, beside those of packages."""

from portal.events.log import EventType, declare_events

declare_events(EventType("enablement.unit_waived", "Unit of a package waived", "enablement", "circle-check"))
