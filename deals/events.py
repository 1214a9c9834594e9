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
    EventType("deals.noted", "Note written", "sales", "message"),
    EventType("deals.remarked", "Internal note written", "sales", "lock"),
    EventType("deals.file_added", "File added", "sales", "paperclip"),
    EventType("deals.file_removed", "File removed", "sales", "trash"),
    EventType("deals.price_requested", "Special price asked for", "sales", "discount"),
    EventType("deals.price_granted", "Special price granted", "sales", "rosette-discount-check"),
    EventType("deals.price_refused", "Special price refused", "sales", "discount-off"),
    EventType("deals.price_withdrawn", "Request for a special price taken back", "sales", "arrow-back"),
    EventType("deals.credit_proposed", "Second partner proposed", "sales", "heart-handshake"),
    EventType("deals.credit_confirmed", "Second partner asked", "sales", "send"),
    EventType("deals.credit_agreed", "Credit shared", "sales", "heart-handshake"),
    EventType("deals.credit_declined", "Sharing declined", "sales", "x"),
    EventType("deals.credit_withdrawn", "Proposal to share taken back", "sales", "arrow-back"),
    EventType("deals.credit_ended", "Sharing ended", "sales", "link-off"),
    # Of the second partner, which knows of the deal what its credit line says.
    EventType("deals.share_agreed", "Share of another partner's deal", "sales", "heart-handshake"),
    EventType("deals.share_won", "Shared deal won", "sales", "trophy"),
    EventType("deals.share_lost", "Shared deal lost", "sales", "mood-sad"),
    EventType("deals.share_ended", "Share of another partner's deal ended", "sales", "link-off"),
    EventType("deals.imported", "Deal imported", "sales", "file-import"),
)
