"""Writes of the learning record store: statements as they come, in sets; and the keys of its tools."""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from enablement.records import learners, results
from enablement.records.grammar import Invalid, indexed, moment, written
from enablement.records.models import (
    OWN_KEY,
    ActivityDefinition,
    KeyScope,
    Statement,
    StatementAttachment,
    StatementMention,
    StatementReference,
    StoreKey,
)
from enablement.records.rules import VOIDED
from enablement.records.selectors import open_key
from enablement.records.statements import (
    Json,
    activities,
    activity_of,
    agent_key,
    mentions,
    merged_definition,
    normalised,
    refers_to,
    same,
)
from portal.events.log import record
from portal.tenancy.access import Actor
from portal.tenancy.scope import current_vendor_id

#: How exactly it is known when a key was used last; a write with every request would be one too many.
USE_IS_NOTED = timedelta(minutes=5)


class Conflict(Exception):
    """Another statement, or another state of a document, is there already."""


# Statements -------------------------------------------------------------------------------------------------


@transaction.atomic
def statements_store(
    *,
    source: StoreKey,
    authority: Json,
    version: str,
    statements: Sequence[Json],
    attachments: Mapping[str, tuple[str, bytes]],
) -> list[str]:
    """Keep statements that passed the rules, all or none; returns their ids in order.

    One that is there already and says the same is passed over; Conflict when it says something else.
    `attachments` are content type and content by digest. IntegrityError when a twin came in at the same
    moment: then call again, it will be found.
    """
    now = timezone.now()
    sent = [_completed(statement, authority, version, now) for statement in statements]
    fresh = _without_known(sent)
    if fresh:
        people = learners.resolved(statement["actor"] for statement in fresh)
        rows = Statement.objects.bulk_create(_row(one, source, people, now) for one in fresh)
        _mention(rows)
        _refer(rows)
        _void(rows)
        _define(fresh, now)
        _attach(attachments)
        if not source.is_of_launches:  # what a launched package tells is counted and told with its launch
            results.results_note(rows)
            record(
                "enablement.statements_received",
                subject=source,
                data={"statements": len(rows), "source": source.name},
            )
    return [statement["id"] for statement in sent]


def _completed(statement: Json, authority: Json, version: str, now: datetime) -> Json:
    """With what the store answers for: id, time of storing, version, and who is behind it."""
    kept = normalised(statement)
    kept["id"] = str(statement.get("id") or uuid4()).lower()
    kept["stored"] = written(now)
    kept["authority"] = authority
    kept.setdefault("version", "1.0.0" if version.startswith("1.") else version)
    kept.setdefault("timestamp", kept["stored"])
    if version.startswith("2."):
        kept["timestamp"] = written(moment(kept["timestamp"], "timestamp"))
    return kept


def _without_known(sent: Sequence[Json]) -> list[Json]:
    ids = [statement["id"] for statement in sent]
    if len(set(ids)) < len(ids):
        raise Invalid("Two statements of the batch have the same id.")
    rows = Statement.objects.filter(statement_id__in=ids).values_list("statement_id", "body")
    known = {str(statement_id): body for statement_id, body in rows}
    for statement in sent:
        earlier = known.get(statement["id"])
        if earlier is not None and not same(earlier, statement):
            raise Conflict(f"There is another statement {statement['id']} already.")
    return [statement for statement in sent if statement["id"] not in known]


def _row(
    statement: Json, source: StoreKey, people: Mapping[str, learners.Person], now: datetime
) -> Statement:
    key = agent_key(statement["actor"])
    person = people.get(key)
    registration = statement.get("context", {}).get("registration")
    target = refers_to(statement)
    return Statement(
        source=source,
        user_id=person.user_id if person else None,
        partner_id=person.partner_id if person else None,
        statement_id=UUID(statement["id"]),
        stored=now,
        timestamp=moment(statement["timestamp"], "timestamp"),
        version=statement["version"],
        agent_key=key,
        verb=indexed(statement["verb"]["id"]),
        activity=activity_of(statement),
        registration=UUID(registration) if registration else None,
        target=UUID(target) if target else None,
        body=statement,
    )


def _mention(rows: Iterable[Statement]) -> None:
    """Four to ten rows a statement, so without an object each: that took longer than the statements."""
    found = [(row.pk, *mention) for row in rows for mention in mentions(row.body)]
    if not found:
        return
    columns = [list(column) for column in zip(*found, strict=True)]
    table = connection.ops.quote_name(StatementMention._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {table} (vendor_id, statement_id, kind, value, is_direct) "  # noqa: S608
            "select %s, * from unnest(%s::bigint[], %s::varchar[], %s::varchar[], %s::boolean[])",
            [current_vendor_id(), *columns],
        )


def _refer(rows: Sequence[Statement]) -> None:
    """Keep, for each statement about another, the whole chain it stands in, to whichever end it grows."""
    heads = {row.statement_id: row for row in rows if row.target}
    if not heads:
        return
    known: dict[UUID, list[UUID]] = defaultdict(list)
    beyond = StatementReference.objects.filter(
        statement__statement_id__in=[row.target for row in heads.values()]
    )
    for statement_id, target in beyond.values_list("statement__statement_id", "target"):
        known[statement_id].append(target)
    chains = {row.pk: _chain(row, heads, known) for row in heads.values()}
    # Statements that were about these before they came are now about their targets as well.
    for earlier in StatementReference.objects.filter(target__in=list(heads)):
        chains.setdefault(earlier.statement_id, set()).update(chains[heads[earlier.target].pk])
    StatementReference.objects.bulk_create(
        (
            StatementReference(statement_id=pk, target=target)
            for pk, chain in chains.items()
            for target in chain
        ),
        ignore_conflicts=True,
    )


def _chain(row: Statement, heads: Mapping[UUID, Statement], known: Mapping[UUID, list[UUID]]) -> set[UUID]:
    chain: set[UUID] = set()
    target = row.target
    while target and target not in chain:
        chain.add(target)
        chain.update(known.get(target, ()))
        target = heads[target].target if target in heads else None
    return chain


def _void(rows: Sequence[Statement]) -> None:
    """A voiding statement hides its target, whichever of the two came first; it cannot be voided itself."""
    targets = [row.target for row in rows if row.verb == VOIDED and row.target]
    if targets:
        Statement.objects.filter(statement_id__in=targets).exclude(verb=VOIDED).update(is_voided=True)
        results.results_take_back(targets)
    arrived = [row.statement_id for row in rows if row.verb != VOIDED]
    earlier = Statement.objects.filter(target__in=arrived, verb=VOIDED).values_list("target", flat=True)
    hidden = list(earlier)
    if hidden:
        Statement.objects.filter(statement_id__in=hidden).update(is_voided=True)


def _define(statements: Iterable[Json], now: datetime) -> None:
    """Put together what the statements tell of their activities; the later word counts."""
    told: dict[str, Json] = {}
    for statement in statements:
        for activity in activities(statement):
            if "definition" in activity:
                known = told.get(activity["id"], {})
                told[activity["id"]] = merged_definition(known, activity["definition"])
    if not told:
        return
    rows = ActivityDefinition.objects.filter(activity__in=[indexed(iri) for iri in told])
    changed = []
    for row in rows.select_for_update().order_by("pk"):
        merged = merged_definition(row.definition, told.pop(row.iri))
        if merged != row.definition:
            row.definition, row.updated_at = merged, now
            changed.append(row)
    ActivityDefinition.objects.bulk_update(changed, ["definition", "updated_at"])
    ActivityDefinition.objects.bulk_create(
        (
            ActivityDefinition(activity=indexed(iri), iri=iri, definition=definition, updated_at=now)
            for iri, definition in sorted(told.items())
        ),
        ignore_conflicts=True,
    )


def _attach(attachments: Mapping[str, tuple[str, bytes]]) -> None:
    StatementAttachment.objects.bulk_create(
        (
            StatementAttachment(sha2=sha2.lower(), content_type=content_type, content=content)
            for sha2, (content_type, content) in sorted(attachments.items())
        ),
        ignore_conflicts=True,
    )


# Keys -------------------------------------------------------------------------------------------------------


def hash_secret(secret: str) -> str:
    """Secrets are long and random, so a plain digest is enough; the secret itself is never stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


def own_key() -> StoreKey:
    """The key the portal's own statements come with. It is closed: nobody else can use it."""
    key: StoreKey
    key, _ = StoreKey.objects.get_or_create(
        key=OWN_KEY,
        defaults={
            "name": "This portal",
            "scope": KeyScope.ALL,
            "secret_hash": hash_secret(secrets.token_urlsafe(30)),
            "revoked_at": timezone.now(),
            "version": "1.0.3",
        },
    )
    return key


def launch_key(*, name: str, agent: Json, registration: UUID, expires_at: datetime) -> tuple[StoreKey, str]:
    """A key for one launch of a learning package, and its secret."""
    secret = secrets.token_urlsafe(30)
    key = StoreKey.objects.create(
        name=name[:80],
        secret_hash=hash_secret(secret),
        scope=KeyScope.WRITE,
        registration=registration,
        agent_key=agent_key(agent),
        expires_at=expires_at,
        version="1.0.3",
    )
    return key, secret


@transaction.atomic
def key_create(*, actor: Actor, key: StoreKey) -> str:
    """Keep a new key and return its secret, which nobody can read again."""
    secret = secrets.token_urlsafe(30)
    key.secret_hash, key.created_by = hash_secret(secret), actor.user
    key.save()
    record("enablement.store_key_made", actor=actor, subject=key, data={"name": key.name, "may": key.scope})
    return secret


@transaction.atomic
def key_revoke(*, actor: Actor, key: StoreKey) -> None:
    """End a key at once and for ever; twice is once."""
    key = StoreKey.objects.select_for_update().get(pk=key.pk)
    if key.revoked_at:
        return
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    record("enablement.store_key_revoked", actor=actor, subject=key, data={"name": key.name})


def key_of(name: str, secret: str) -> StoreKey | None:
    """The open key of this name and secret."""
    key = open_key(name)
    if key is None or not constant_time_compare(key.secret_hash, hash_secret(secret)):
        return None
    return key


def key_used(*, key: StoreKey, version: str) -> None:
    """Note now and then that a key is in use, and always when its tool speaks another version."""
    now = timezone.now()
    is_noted = key.last_used_at is not None and now - key.last_used_at < USE_IS_NOTED
    if is_noted and key.version == version:
        return
    StoreKey.objects.filter(pk=key.pk).update(last_used_at=now, version=version)


def authority_of(key: StoreKey, home: str) -> Json:
    """Who stands behind what came with this key."""
    account: dict[str, Any] = {"homePage": home, "name": key.key}
    return {"objectType": "Agent", "name": key.name, "account": account}
