"""What waits for a person, as their daily digest tells it."""

from typing import Any, Final

from portal.notifications.moments import moment
from portal.notifications.readers import actor_of
from portal.notifications.services import provide_waiting
from portal.people.models import Membership
from portal.requests.queue import queue_of
from portal.tenancy.models import Vendor
from portal.tenancy.scope import entered

MOST: Final = 5


def waiting_for(vendor: Vendor, member: Membership) -> list[dict[str, Any]]:
    """The most urgent of what is this person's turn, read as they read it. Under the vendor's scope."""
    actor = actor_of(vendor, member)
    with entered(actor.scope):
        yours = queue_of(actor).yours[:MOST]
    return [
        {"title": one.title, "kind": one.kind, "due": moment(one.due) if one.due else None} for one in yours
    ]


provide_waiting(waiting_for)
