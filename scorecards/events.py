"""Event types of the scorecards app."""

from portal.events.log import EventType, declare_events

declare_events(EventType("scorecards.recomputed", "Scorecard recomputed on request", "", "refresh"))
