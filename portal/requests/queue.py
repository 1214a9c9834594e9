"""What waits for whom: one function over every source, and nothing else computes whose turn it is.

A source reads what waits of one sort, as rows of one shape, so that all of them together are one statement.
Every kind of request is one by itself; features add theirs (registrations by their step, leads, cases, proofs
that are missing). Homes, lists, badges, headers and mails read `queue_of`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from django.db.models import (
    BigIntegerField,
    Count,
    DateTimeField,
    F,
    JSONField,
    Q,
    QuerySet,
    TextField,
    Value,
    Window,
)
from django.db.models.functions import Cast, JSONObject
from django.urls import reverse
from django.utils import timezone

from portal.people.models import User
from portal.requests.kinds import RequestKind, subject_model, when_registered
from portal.tenancy.access import Actor
from portal.tenancy.roles import Role
from portal.tenancy.scope import ALL

#: Of each source, the most urgent first; whoever has more waiting starts with these.
MOST: Final = 50
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Side(StrEnum):
    """Whose turn it is."""

    VENDOR = "vendor"
    PARTNER = "partner"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits: who has to do what by when, why, and where."""

    source: str
    kind: str  # "Special price"
    icon: str
    title: str  # what it is about: the customer's name
    aside: str  # whose it is and its reference, as far as the reader needs them
    step: str  # what is to be done or was asked for, in a few words
    reason: str  # why, as whoever asked wrote it
    side: Side
    who: str  # whom it waits for: a person's name, or ""
    yours: bool  # the reader's own turn: on the reader's side, and theirs to do
    since: datetime | None
    due: datetime | None
    url: str
    action: str  # the button: "Decide"
    partner_id: int
    reference: str
    amount: int | None  # minor units of `currency`
    currency: str

    @property
    def is_overdue(self) -> bool:
        return self.due is not None and self.due <= timezone.now()


@dataclass(frozen=True, slots=True)
class Source:
    """Things of one sort that wait.

    `rows(actor)` are those the actor reads, made with `waiting_rows`, or None where there are none for this
    person; `step(row)` says what is to be done, and
    `url(row)` where.
    """

    key: str
    kind: str
    icon: str
    action: str
    side: Side
    rows: Callable[[Actor], QuerySet[Any] | None]
    step: Callable[["Row"], str]
    url: Callable[["Row"], str]
    rank: int = 1  # 0 comes first whatever its due time (somebody asked a question), 2 last


@dataclass(frozen=True, slots=True)
class Row:
    """What a source reads of one thing that waits; `total` is how many of its source there are."""

    source: str
    partner_id: int
    partner: str
    title: str
    reference: str
    since: datetime | None
    due: datetime | None
    owner_id: int | None
    owner: str
    role: str
    reason: str
    amount: int | None
    currency: str
    detail: Mapping[str, Any]
    total: int
    overdue: int
    today: int


@dataclass(frozen=True, slots=True)
class Total:
    """How many things of a source wait, however few are listed: in all, overdue, due later today."""

    count: int = 0
    overdue: int = 0
    today: int = 0


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits, the most urgent first, as one person sees it."""

    items: Sequence[Waiting]
    totals: Mapping[str, Total]  # of each source

    @property
    def yours(self) -> list[Waiting]:
        return [one for one in self.items if one.yours]

    @property
    def theirs(self) -> list[Waiting]:
        return [one for one in self.items if not one.yours]

    def total(self, source: str) -> Total:
        return self.totals.get(source, Total())

    def besides(self, *sources: str) -> list[Waiting]:
        return [one for one in self.items if one.source not in sources]


_sources: dict[str, Source] = {}


def add_source(*sources: Source) -> None:
    for source in sources:
        _sources[source.key] = source


def sources() -> list[Source]:
    return list(_sources.values())


def waiting_rows(
    rows: QuerySet[Any],
    *,
    partner: str = "partner",
    title: Any,
    reference: Any,
    since: Any = None,
    due: Any = None,
    owner: str = "",
    role: Any = "",
    reason: Any = "",
    amount: Any = None,
    currency: Any = "",
    detail: Mapping[str, Any] | None = None,
) -> QuerySet[Any]:
    """The rows in the shape all sources have, by due time and then by how long they wait.

    Each argument is an expression or the name of a field; `partner` and `owner` name keys, `owner` of a user.
    """
    person, due_at = f"{owner}__" if owner else "", _moment(due)
    now = timezone.now()
    late, today = Q(q_due__lte=now), Q(q_due__gt=now, q_due__lt=_midnight(now))
    columns = {
        "q_partner": Cast(f"{partner}_id", BigIntegerField()),
        "q_partner_name": _text(F(f"{partner}__name")),
        "q_title": _text(title),
        "q_reference": _text(reference),
        "q_since": _moment(since),
        "q_due": due_at,
        "q_owner": Cast(F(f"{owner}_id") if owner else Value(None), BigIntegerField()),
        "q_first": _text(F(f"{person}first_name") if owner else Value("")),
        "q_last": _text(F(f"{person}last_name") if owner else Value("")),
        "q_email": _text(F(f"{person}email") if owner else Value("")),
        "q_role": _text(role if role else Value("")),
        "q_reason": _text(reason if reason else Value("")),
        "q_amount": Cast(F(amount) if amount else Value(None), BigIntegerField()),
        "q_currency": _text(currency if currency else Value("")),
        "q_detail": Cast(JSONObject(**dict(detail or {})), JSONField()),
        "q_total": Window(Count("*")),
        "q_overdue": Window(Count("pk", filter=late)),
        "q_today": Window(Count("pk", filter=today)),
    }
    made = rows.order_by().annotate(**columns)
    urgent = (F("q_due").asc(nulls_last=True), F("q_since").asc(nulls_last=True), "pk")
    ordered: QuerySet[Any] = made.order_by(*urgent).values_list(*columns)
    return ordered


def _midnight(now: datetime) -> datetime:
    """When the day ends, in the active time zone."""
    local = timezone.localtime(now)
    return datetime.combine(local.date() + timedelta(days=1), time(0), tzinfo=local.tzinfo)


def _text(value: Any) -> Cast:
    return Cast(F(value) if isinstance(value, str) else value, TextField())


def _moment(value: Any) -> Cast:
    return Cast(
        Value(None) if value is None else F(value) if isinstance(value, str) else value, DateTimeField()
    )


def queue_of(actor: Actor, *only: str, side: Side | None = None) -> Queue:
    """What waits for this person and those they read of, in one statement.

    `only` are keys of sources; `side` leaves those of the other side out.
    """
    chosen = [
        source
        for source in _sources.values()
        if (not only or source.key in only) and side in (None, source.side)
    ]
    rows = _read(actor, chosen)
    items = [_waiting(actor, _sources[row.source], row) for row in rows]
    items.sort(key=lambda one: (_sources[one.source].rank, one.due or _LAST, one.since or _LAST))
    totals = {row.source: Total(row.total, row.overdue, row.today) for row in rows}
    return Queue(items, totals)


def waiting_about(actor: Actor, references: Collection[str]) -> dict[str, Waiting]:
    """{reference: the most urgent thing that waits about it}, in one statement for all of them."""
    if not references:
        return {}
    found = [
        _waiting(actor, _sources[row.source], row)
        for row in _read(actor, list(_sources.values()), references)
    ]
    found.sort(key=lambda one: (not one.yours, one.due or _LAST), reverse=True)
    return {one.reference: one for one in found}


def _read(actor: Actor, chosen: Sequence[Source], references: Collection[str] | None = None) -> list[Row]:
    parts = []
    for source in chosen:
        rows = source.rows(actor)
        if rows is None:
            continue
        if references is not None:
            rows = rows.filter(q_reference__in=references)
        parts.append(rows.annotate(q_source=Value(source.key, output_field=TextField()))[:MOST])
    if not parts:
        return []
    first, *rest = parts
    return [_row(*values) for values in first.union(*rest, all=True)]


def _row(*values: Any) -> Row:
    partner_id, partner, title, reference, since, due, owner_id, first, last, email, *rest = values
    role, reason, amount, currency, detail, total, overdue, today, source = rest
    owner = str(User(first_name=first, last_name=last, email=email)) if owner_id else ""
    texts = (partner or "", title or "", reference or "")
    asked = (owner_id, owner, role, reason, amount, currency, detail)
    return Row(source, partner_id, *texts, since, due, *asked, total, overdue, today)


def _waiting(actor: Actor, source: Source, row: Row) -> Waiting:
    shows_partner = actor.is_staff or actor.is_distributor
    return Waiting(
        source=source.key,
        kind=source.kind,
        icon=source.icon,
        title=row.title,
        aside=", ".join(filter(None, [row.partner if shows_partner else "", row.reference])),
        step=source.step(row),
        reason=row.reason,
        side=source.side,
        who=row.owner,
        yours=_is_yours(actor, source, row),
        since=row.since,
        due=row.due,
        url=source.url(row),
        action=source.action,
        partner_id=row.partner_id,
        reference=row.reference,
        amount=row.amount,
        currency=row.currency,
    )


def _is_yours(actor: Actor, source: Source, row: Row) -> bool:
    if not actor.writes_for(row.partner_id):
        return False
    if source.side == Side.PARTNER:
        return actor.is_partner_person
    if not actor.is_manager or actor.is_admin:
        return actor.is_admin
    only = row.detail.get("only")  # one named person decides
    return row.role != Role.PROGRAM_ADMIN and only in (None, actor.user.pk)


def within_reach(actor: Actor, rows: QuerySet[Any], partner: str = "partner_id") -> QuerySet[Any]:
    """Rows of the actor's partners: row security says the same, but said here the planner knows how few."""
    if actor.scope.partner_ids is ALL:
        return rows
    return rows.filter(**{f"{partner}__among": actor.scope.partner_ids})


# Every kind of request is a source -------------------------------------------------------------------------


def _as_source(kind: RequestKind[Any]) -> Source:
    return Source(
        key=kind.key,
        kind=kind.label,
        icon=kind.icon,
        action=kind.action,
        side=Side.VENDOR,
        rows=lambda actor: _request_rows(kind, actor),
        step=lambda row: kind.summary(_to_show(kind, row.detail)),
        url=lambda row: reverse(kind.page, args=[row.reference]) + (f"#{kind.anchor}" if kind.anchor else ""),
    )


def _request_rows(kind: RequestKind[Any], actor: Actor) -> QuerySet[Any]:
    open_ones = kind.live(kind.visible(actor, kind.model.running()))
    return waiting_rows(
        within_reach(actor, open_ones),
        title=kind.title_value,
        reference=kind.target_value,
        since="requested_at",
        due="due_at",
        owner="owner",
        role="role",
        reason=kind.reason_value,
        amount=kind.amount_value,
        currency=kind.currency_value,
        detail=kind.summary_values(),
    )


def _to_show(kind: RequestKind[Any], detail: Mapping[str, Any]) -> Any:
    """A request, with what its summary needs of it and of its subject; never saved."""
    request, prefix = kind.model(), f"{kind.model.subject_field}__"
    subject = subject_model(kind)()
    setattr(request, kind.model.subject_field, subject)
    for name, value in detail.items():
        setattr(subject if name.startswith(prefix) else request, name.removeprefix(prefix), value)
    return request


when_registered(lambda kind: add_source(_as_source(kind)))
