"""Event types of the partners app."""

from portal.events.log import EventType, declare_events

declare_events(
    EventType("partners.joined", "Joined the programme", "", "building"),
    EventType("partners.tier_changed", "Tier changed", "", "certificate"),
    EventType("partners.status_changed", "Status changed", "", "switch-horizontal"),
    EventType("partners.changed", "Partner details changed", "", "pencil"),
    EventType("partners.role_changed", "Role of a person changed", "", "shield"),
    EventType("partners.seat_moved", "A person moved to another partner", "", "switch-horizontal"),
    EventType("partners.deals_limited", "Reps see only their own deals", "", "lock"),
    EventType("partners.deals_shared", "Reps see every deal of the partner", "", "eye"),
    EventType("partners.manager_granted", "Channel manager assigned", "", "user-check"),
    EventType("partners.manager_revoked", "Channel manager removed", "", "user"),
    EventType("partners.region_opened", "Region added", "", "map-pin"),
    EventType("partners.region_manager_added", "Manager of a region added", "", "user-check"),
    EventType("partners.region_manager_removed", "Manager of a region removed", "", "user"),
)
