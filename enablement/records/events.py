"""Event types of the learning record store."""

from portal.events.log import EventType, declare_events

declare_events(
    EventType("enablement.statements_received", "Learning records received", "enablement", "inbox"),
    EventType("enablement.store_key_made", "Key of the learning record store made", "enablement", "key"),
    EventType(
        "enablement.store_key_revoked", "Key of the learning record store revoked", "enablement", "ban"
    ),
    EventType("enablement.learner_identified", "Learner identified", "enablement", "user-check"),
)
