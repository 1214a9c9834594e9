"""The golden record and the outbox."""
