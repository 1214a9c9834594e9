"""What waits for a person, as their daily digest tells it."""

from typing import Any, Final

from portal.notifications.moments import moment
from portal.notifications.services import provide_waiting
from portal.people.models import Membership, User
from portal.requests.queue import queue_of
from portal.tenancy.access import Actor, reach_of, scope_of
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import entered

MOST: Final = 5


def waiting_for(vendor: Vendor, person: User) -> list[dict[str, Any]]:
    """The most urgent of what is this person's turn, read as they read it. Under the vendor's scope."""
    membership = Membership.objects.filter(user=person, is_active=True).first()
    if membership is None:
        return []
    reach = reach_of(membership)
    scope = scope_of(membership, reach)
    actor = Actor(person, Role(membership.role), vendor, scope, reach.home, membership)
    with entered(scope):
        yours = queue_of(actor).yours[:MOST]
    return [
        {"title": one.title, "kind": one.kind, "due": moment(one.due) if one.due else None} for one in yours
    ]


provide_waiting(waiting_for)
