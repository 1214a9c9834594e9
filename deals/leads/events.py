"""Event types of leads. Partners read those of their own offers: they never tell of anybody else."""

from portal.events.log import EventType, declare_events

declare_events(
    EventType("deals.lead_offered", "Lead offered", "engagement", "magnet"),
    EventType("deals.lead_accepted", "Lead accepted", "engagement", "check"),
    EventType("deals.lead_declined", "Lead declined", "engagement", "hand-stop"),
    EventType("deals.lead_timed_out", "Lead not answered in time", "engagement", "clock-off"),
    EventType("deals.lead_withdrawn", "Lead withdrawn by the vendor", "engagement", "arrow-back"),
    EventType("deals.lead_contacted", "Customer contacted", "engagement", "phone-call"),
    EventType("deals.lead_contact_overdue", "First contact overdue", "engagement", "alarm", is_reminder=True),
    EventType("deals.lead_disqualified", "Lead disqualified", "engagement", "user-x"),
    EventType("deals.lead_converted", "Lead turned into a registration", "engagement", "briefcase"),
    # Of the lead itself: the vendor's own.
    EventType("deals.lead_created", "Lead entered", "", "magnet"),
    EventType("deals.lead_changed", "Lead changed", "", "pencil"),
    EventType("deals.lead_imported", "Lead imported", "", "file-import"),
    EventType("deals.lead_unplaced", "Nobody left to offer a lead to", "", "alert-triangle"),
    EventType("deals.lead_ended", "Lead disqualified by the vendor", "", "user-x"),
)
