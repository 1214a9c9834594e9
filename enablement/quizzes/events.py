"""Event types of tests."""

from portal.events.log import EventType, declare_events

declare_events(
    EventType("enablement.attempt_begun", "Test begun", "enablement", "file-pencil"),
    EventType("enablement.attempt_passed", "Test passed", "enablement", "rosette-discount-check"),
    EventType("enablement.attempt_failed", "Test not passed", "enablement", "circle-x"),
    EventType("enablement.attempt_reported", "Test result reported", "enablement", "file-pencil"),
    EventType("enablement.attempt_granted", "One more try granted", "enablement", "calendar-plus"),
)
