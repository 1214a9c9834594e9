"""Event types of leads. Partners read those of their own offers: they never tell of anybody else."""

from portal.events import EventType, declare

declare(
    EventType("leads.offered", "Lead offered", "engagement", "magnet"),
    EventType("leads.accepted", "Lead accepted", "engagement", "check"),
    EventType("leads.declined", "Lead declined", "engagement", "hand-stop"),
    EventType("leads.timed_out", "Lead not answered in time", "engagement", "clock-off"),
    EventType("leads.withdrawn", "Lead withdrawn by the vendor", "engagement", "arrow-back"),
    EventType("leads.contacted", "Customer contacted", "engagement", "phone-call"),
    EventType("leads.contact_overdue", "First contact overdue", "engagement", "alarm"),
    EventType("leads.disqualified", "Lead disqualified", "engagement", "user-x"),
    EventType("leads.converted", "Lead turned into a registration", "engagement", "briefcase"),
    # Of the lead itself: the vendor's own.
    EventType("leads.created", "Lead entered", "", "magnet"),
    EventType("leads.changed", "Lead changed", "", "pencil"),
    EventType("leads.imported", "Lead imported", "", "file-import"),
    EventType("leads.unplaced", "Nobody left to offer a lead to", "", "alert-triangle"),
    EventType("leads.ended", "Lead disqualified by the vendor", "", "user-x"),
)
