"""May this person, now, see what a notification is about? Asked when it is made, sent and read.

Between the three a person may have left, moved to another partner or lost a grant. Apps declare for the pages
their notifications lead to who may see which target, and who of the vendor's people looks after it now.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from typing import Any

from portal.people.models import Membership, User
from portal.tenancy.access import Actor, reach_of, scope_of
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.tenancy.scope import current_scope, entered

#: Which of these targets the actor may see. Called under the actor's own scope.
Visible = Callable[[Actor, Collection[str]], Collection[str]]
#: The vendor's people who look after this target now. Called under the vendor's scope.
Responsible = Callable[[str], Iterable[User]]
#: {user id: id of the partner they sit in}, for those of them who sit in one. Under the vendor's scope.
Homes = Callable[[Collection[int]], Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Subject:
    visible: Visible
    responsible: Responsible


@dataclass(frozen=True, slots=True)
class Reader:
    """To whom something is told, and as whom: a partner's person hears nothing of it in another partner."""

    user: int
    page: str
    target: str = ""
    staff: bool = False
    partner: int | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


_subjects: dict[str, Subject] = {}
_homes: Homes | None = None


def declare_subject(subject: Subject, *pages: str) -> None:
    for page in pages:
        _subjects[page] = subject


def is_declared(page: str) -> bool:
    return page in _subjects


def provide_homes(homes: Homes) -> None:
    global _homes  # noqa: PLW0603  (one provider per process, set once at start)
    _homes = homes


def present(user_ids: Collection[int]) -> dict[int, Membership]:
    """Memberships of those who have access now. Under the vendor's scope, one statement."""
    rows = Membership.objects.filter(user__in=user_ids, is_active=True, user__is_active=True)
    return {row.user_id: row for row in rows.select_related("user")}


def homes_of(user_ids: Collection[int]) -> Mapping[int, int]:
    return _homes(user_ids) if _homes else {}


def actor_of(vendor: Vendor, membership: Membership) -> Actor:
    """The person as a request of theirs would find them now. Under the vendor's scope."""
    membership.vendor = vendor
    reach = reach_of(membership)
    scope = scope_of(membership, reach)
    return Actor(membership.user, Role(membership.role), vendor, scope, reach.home, membership, reach.pause)


def readable(actor: Actor, readers: Iterable[Reader]) -> set[Reader]:
    """Those of `readers` (all this actor) whose subject the actor may see: a statement per page."""
    if actor.pause and not actor.pause.reads:
        return set()
    home = actor.partner.pk if actor.partner else None
    by_page: defaultdict[str, list[Reader]] = defaultdict(list)
    for reader in readers:
        if reader.staff == actor.is_staff and reader.partner in (None, home):
            by_page[reader.page].append(reader)
    # A request is under that scope already, and entering it once more costs two statements.
    with nullcontext() if current_scope() == actor.scope else entered(actor.scope):
        return {one for page, those in by_page.items() for one in _seen(actor, page, those)}


def _seen(actor: Actor, page: str, readers: list[Reader]) -> Iterable[Reader]:
    subject = _subjects.get(page)
    targets = {reader.target for reader in readers} - {""}
    if subject is None or not targets:
        return readers
    visible = {*subject.visible(actor, targets), ""}
    return (reader for reader in readers if reader.target in visible)


def still_reads(vendor: Vendor, reader: Reader) -> User | None:
    """The person, if they may see it now. Under the vendor's scope."""
    membership = present([reader.user]).get(reader.user)
    if membership is None or not readable(actor_of(vendor, membership), [reader]):
        return None
    return membership.user


def responsible_now(page: str, target: str) -> list[User]:
    """Who of the vendor's people looks after it now, else the program admins. Under the vendor's scope."""
    subject = _subjects.get(page)
    found = list(subject.responsible(target)) if subject and target else []
    return found or program_admins()


def program_admins() -> list[User]:
    rows = Membership.objects.filter(role=Role.PROGRAM_ADMIN, is_active=True, user__is_active=True)
    return [row.user for row in rows.select_related("user").order_by("pk")]
