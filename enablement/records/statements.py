"""What can be said of a statement without a database: whom it names, whether two are the same, its formats.

Everything here takes statements that `rules` has let pass.
"""

import copy
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from enablement.records.grammar import indexed, moment, to_hundredths
from enablement.records.rules import VOIDED, identifiers_of

Json = dict[str, Any]
SIGNATURE: Final = "http://adlnet.gov/expapi/attachments/signature"
#: What the store sets itself, so it says nothing about whether two statements are the same.
_OURS: Final = ("id", "stored", "authority", "timestamp", "version", "attachments")
_CONTEXT_LISTS: Final = ("parent", "grouping", "category", "other")


class Mention(NamedTuple):
    """An agent or activity a statement names; `direct` as its actor or object, not further inside."""

    kind: str
    value: str
    direct: bool


AGENT: Final = "agent"
ACTIVITY: Final = "activity"


# Whom it names ----------------------------------------------------------------------------------------------


def agent_key(agent: Mapping[str, Any]) -> str:
    """What tells this agent or group from all others, as one text; "" for an anonymous group."""
    for name in identifiers_of(agent):
        value = agent[name]
        if name == "account":
            return indexed(f"account {value['homePage']} {value['name']}")
        return indexed(f"{name} {_folded(name, value)}")
    return ""


def _folded(name: str, value: str) -> str:
    """Digests are hexadecimal, and mail finds its way however an address is capitalised."""
    return value.lower() if name in {"mbox", "mbox_sha1sum"} else value


def activity_of(statement: Mapping[str, Any]) -> str:
    """The indexed id of the activity the statement is about; "" when it is about something else."""
    target = statement["object"]
    return indexed(target["id"]) if target.get("objectType", "Activity") == "Activity" else ""


def voids(statement: Mapping[str, Any]) -> bool:
    return bool(statement["verb"]["id"] == VOIDED)


def refers_to(statement: Mapping[str, Any]) -> str | None:
    target = statement["object"]
    return str(target["id"]).lower() if target.get("objectType") == "StatementRef" else None


def mentions(statement: Mapping[str, Any]) -> set[Mention]:
    """Every agent and activity named, as the filters `agent`, `activity` and their broad forms need them."""
    found = set(_direct(statement)) | set(_indirect(statement))
    target = statement["object"]
    if target.get("objectType") == "SubStatement":
        found |= {mention._replace(direct=False) for mention in mentions(target)}
    # What is named directly is found by the broad filters as well: one row does for both.
    return {m for m in found if m.value and (m.direct or m._replace(direct=True) not in found)}


def _direct(statement: Mapping[str, Any]) -> Iterator[Mention]:
    yield from _people(statement["actor"], direct=True)
    target = statement["object"]
    if target.get("objectType", "Activity") == "Activity":
        yield Mention(ACTIVITY, indexed(target["id"]), True)
    elif target["objectType"] in {"Agent", "Group"}:
        yield from _people(target, direct=True)


def _indirect(statement: Mapping[str, Any]) -> Iterator[Mention]:
    context = statement.get("context", {})
    named = [context.get("instructor"), context.get("team"), statement.get("authority")]
    named += [entry["agent"] for entry in context.get("contextAgents", ())]
    named += [entry["group"] for entry in context.get("contextGroups", ())]
    for agent in filter(None, named):
        yield from _people(agent, direct=False)
    for activity in context_activities(statement):
        yield Mention(ACTIVITY, indexed(activity["id"]), False)


def _people(agent: Mapping[str, Any], *, direct: bool) -> Iterator[Mention]:
    """The agent itself and, of a group, its members: "a group whose member matches is a match"."""
    yield Mention(AGENT, agent_key(agent), direct)
    for member in agent.get("member", ()):
        yield Mention(AGENT, agent_key(member), direct)


def context_activities(statement: Mapping[str, Any]) -> Iterator[Json]:
    for listed in statement.get("context", {}).get("contextActivities", {}).values():
        yield from [listed] if isinstance(listed, dict) else listed


def activities(statement: Mapping[str, Any]) -> Iterator[Json]:
    """Every activity of the statement as it stands there, with its definition where one was sent."""
    target = statement["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        yield target
    elif kind == "SubStatement":
        yield from activities(target)
    yield from context_activities(statement)


# Keeping it -------------------------------------------------------------------------------------------------


def normalised(statement: Json) -> Json:
    """As it is kept: context activities always as lists, in a sub-statement as well."""
    kept = dict(statement)
    context = statement.get("context")
    if context and "contextActivities" in context:
        listed = {
            name: [value] if isinstance(value, dict) else value
            for name, value in context["contextActivities"].items()
        }
        kept["context"] = {**context, "contextActivities": listed}
    if statement["object"].get("objectType") == "SubStatement":
        kept["object"] = normalised(statement["object"])
    return kept


def same(one: Json, other: Json) -> bool:
    """Whether both say the same, by the specification's rules on what may differ (part 2, 2.3.2)."""
    return _essence(one) == _essence(other)


def _essence(statement: Json) -> Json:
    essence = copy.deepcopy({k: v for k, v in normalised(statement).items() if k not in _OURS})
    _reduce(essence)
    return essence


def _reduce(statement: Json) -> None:
    """Leave out and level what does not count: definitions, displays, order, fractions, spelled-out types."""
    statement["verb"].pop("display", None)
    for activity in activities(statement):
        activity.pop("definition", None)
    for agent in _all_agents(statement):
        agent.setdefault("objectType", "Agent")
        agent.get("member", []).sort(key=agent_key)
    for listed in statement.get("context", {}).get("contextActivities", {}).values():
        for activity in listed:
            activity.setdefault("objectType", "Activity")
        listed.sort(key=lambda activity: activity["id"])
    statement["object"].setdefault("objectType", "Activity")
    duration = statement.get("result", {}).get("duration")
    if duration:
        statement["result"]["duration"] = to_hundredths(duration)
    if statement["object"]["objectType"] == "SubStatement":
        _reduce(statement["object"])
        if "timestamp" in statement["object"]:
            statement["object"]["timestamp"] = moment(statement["object"]["timestamp"], "timestamp")


def _all_agents(statement: Json) -> Iterator[Json]:
    context = statement.get("context", {})
    named = [statement["actor"], context.get("instructor"), context.get("team")]
    if statement["object"].get("objectType") in {"Agent", "Group"}:
        named.append(statement["object"])
    for agent in filter(None, named):
        yield agent
        yield from agent.get("member", ())


def etag_of(content: bytes) -> str:
    """The quoted SHA-1 of a document, which clients of version 1.0 compute themselves."""
    return f'"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"'


# Formats ----------------------------------------------------------------------------------------------------


def identifiers_only(statement: Json) -> Json:
    """Format "ids": agents, verbs and activities with nothing but what identifies them."""
    short = copy.deepcopy(statement)
    _shorten(short)
    return short


def _shorten(statement: Json) -> None:
    statement["actor"] = _bare_agent(statement["actor"])
    statement["verb"] = {"id": statement["verb"]["id"]}
    target = statement["object"]
    kind = target.get("objectType", "Activity")
    if kind == "Activity":
        statement["object"] = _bare_activity(target)
    elif kind in {"Agent", "Group"}:
        statement["object"] = _bare_agent(target)
    elif kind == "SubStatement":
        _shorten(target)
    if "authority" in statement:
        statement["authority"] = _bare_agent(statement["authority"])
    _shorten_context(statement.get("context", {}))


def _shorten_context(context: Json) -> None:
    for name in {"instructor", "team"} & context.keys():
        context[name] = _bare_agent(context[name])
    for name, part in (("contextAgents", "agent"), ("contextGroups", "group")):
        for entry in context.get(name, ()):
            entry[part] = _bare_agent(entry[part])
    listed = context.get("contextActivities", {})
    for name in listed:
        listed[name] = [_bare_activity(activity) for activity in listed[name]]


def _bare_activity(activity: Json) -> Json:
    return {"id": activity["id"]}


def _bare_agent(agent: Json) -> Json:
    found = identifiers_of(agent)
    bare = {name: agent[name] for name in ("objectType", *found) if name in agent}
    if not found:
        bare["member"] = [_bare_agent(member) for member in agent["member"]]
    return bare


def canonical(statement: Json, definitions: Mapping[str, Json], languages: list[str]) -> Json:
    """Format "canonical": the store's own definitions, and one language of every language map."""
    full = copy.deepcopy(statement)
    for activity in activities(full):
        definition = definitions.get(activity["id"])
        if definition:
            activity["definition"] = copy.deepcopy(definition)
    _choose(full, languages)
    return full


_LANGUAGE_MAPS: Final = frozenset({"display", "name", "description"})


def _choose(value: Any, languages: list[str]) -> None:
    if isinstance(value, list):
        for part in value:
            _choose(part, languages)
    if not isinstance(value, dict):
        return
    for name, part in value.items():
        if name in _LANGUAGE_MAPS and isinstance(part, dict) and len(part) > 1:
            value[name] = _in_one(part, languages)
        elif name != "extensions":
            _choose(part, languages)


def _in_one(texts: Json, languages: list[str]) -> Json:
    """The text in the first language asked for that there is, by tag or else by its primary part."""
    exact = {language.lower(): language for language in reversed(texts)}
    primary = {language.lower().split("-")[0]: language for language in reversed(texts)}
    for wanted in languages:
        found = exact.get(wanted) or primary.get(wanted.split("-")[0])
        if found:
            return {found: texts[found]}
    first = next(iter(texts))
    return {first: texts[first]}


def languages_of(accepted: str) -> list[str]:
    """An Accept-Language header as lower-case tags, the most wanted first."""
    weighed: list[tuple[float, int, str]] = []
    for entry in accepted.split(","):
        tag, _, weight = entry.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), len(weighed), tag.strip().lower()))
        except ValueError:
            continue
    return [tag for weight, _, tag in sorted(weighed) if tag and weight < 0]


def merged_definition(known: Json, told: Json) -> Json:
    """What is known of an activity after one more told of it: the later word, property by property."""
    merged = {**known, **told}
    for name in ("name", "description", "extensions"):
        if name in known and name in told:
            merged[name] = {**known[name], **told[name]}
    return merged


def digest_of(definition: Json) -> str:
    return hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()


def sha2_of(content: bytes, length: int = 64) -> str:
    """The SHA-2 digest of that many hexadecimal digits."""
    return hashlib.new({56: "sha224", 96: "sha384", 128: "sha512"}.get(length, "sha256"), content).hexdigest()


def attachments_of(statements: Iterable[Json]) -> Iterator[Json]:
    """Every attachment listed, inside sub-statements as well."""
    for statement in statements:
        yield from statement.get("attachments", ())
        if statement["object"].get("objectType") == "SubStatement":
            yield from statement["object"].get("attachments", ())
