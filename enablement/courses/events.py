"""Event types of courses."""

from portal.events.log import EventType, declare_events

declare_events(
    EventType("enablement.enrolled", "Enrolled in a course", "enablement", "school"),
    EventType("enablement.module_done", "Module finished", "enablement", "check"),
    EventType("enablement.module_skipped", "Module skipped", "enablement", "player-skip-forward"),
    EventType("enablement.course_completed", "Course finished", "enablement", "circle-check"),
    EventType("enablement.course_left", "Left a course", "enablement", "door-exit"),
    # Of the programme itself: the vendor's own.
    EventType("enablement.course_added", "Course added", "", "plus"),
    EventType("enablement.course_changed", "Course changed", "", "pencil"),
    EventType("enablement.version_published", "Course version published", "", "school"),
    EventType("enablement.course_retired", "Course no longer offered", "", "ban"),
    EventType("enablement.course_offered", "Course offered again", "", "refresh"),
)
