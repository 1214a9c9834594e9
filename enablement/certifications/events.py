"""Event types of certifications."""

from portal.events.log import EventType, declare_events

declare_events(
    EventType("enablement.certified", "Certified", "enablement", "certificate"),
    EventType("enablement.certificate_renewed", "Certificate renewed", "enablement", "refresh"),
    EventType("enablement.certificate_ended", "Certificate ended", "enablement", "calendar-x"),
    EventType("enablement.certificate_revoked", "Certificate revoked", "enablement", "ban"),
    EventType("enablement.certificate_shared", "Certificate shared by its holder", "enablement", "world"),
    EventType("enablement.certificate_hidden", "Certificate no longer shared", "enablement", "link-off"),
)
