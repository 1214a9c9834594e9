"""The one way to look across the wall between partners."""

from collections.abc import Iterator
from contextlib import contextmanager

from portal.events.log import record
from portal.tenancy.scope import Scope, current_scope, entered, system_scope


@contextmanager
def across_the_wall(reason: str, *, remember: bool = True) -> Iterator[Scope]:
    """Read (and match) rows of every partner of the current vendor, for a stated reason that is recorded.

    What leaves the block must be only what may be told: "claimed", never by whom. `remember=False` is
    for machinery that runs many times a minute and records its own, more telling event.
    Raises RuntimeError without a scope: one may cross between partners, never between vendors.
    """
    scope = current_scope()
    if scope is None or scope.vendor_id is None:
        raise RuntimeError("no vendor in scope")
    with entered(system_scope(scope.vendor_id, scope.actor_id)) as wide:
        if remember:
            record("portal.wall_crossed", data={"reason": reason})
        yield wide
