"""Event types of the scorecards app."""

from portal.events.log import EventType, declare

declare(EventType("scorecards.recomputed", "Scorecard recomputed on request", "", "refresh"))
