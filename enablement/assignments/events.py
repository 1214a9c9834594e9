"""Event types of assignments."""

from portal.events.log import EventType, declare_events

declare_events(
    EventType("enablement.assigned", "Course assigned", "enablement", "target-arrow"),
    EventType("enablement.assignment_done", "Assigned course finished", "enablement", "circle-check"),
    EventType("enablement.assignment_withdrawn", "Assignment withdrawn", "enablement", "x"),
    EventType(
        "enablement.assignment_moved", "Assignment got another due date", "enablement", "calendar-plus"
    ),
    EventType(
        "enablement.assignment_overdue", "Assigned course overdue", "enablement", "alarm", is_reminder=True
    ),
)
