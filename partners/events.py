"""Event types of the partners app."""

from portal.events import EventType, declare

declare(
    EventType("partners.joined", "Joined the programme", "", "building"),
    EventType("partners.tier_changed", "Tier changed", "", "stairs"),
    EventType("partners.status_changed", "Status changed", "", "status-change"),
    EventType("partners.changed", "Partner details changed", "", "edit"),
)
