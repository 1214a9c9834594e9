"""Event types of the deals app."""

from portal.events import EventType, declare

declare(
    EventType("deals.drafted", "Draft saved", "sales", "file-pencil"),
    EventType("deals.submitted", "Deal registered", "sales", "send"),
    EventType("deals.review_started", "Review started", "sales", "eye"),
    EventType("deals.step_approved", "Approval given", "sales", "check"),
    EventType("deals.decision_overdue", "Decision overdue, program admins told", "sales", "alarm"),
    EventType("deals.returned", "Registration returned", "sales", "arrow-back-up"),
    EventType("deals.rejected", "Registration rejected", "sales", "x"),
    EventType("deals.approved", "Registration approved", "sales", "check"),
    EventType("deals.stage_changed", "Stage changed", "sales", "stairs"),
    EventType("deals.won", "Deal won", "sales", "trophy"),
    EventType("deals.lost", "Deal lost", "sales", "mood-sad"),
    EventType("deals.withdrawn", "Registration withdrawn", "sales", "arrow-back"),
    EventType("deals.expired", "Protection expired", "sales", "clock-off"),
    EventType("deals.amended", "Deal changed", "sales", "pencil"),
    EventType("deals.amendment_requested", "Change of a deal asked for", "sales", "file-pencil"),
    EventType("deals.amendment_approved", "Change of a deal approved", "sales", "check"),
    EventType("deals.amendment_rejected", "Change of a deal rejected", "sales", "x"),
    EventType("deals.amendment_withdrawn", "Change of a deal taken back", "sales", "arrow-back"),
    EventType("deals.amendment_overdue", "Change overdue, program admins told", "sales", "alarm"),
    EventType("deals.noted", "Note written", "sales", "message"),
    EventType("deals.remarked", "Internal note written", "sales", "lock"),
    EventType("deals.file_added", "File added", "sales", "paperclip"),
    EventType("deals.file_removed", "File removed", "sales", "trash"),
    EventType("deals.price_requested", "Special price asked for", "sales", "discount"),
    EventType("deals.price_granted", "Special price granted", "sales", "rosette-discount-check"),
    EventType("deals.price_refused", "Special price refused", "sales", "discount-off"),
    EventType("deals.price_withdrawn", "Request for a special price taken back", "sales", "arrow-back"),
    EventType("deals.imported", "Deal imported", "sales", "file-import"),
)
