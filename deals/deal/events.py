"""Event types of the deals app."""

from portal.events.log import EventType, declare_events

declare_events(
    EventType("deals.drafted", "Draft saved", "sales", "file-pencil"),
    EventType("deals.submitted", "Deal registered", "sales", "send"),
    EventType("deals.review_started", "Review started", "sales", "eye"),
    EventType("deals.step_approved", "Approval given", "sales", "check"),
    EventType(
        "deals.decision_overdue", "Decision overdue, program admins told", "sales", "alarm", is_reminder=True
    ),
    EventType("deals.deadline_moved", "Decision due at another time", "sales", "clock"),
    EventType("deals.handed_over", "Passed on to who looks after it now", "", "user-check"),
    EventType("deals.lead_handed_over", "Lead passed on to who looks after it now", "", "user-check"),
    EventType("deals.returned", "Registration returned", "sales", "arrow-back-up"),
    EventType("deals.rejected", "Registration rejected", "sales", "x"),
    EventType("deals.approved", "Registration approved", "sales", "check"),
    EventType("deals.stage_changed", "Stage changed", "sales", "stairs"),
    EventType("deals.won", "Deal won", "sales", "trophy"),
    EventType("deals.lost", "Deal lost", "sales", "mood-sad"),
    EventType("deals.withdrawn", "Registration withdrawn", "sales", "arrow-back"),
    EventType("deals.protection_ending", "Reminded that protection ends", "sales", "alarm", is_reminder=True),
    EventType("deals.conflict_opened", "Claims are compared", "sales", "scale"),
    EventType("deals.conflict_decided", "Conflict decided", "sales", "gavel"),
    EventType("deals.conflict_appealed", "Appealed", "sales", "scale"),
    EventType("deals.conflict_closed", "Appeal answered", "sales", "gavel"),
    EventType("deals.conflict_file_added", "What the customer has written was added", "sales", "paperclip"),
    EventType("deals.expired", "Protection expired", "sales", "clock-off"),
    EventType("deals.bulk_checked", "File of registrations checked", "sales", "table"),
    EventType("deals.bulk_registered", "Deals registered from a file", "sales", "file-import"),
    EventType("deals.noted", "Note written", "sales", "message"),
    EventType("deals.remarked", "Internal note written", "sales", "lock"),
    EventType("deals.file_added", "File added", "sales", "paperclip"),
    EventType("deals.file_removed", "File removed", "sales", "trash"),
    EventType("deals.credit_agreed", "Credit shared", "sales", "heart-handshake"),
    EventType("deals.credit_declined", "Sharing declined", "sales", "x"),
    EventType("deals.credit_ended", "Sharing ended", "sales", "link-off"),
    # Of the second partner, which knows of the deal what its credit line says.
    EventType("deals.share_agreed", "Share of another partner's deal", "sales", "heart-handshake"),
    EventType("deals.share_won", "Shared deal won", "sales", "trophy"),
    EventType("deals.share_counted", "Shared win counts", "sales", "circle-check"),
    EventType("deals.share_lost", "Shared deal lost", "sales", "mood-sad"),
    EventType("deals.share_ended", "Share of another partner's deal ended", "sales", "link-off"),
    EventType("deals.imported", "Deal imported", "sales", "file-import"),
)
