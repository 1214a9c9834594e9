"""A kind of request: its words, who may ask, who decides by when, and what being granted does.

Each kind is one class in its feature's `requests.py`, registered there. What all kinds have in common is in
`portal.requests.services`; what being granted does is ordinary code of the kind.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from django.db import models

from portal.events import log
from portal.events.log import EventType, record
from portal.events.models import PortalEvent
from portal.notifications.services import NotificationKind, declare_notifications
from portal.people.models import User
from portal.people.selectors import program_admins
from portal.requests.models import Request, RequestStatus
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role
from portal.ui.widgets import Look

R = TypeVar("R", bound=Request)


@dataclass(frozen=True, slots=True)
class Verbs:
    """What happens to a request of this kind, said after its noun: "more protection *asked for*"."""

    requested: str = "asked for"
    granted: str = "granted"
    granted_at_once: str = "granted at once"
    refused: str = "refused"
    withdrawn: str = "taken back"
    lapsed: str = "lapsed"
    overdue: str = "overdue, program admins told"
    moved: str = "due at another time"


_ICONS = {
    "requested": "hourglass",
    "granted": "check",
    "granted_at_once": "check",
    "refused": "ban",
    "withdrawn": "arrow-back",
    "lapsed": "clock-off",
    "overdue": "alarm",
    "moved": "clock",
}


class RequestKind(Generic[R]):
    """Base of all kinds; everything a kind does not say is said here."""

    #: Such as `deals.extension`; its events are `deals.extension_requested`, `..._granted` and so on.
    key: ClassVar[str]
    model: ClassVar[type[Request]]
    label: ClassVar[str]  #: in lists: "Extension"
    icon: ClassVar[str]
    noun: ClassVar[str]  #: inside a sentence: "more protection"
    page: ClassVar[str]  #: URL name of where it is asked and decided; its argument is `target()`
    title_value: ClassVar[Any]  #: field or expression of `title()`, so that lists can read many
    target_value: ClassVar[Any]  #: field or expression of `target()`
    reason_value: ClassVar[Any] = "reason"  #: what lists tell of why
    amount_value: ClassVar[Any] = None  #: what it is about is worth, in minor units of `currency_value`
    currency_value: ClassVar[Any] = ""
    action: ClassVar[str] = "Decide"
    verbs: ClassVar[Verbs] = Verbs()
    quadrant: ClassVar[str] = ""
    icons: ClassVar[Mapping[str, str]] = {}  #: {"granted": icon} where timelines draw another one than usual
    anchor: ClassVar[str] = ""
    #: Fields by which the same request sent twice is known.
    same_by: ClassVar[Collection[str]] = ("reason",)

    # Who ---------------------------------------------------------------------------------------------------

    def may_ask(self, actor: Actor, subject: Any) -> bool:
        """The partner's own people, unless the kind says otherwise."""
        return actor.is_partner_person and actor.writes_for(subject.partner_id)

    def may_decide(self, actor: Actor, request: R) -> bool:
        """The managers of the partner; a program admin may stand in for everybody."""
        mine = actor.is_manager and actor.writes_for(request.partner_id)  # type: ignore[attr-defined]
        return mine and (actor.is_admin or request.role != Role.PROGRAM_ADMIN)

    def visible(self, actor: Actor, rows: models.QuerySet[R]) -> models.QuerySet[R]:
        """Those the actor reads; row security keeps other partners' out by itself."""
        return rows

    def may_withdraw(self, actor: Actor, request: R) -> bool:
        return self.may_ask(actor, request.subject)

    def asked_of(self, vendor: Vendor, request: R) -> tuple[str, User | None]:
        """(role, person) who is asked; ("", None): any manager of the partner. Under the vendor's scope."""
        return Role.PROGRAM_ADMIN.value, None

    def deciders(self, request: R) -> list[User]:
        """Who is told of it: whoever is asked, else the program admins."""
        return [request.owner] if request.owner else program_admins()

    def askers(self, request: R) -> list[User]:
        """Who is told of the answer."""
        return [request.requested_by] if request.requested_by else []

    def granted_so(self, actor: Actor, request: R, **answers: Any) -> bool:
        """Whether the grant that stands is this very one, sent twice: an older page may say another."""
        return True

    # The clock ---------------------------------------------------------------------------------------------

    def hours(self, vendor: Vendor, request: R) -> float:
        """Working hours within which it is decided."""
        return vendor.decision_hours

    def latest(self, request: R) -> datetime | None:
        """The moment after which an answer has no use."""
        return None

    # The subject -------------------------------------------------------------------------------------------

    def lock(self, subject: Any) -> Any:
        """The subject as it is now; whoever else writes it waits. Always locked before its request."""
        rows = type(subject)._default_manager.select_for_update(of=("self",))
        return rows.get(pk=subject.pk)

    def require(self, subject: Any) -> None:
        """ValidationError when the subject is in no state to be asked for, or granted, this."""

    def is_over(self, subject: Any) -> bool:
        """Whether the subject has ended, so that what waits lapses with it."""
        return False

    def live(self, rows: models.QuerySet[R]) -> models.QuerySet[R]:
        """Those of the open requests that can be answered now."""
        return rows

    # What happens ------------------------------------------------------------------------------------------

    def build(self, *about: Any, **answers: Any) -> R:
        """`build(actor, subject, **answers)`: the request of these answers, not saved.

        ValidationError for answers that make none. A kind names the answers it takes.
        """
        made: R = self.model(**answers)  # type: ignore[assignment]
        return made

    def check(self, actor: Actor, request: R) -> None:
        """ValidationError when it cannot be asked for; nothing else waits."""

    def sent_before(self, request: R, there: R | None) -> R | None:
        """The one this repeats; `there` is the open one. By default that, if it says the same."""
        if there and all(getattr(there, name) == getattr(request, name) for name in self.same_by):
            return there
        return None

    def busy(self, there: R) -> str:
        """Said when another one waits."""
        return "This was asked for already. Wait for the answer."

    def open_one(self, subject: Any) -> R | None:
        open_ones: Any = self.model.running().filter(**{self.model.subject_field: subject})
        found: R | None = open_ones.first()
        return found

    def needs_decision(self, request: R) -> bool:
        """False: it is granted as it is asked for."""
        return True

    def keep_parts(self, request: R) -> None:
        """Write its `parts`, now that it has a key."""
        if request.parts:
            type(request.parts[0])._default_manager.bulk_create(request.parts)

    def grant(self, *about: Any, **answers: Any) -> Mapping[str, Any]:
        """`grant(actor, request, now, **answers)`: what being granted does; returns what its event tells.

        ValidationError when it cannot be.
        """
        return {}

    def granted_at_once(self, actor: Actor, request: R, event: PortalEvent) -> None:
        """Whom to tell of what nobody had to decide."""

    def refuse(self, actor: Actor, request: R, now: datetime) -> None:
        """What being refused does besides."""

    def ended(self, request: R, now: datetime) -> None:
        """What being withdrawn or lapsing does besides."""

    def subjects_ended(self, subjects: Collection[Any]) -> None:
        """What else ends with subjects that are over, besides requests that wait."""

    # Words -------------------------------------------------------------------------------------------------

    def target(self, request: R) -> str:
        """The argument of `page`."""
        return str(request.subject.pk)

    def title(self, request: R) -> str:
        """What it is about, in a few words: the customer's name."""
        return str(request.subject)

    def asks(self, request: R) -> str:
        """After the name of who asks."""
        return f"asks for {self.noun}"

    def asker(self, request: R) -> str:
        """Who asks, to the vendor's people: the partner's name."""
        return str(request.requested_by)

    def outcome(self, request: R) -> str:
        """What the answer means for who asked, in a sentence."""
        return ""

    def summary(self, request: R) -> str:
        """What is asked for, in a line, from what `summary_values` names, so that lists can read many."""
        return self.noun

    def summary_values(self) -> Mapping[str, Any]:
        """{attribute of the request, or of its subject as "<subject>__x": expression}, for `summary`."""
        return {}

    def facts(self, request: R) -> list[tuple[str, Any]]:
        """(label, value) of its mails: words, or what `portal.notifications.moments.moment` makes."""
        return [("Asked for", self.summary(request))]

    def told(self, request: R) -> dict[str, Any]:
        """What every event of it says; the partner reads it too."""
        return {}

    def look(self, request: R) -> Look:
        """How its status looks everywhere."""
        tone, icon = _LOOKS[request.status]
        return tone, self.status_text(request.status), icon

    def status_text(self, status: str) -> str:
        said = {
            "granted": self.verbs.granted,
            "refused": self.verbs.refused,
            "withdrawn": self.verbs.withdrawn,
        }
        return said.get(status, RequestStatus(status).label).capitalize()

    # Records -----------------------------------------------------------------------------------------------

    def record(self, what: str, actor: Actor | None, request: R, **data: Any) -> PortalEvent:
        """Write "<key>_<what>" of the subject."""
        partner_id: int = request.partner_id  # type: ignore[attr-defined]
        told = {**self.told(request), **data}
        return record(
            f"{self.key}_{what}", actor=actor, partner_id=partner_id, subject=request.subject, data=told
        )


_LOOKS: Mapping[str, tuple[str, str]] = {
    RequestStatus.OPEN: ("neutral", "hourglass"),
    RequestStatus.GRANTED: ("ok", "circle-check"),
    RequestStatus.REFUSED: ("bad", "ban"),
    RequestStatus.WITHDRAWN: ("neutral", "arrow-back"),
    RequestStatus.LAPSED: ("neutral", "clock-off"),
}

_kinds: dict[type[Request], RequestKind[Any]] = {}
_when_registered: list[Callable[[RequestKind[Any]], None]] = []


def register(kind: RequestKind[R]) -> RequestKind[R]:
    """Make a kind known: its events, the preferences of its mails, its place in queue and sweep."""
    _kinds[kind.model] = kind
    noun, icons = kind.noun[:1].upper() + kind.noun[1:], {**_ICONS, **kind.icons}
    log.declare_events(
        *(
            EventType(
                f"{kind.key}_{what}",
                f"{noun} {getattr(kind.verbs, what)}",
                kind.quadrant,
                icons[what],
                is_reminder=what == "overdue",
            )
            for what in _ICONS
        )
    )
    declare_notifications(
        NotificationKind(f"{kind.key}_requested", f"{noun}: a partner asks me", for_staff=True),
        NotificationKind(f"{kind.key}_answered", f"{noun}: my request was answered", for_partners=True),
        place=40,
    )
    for listener in _when_registered:
        listener(kind)
    return kind


def when_registered(listener: Callable[[RequestKind[Any]], None]) -> None:
    """Call `listener` with every kind, those already known included."""
    _when_registered.append(listener)
    for kind in _kinds.values():
        listener(kind)


def kinds() -> list[RequestKind[Any]]:
    return list(_kinds.values())


def kind_for(request: R) -> RequestKind[R]:
    return _kinds[type(request)]


def subject_model(kind: RequestKind[Any]) -> Any:
    return kind.model._meta.get_field(kind.model.subject_field).related_model


def kinds_about(subject: type[models.Model]) -> list[RequestKind[Any]]:
    """Those whose subject is of this model."""
    return [kind for kind in _kinds.values() if subject_model(kind) is subject]
