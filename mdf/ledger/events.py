"""Event types of the ledger; every posting besides stands in the ledger itself."""

from portal.events.log import EventType, declare_events

declare_events(
    EventType("mdf.budget_changed", "Budget of a fund changed", "marketing", "coin"),
    EventType("mdf.allocated", "Money allocated", "marketing", "coin"),
    EventType("mdf.accrued", "Money accrued by bookings", "marketing", "coin"),
    EventType("mdf.expired", "Free money of a fund has ended", "marketing", "clock-off"),
    EventType("mdf.period_closed", "Books of a fund closed", "marketing", "lock"),
)
