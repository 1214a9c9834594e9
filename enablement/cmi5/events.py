"""Event types of cmi5, beside those of packages."""

from portal.events.log import EventType, declare

declare(EventType("enablement.unit_waived", "Unit of a package waived", "enablement", "circle-check"))
