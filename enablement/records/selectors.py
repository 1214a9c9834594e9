"""Reads of the learning record store, always within one vendor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from enablement.records.grammar import indexed
from enablement.records.models import (
    ActivityDefinition,
    Document,
    Learner,
    Statement,
    StatementAttachment,
    StatementMention,
    StatementReference,
    StoreKey,
)
from enablement.records.statements import ACTIVITY, AGENT, Json

#: Statements of one answer, whatever limit is asked for; the rest is reached by "more".
MOST_STATEMENTS: Final = 100

#: Where a page ended: `stored` and `id` of its last row.
Position = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which statements are asked for; "" and None leave a question open. Texts are `grammar.indexed`."""

    agent: str = ""
    verb: str = ""
    activity: str = ""
    registration: UUID | None = None
    related_agents: bool = False
    related_activities: bool = False
    since: datetime | None = None
    until: datetime | None = None
    ascending: bool = False
    source: int | None = field(default=None, metadata={"help": "only what came with this key"})

    @property
    def asks_for_something(self) -> bool:
        return bool(self.agent or self.verb or self.activity or self.registration)


def statement_of(
    statement_id: str, *, voided: bool, source: int | None, registration: UUID | None = None
) -> Statement | None:
    found = Statement.objects.filter(statement_id=statement_id, is_voided=voided)
    found = found.filter(source_id=source) if source else found
    return (found.filter(registration=registration) if registration else found).first()


def statements_page(
    wanted: Wanted, limit: int, after: Position | None
) -> tuple[list[Statement], Position | None]:
    """At most `limit` statements in the order asked for, and where the next page begins.

    A statement about another one (a StatementRef) is found by what is asked of that other one. Both ways
    are walked apart, each by its own index, and merged: an OR would walk the whole table.
    """
    matching = _matching(wanted)
    ways = [matching]
    if wanted.asks_for_something:
        about = StatementReference.objects.filter(target__in=matching.values("statement_id"))
        ways.append(Statement.objects.filter(pk__in=about.values("statement_id")))
    found: dict[int, Statement] = {}
    for way in ways:
        rows = _within(way.filter(is_voided=False), wanted, after)
        found.update((row.pk, row) for row in rows[: limit + 1])
    ordered = sorted(found.values(), key=lambda row: (row.stored, row.pk), reverse=not wanted.ascending)
    page = ordered[:limit]
    more = len(ordered) > limit
    return page, (page[-1].stored, page[-1].pk) if more and page else None


def _matching(wanted: Wanted) -> QuerySet[Statement]:
    rows = Statement.objects.all()
    if wanted.verb:
        rows = rows.filter(verb=wanted.verb)
    if wanted.registration:
        rows = rows.filter(registration=wanted.registration)
    if wanted.activity and not wanted.related_activities:
        rows = rows.filter(activity=wanted.activity)
    elif wanted.activity:
        rows = rows.filter(pk__in=_mentioning(ACTIVITY, wanted.activity))
    if wanted.agent:
        named = _mentioning(AGENT, wanted.agent)
        rows = rows.filter(pk__in=named if wanted.related_agents else named.filter(is_direct=True))
    return rows


def _mentioning(kind: str, value: str) -> QuerySet[Any]:
    return StatementMention.objects.filter(kind=kind, value=value).values("statement_id")


def _within(rows: QuerySet[Statement], wanted: Wanted, after: Position | None) -> QuerySet[Statement]:
    if wanted.source:
        rows = rows.filter(source_id=wanted.source)
    if wanted.since:
        rows = rows.filter(stored__gt=wanted.since)
    if wanted.until:
        rows = rows.filter(stored__lte=wanted.until)
    if after:
        stored, pk = after
        # The first condition alone is what the index can be entered by.
        if wanted.ascending:
            rows = rows.filter(Q(stored__gt=stored) | Q(pk__gt=pk), stored__gte=stored)
        else:
            rows = rows.filter(Q(stored__lt=stored) | Q(pk__lt=pk), stored__lte=stored)
    return rows.order_by("stored", "pk") if wanted.ascending else rows.order_by("-stored", "-pk")


def consistent_through() -> datetime:
    """Until when every statement ever stored can be read: before any writing transaction still under way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select min(xact_start) from pg_stat_activity where datname = current_database() "
            "and usename = current_user and backend_xid is not null and pid <> pg_backend_pid()"
        )
        (began,) = cursor.fetchone() or (None,)
    return began or timezone.now()


def attachments_of(sha2s: Iterable[str]) -> list[StatementAttachment]:
    return list(StatementAttachment.objects.filter(sha2__in={sha2.lower() for sha2 in sha2s}).order_by("pk"))


def definitions_of(iris: Iterable[str]) -> dict[str, Json]:
    """IRI -> what is known of the activity."""
    rows = ActivityDefinition.objects.filter(activity__in={indexed(iri) for iri in iris})
    return dict(rows.values_list("iri", "definition"))


def documents(
    resource: str, *, activity: str = "", agent: str = "", registration: UUID | None = None
) -> QuerySet[Document]:
    """Documents of one place. Without a registration, those of every registration."""
    rows = Document.objects.filter(resource=resource, activity=activity, agent_key=agent)
    return rows.filter(registration=registration) if registration else rows


def names_of(rows: QuerySet[Document], since: datetime | None) -> Sequence[str]:
    rows = rows.filter(updated_at__gt=since) if since else rows
    return list(rows.order_by("updated_at", "pk").values_list("full_name", flat=True))


def open_key(name: str) -> StoreKey | None:
    found = StoreKey.objects.filter(key=name).first()
    return found if found and found.is_open else None


def unknown_learners() -> QuerySet[Learner]:
    return Learner.objects.filter(user=None)
