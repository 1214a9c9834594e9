from portal.models import PortalEvent


def mark_stale(event: PortalEvent) -> None:
    """Filled by the scoring engine."""
