"""The resources of the learning record store (xAPI, part 3, section 2)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import orjson
from django.core import signing
from django.db import IntegrityError
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.http import http_date

from enablement.records import launches, selectors
from enablement.records.documents import (
    Conditions,
    Place,
    PreconditionFailed,
    document_delete,
    document_post,
    document_put,
)
from enablement.records.grammar import indexed, is_iri, is_uuid, moment, read_json, written
from enablement.records.models import Document
from enablement.records.models import Resource as ResourceKind
from enablement.records.multipart import assembled
from enablement.records.protocol import (
    VERSIONS,
    Call,
    Refused,
    Resource,
    may_read,
    may_write,
    own_source,
    within_launch,
)
from enablement.records.reading import statements_in
from enablement.records.rules import IDENTIFIERS, is_actor, is_agent
from enablement.records.services import statements_store
from enablement.records.statements import (
    Json,
    activities,
    agent_key,
    attachments_of,
    canonical,
    identifiers_only,
    languages_of,
)

_FILTERS: Final = (
    "agent", "verb", "activity", "registration", "related_activities", "related_agents",
    "since", "until", "limit", "ascending",
)  # fmt: skip
_SHAPES: Final = ("format", "attachments")
_FORMATS: Final = ("exact", "ids", "canonical")


class Statements(Resource):
    def put(self, call: Call) -> HttpResponse:
        params = call.only({"statementId"}, {"statementId"})
        is_uuid(params["statementId"], "statementId")
        statements, attachments = statements_in(call)
        if len(statements) != 1 or statements[0] is None:
            raise Refused(400, "One statement is put at a time.")
        statement = statements[0]
        if statement.setdefault("id", params["statementId"]).lower() != params["statementId"].lower():
            raise Refused(400, "The statement has another id than the parameter statementId.")
        _store(call, [statement], attachments)
        return HttpResponse(status=204)

    def post(self, call: Call) -> HttpResponse:
        call.only(())
        statements, attachments = statements_in(call)
        return JsonResponse(_store(call, statements, attachments), safe=False)

    def get(self, call: Call) -> HttpResponse:
        may_read(call)
        single = [name for name in ("statementId", "voidedStatementId") if name in call.params]
        if len(single) > 1:
            raise Refused(400, "Either statementId or voidedStatementId is given, not both.")
        if single:
            return self._one(call, single[0])
        return _page(call, dict(call.only((*_FILTERS, *_SHAPES))), None)

    def _one(self, call: Call, name: str) -> HttpResponse:
        params = call.only((name, *_SHAPES), {name})
        is_uuid(params[name], name)
        found = selectors.statement_of(
            params[name],
            voided=name == "voidedStatementId",
            source=own_source(call),
            registration=call.source.registration,
        )
        if found is None:
            raise Refused(404, "There is no such statement.")
        body = _shaped(call, params, [found.body])[0]
        response = _with_attachments(params, body, [found.body])
        response["Last-Modified"] = http_date(found.stored.timestamp())
        return response

    def about_answers(self, call: Call) -> dict[str, str]:
        return _consistency(call)


class MoreStatements(Resource):
    """The next page of a question asked before; the address says all of it."""

    def about_answers(self, call: Call) -> dict[str, str]:
        return _consistency(call)

    def get(self, call: Call, token: str) -> HttpResponse:
        may_read(call)
        call.only(())
        try:
            asked = signing.loads(token, salt="enablement.records.more")
        except signing.BadSignature as error:
            raise Refused(404, "There is no such page.") from error
        position = datetime.fromisoformat(asked["stored"]), int(asked["id"])
        return _page(call, asked["params"], position)


def _store(call: Call, statements: list[Json], attachments: Mapping[str, tuple[str, bytes]]) -> list[str]:
    may_write(call)
    for statement in statements:
        within_launch(call, statement)
    rules = launches.rules()
    stored = rules.statements(call.source, statements) if rules else None
    sent: dict[str, Any] = {
        "source": call.source,
        "authority": call.authority,
        "version": call.version,
        "statements": statements,
        "attachments": attachments,
    }
    try:
        ids = statements_store(**sent)
    except IntegrityError:
        # A twin of one of them was stored at this very moment: now it is found.
        ids = statements_store(**sent)
    if stored:
        stored()
    return ids


# Answering a question ---------------------------------------------------------------------------------------


def _page(call: Call, params: Mapping[str, str], after: selectors.Position | None) -> HttpResponse:
    limit = _limit(params)
    wanted = _wanted(params, own_source(call))
    if call.source.registration:
        wanted = replace(wanted, registration=call.source.registration)
    rows, end = selectors.statements_page(wanted, limit, after)
    found = [row.body for row in rows]
    more = _more(params, end) if end else ""
    answer: Json = {"statements": _shaped(call, params, found), "more": more}
    return _with_attachments(params, answer, found)


def _more(params: Mapping[str, str], end: selectors.Position) -> str:
    asked = {"params": dict(params), "stored": end[0].isoformat(), "id": end[1]}
    token = signing.dumps(asked, salt="enablement.records.more", compress=True)
    return reverse("records:more", args=[token])


def _limit(params: Mapping[str, str]) -> int:
    text = params.get("limit", "0")
    if not (text.isascii() and text.isdigit()):
        raise Refused(400, "limit must be a whole number, 0 or more.")
    return min(int(text[:9]) or selectors.MOST_STATEMENTS, selectors.MOST_STATEMENTS)


def _wanted(params: Mapping[str, str], source: int | None) -> selectors.Wanted:
    for name in {"verb", "activity"} & params.keys():
        is_iri(params[name], name)
    return selectors.Wanted(
        agent=_agent(params["agent"], is_actor) if "agent" in params else "",
        verb=indexed(params.get("verb", "")),
        activity=indexed(params.get("activity", "")),
        registration=_registration(params),
        related_agents=_flag(params, "related_agents"),
        related_activities=_flag(params, "related_activities"),
        since=moment(params["since"], "since") if "since" in params else None,
        until=moment(params["until"], "until") if "until" in params else None,
        ascending=_flag(params, "ascending"),
        source=source,
    )


def _agent(text: str, check: Any) -> str:
    agent = _agent_value(text, check)
    key = agent_key(agent)
    if not key:
        raise Refused(400, "agent must have an identifier.")
    return key


def _agent_value(text: str, check: Any) -> Json:
    value = read_json(text.encode(), "agent")
    check(value, "agent")
    found: Json = value
    return found


def _registration(params: Mapping[str, str]) -> UUID | None:
    if "registration" not in params:
        return None
    is_uuid(params["registration"], "registration")
    return UUID(params["registration"])


def _flag(params: Mapping[str, str], name: str) -> bool:
    text = params.get(name, "false")
    if text not in {"true", "false"}:
        raise Refused(400, f"{name} must be true or false.")
    return text == "true"


def _shaped(call: Call, params: Mapping[str, str], found: list[Json]) -> list[Json]:
    shape = params.get("format", "exact")
    if shape not in _FORMATS:
        raise Refused(400, f"format must be one of {', '.join(_FORMATS)}.")
    if shape == "ids":
        return [identifiers_only(statement) for statement in found]
    if shape == "canonical":
        named = {activity["id"] for statement in found for activity in activities(statement)}
        definitions = selectors.definitions_of(named)
        languages = languages_of(call.headers.get("accept-language", ""))
        return [canonical(statement, definitions, languages) for statement in found]
    return found


def _with_attachments(params: Mapping[str, str], answer: Json, found: list[Json]) -> HttpResponse:
    text = orjson.dumps(answer)
    if not _flag(params, "attachments"):
        return HttpResponse(text, content_type="application/json")
    kept = selectors.attachments_of(attachment["sha2"] for attachment in attachments_of(found))
    parts = ((one.content_type, one.sha2, bytes(one.content)) for one in kept)
    body, content_type = assembled(text, parts)
    return HttpResponse(body, content_type=content_type)


def _consistency(call: Call) -> dict[str, str]:
    """Until when everything stored can be read, told with every answer to a question, refusals included."""
    if call.method not in {"GET", "HEAD"}:
        return {}
    return {"X-Experience-API-Consistent-Through": written(selectors.consistent_through())}


# Documents --------------------------------------------------------------------------------------------------


class Documents(Resource):
    """What State and the two profiles have in common; each says how its documents are addressed."""

    kind: ClassVar[ResourceKind]
    name: ClassVar[str]
    place_params: ClassVar[tuple[str, ...]]

    def get(self, call: Call) -> HttpResponse:
        may_read(call)
        params = call.only({self.name, "since", *self._optional(), *self.place_params}, self.place_params)
        if self.name not in params:
            return self._names(call, params)
        self._refuse_since(params)
        place, rules = self._place(call, params), launches.rules()
        if rules:
            rules.document_read(call.source, place)
        found = Document.objects.filter(**place.as_filter()).first()
        if found is None:
            raise Refused(404, "There is no such document.")
        response = HttpResponse(bytes(found.content), content_type=found.content_type)
        response["ETag"], response["Last-Modified"] = found.etag, http_date(found.updated_at.timestamp())
        return response

    def put(self, call: Call) -> HttpResponse:
        """Version 1.0 leaves State unlocked, and wants each PUT of a profile to say what it replaces."""
        is_early = call.version == VERSIONS[0]
        must_say = self.kind != ResourceKind.STATE or not is_early
        return self._write(call, document_put, must_say=must_say, always=must_say and is_early)

    def post(self, call: Call) -> HttpResponse:
        return self._write(call, document_post)

    def delete(self, call: Call) -> HttpResponse:
        may_write(call)
        params = call.only({self.name, *self._optional(), *self.place_params}, self._all_params())
        place = self._place(call, params)
        _may_change(call, place, None)
        with_conditions(document_delete, place=place, conditions=_conditions(call))
        return HttpResponse(status=204)

    def _write(
        self, call: Call, service: Any, *, must_say: bool = False, always: bool = False
    ) -> HttpResponse:
        may_write(call)
        params = call.only({self.name, *self._optional(), *self.place_params}, self._all_params())
        place = self._place(call, params)
        _may_change(call, place, call.body)
        with_conditions(
            service,
            place=place,
            content=call.body,
            content_type=call.content_type or "application/octet-stream",
            conditions=_conditions(call, must_say=must_say, always=always),
        )
        return HttpResponse(status=204)

    def _names(self, call: Call, params: Mapping[str, str]) -> HttpResponse:
        since = moment(params["since"], "since") if "since" in params else None
        place = self._place(call, params)
        rows = selectors.documents(
            place.resource, activity=place.activity, agent=place.agent, registration=place.registration
        )
        return JsonResponse(list(selectors.names_of(rows, since)), safe=False)

    def _place(self, call: Call, params: Mapping[str, str]) -> Place:
        activity = params.get("activityId", "")
        if "activityId" in self.place_params:
            is_iri(activity, "activityId")
        agent = _agent(params["agent"], is_actor) if "agent" in self.place_params else ""
        registration = _registration(params)
        within_launch(call, None, agent=agent, registration=registration)
        return Place(self.kind, params.get(self.name, ""), indexed(activity), agent, registration)

    def _refuse_since(self, params: Mapping[str, str]) -> None:
        if "since" in params:
            raise Refused(400, f"since is for lists, and {self.name} asks for one document.")

    def _all_params(self) -> tuple[str, ...]:
        return (self.name, *self.place_params)

    def _optional(self) -> tuple[str, ...]:
        return ("registration",) if self.kind == ResourceKind.STATE else ()


class State(Documents):
    kind, name, place_params = ResourceKind.STATE, "stateId", ("activityId", "agent")

    def delete(self, call: Call) -> HttpResponse:
        """One document, or without a stateId all of them."""
        if "stateId" in call.params:
            return super().delete(call)
        may_write(call)
        params = call.only({"registration", *self.place_params}, self.place_params)
        place = self._place(call, params)
        rows = selectors.documents(
            place.resource, activity=place.activity, agent=place.agent, registration=place.registration
        )
        for name in rows.values_list("full_name", flat=True) if call.source.registration else ():
            _may_change(call, replace(place, name=name), None)
        rows.delete()
        return HttpResponse(status=204)


class ActivityProfile(Documents):
    kind, name, place_params = ResourceKind.ACTIVITY_PROFILE, "profileId", ("activityId",)


class AgentProfile(Documents):
    kind, name, place_params = ResourceKind.AGENT_PROFILE, "profileId", ("agent",)


def _may_change(call: Call, place: Place, content: bytes | None) -> None:
    rules = launches.rules()
    if rules:
        rules.document_written(call.source, place, call.media_type, content)


def with_conditions(service: Any, **arguments: Any) -> None:
    """Call a document's service; two first writers at once end as if one had come after the other."""
    try:
        try:
            service(**arguments)
        except IntegrityError:
            service(**arguments)
    except PreconditionFailed as error:
        raise Refused(412, str(error)) from error


def _conditions(call: Call, **demands: bool) -> Conditions:
    return Conditions(call.headers.get("if-match", ""), call.headers.get("if-none-match", ""), **demands)


# Agents, activities, about ----------------------------------------------------------------------------------


class Agents(Resource):
    def get(self, call: Call) -> HttpResponse:
        """The person behind an agent: the agent's identifiers, as lists. No two are put together here."""
        may_read(call)
        params = call.only({"agent"}, {"agent"})
        agent = _agent_value(params["agent"], is_agent)
        person: Json = {"objectType": "Person"}
        person |= {name: [agent[name]] for name in ("name", *IDENTIFIERS) if name in agent}
        return JsonResponse(person)


class Activities(Resource):
    def get(self, call: Call) -> HttpResponse:
        may_read(call)
        params = call.only({"activityId"}, {"activityId"})
        iri = params["activityId"]
        is_iri(iri, "activityId")
        definition = selectors.definitions_of([iri]).get(iri)
        activity: Json = {"objectType": "Activity", "id": iri}
        return JsonResponse({**activity, "definition": definition} if definition else activity)


class About(Resource):
    needs_key = False

    def get(self, call: Call) -> HttpResponse:
        return JsonResponse({"version": list(VERSIONS)})
