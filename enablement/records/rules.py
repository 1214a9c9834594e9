"""Whether a statement is one: every rule of the specification about its form, as data where it can be.

xAPI 1.0.3, part 2; what IEEE 9274.1.1 (2.0.0) adds is in `_LATER`. Nothing here reads a database.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from enablement.records.grammar import (
    Check,
    Invalid,
    is_bool,
    is_duration,
    is_iri,
    is_language,
    is_mailbox,
    is_media_type,
    is_number,
    is_sha1,
    is_sha2,
    is_text,
    is_time,
    is_uuid,
    matching,
)

VOIDED: Final = "http://adlnet.gov/expapi/verbs/voided"
#: The properties that tell one Agent or Group from every other; exactly one of them is given.
IDENTIFIERS: Final = ("mbox", "mbox_sha1sum", "openid", "account")

# What everything is made of ---------------------------------------------------------------------------------


def properties(value: Any, where: str, checks: Mapping[str, Check], required: Iterable[str] = ()) -> None:
    """An object of these properties and no others; a null is refused by each property's own check."""
    if not isinstance(value, dict):
        raise Invalid(f"{where} must be an object.")
    for name in required:
        if name not in value:
            raise Invalid(f"{where} lacks {name}.")
    for name, part in value.items():
        check = checks.get(name)
        if check is None:
            raise Invalid(f"{where} has no property {name[:60]!r}.")
        check(part, f"{where}.{name}")


def made_of(checks: Mapping[str, Check], required: Iterable[str] = ()) -> Check:
    return partial(properties, checks=checks, required=tuple(required))


def list_of(check: Check, *, least: int = 0) -> Check:
    def check_list(value: Any, where: str) -> None:
        if not isinstance(value, list) or len(value) < least:
            raise Invalid(f"{where} must be a list{' that is not empty' if least else ''}.")
        for place, part in enumerate(value):
            check(part, f"{where}[{place}]")

    return check_list


def exactly(word: str) -> Check:
    return one_of(word)


def one_of(*words: str) -> Check:
    def check(value: Any, where: str) -> None:
        if value not in words:
            raise Invalid(f"{where} must be {' or '.join(words)}.")

    return check


def is_language_map(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise Invalid(f"{where} must be a language map.")
    for language, text in value.items():
        is_language(language, f"{where}, {language[:40]!r},")
        is_text(text, f"{where}.{language}")


def is_extensions(value: Any, where: str) -> None:
    if not isinstance(value, dict):
        raise Invalid(f"{where} must be an object.")
    for name in value:
        is_iri(name, f"{where}, {name[:60]!r},")


# Agents and groups ------------------------------------------------------------------------------------------

_IDENTITY: Final[dict[str, Check]] = {
    "name": is_text,
    "mbox": is_mailbox,
    "mbox_sha1sum": is_sha1,
    "openid": is_iri,
    "account": made_of({"homePage": is_iri, "name": is_text}, ("homePage", "name")),
}


def identifiers_of(value: Mapping[str, Any]) -> list[str]:
    return [name for name in IDENTIFIERS if name in value]


def is_agent(value: Any, where: str) -> None:
    properties(value, where, {**_IDENTITY, "objectType": exactly("Agent")})
    if len(identifiers_of(value)) != 1:
        raise Invalid(f"{where} needs exactly one of {', '.join(IDENTIFIERS)}.")


def is_group(value: Any, where: str) -> None:
    """An identified group has one identifier; an anonymous one has none, and members instead."""
    checks = {**_IDENTITY, "objectType": exactly("Group"), "member": list_of(is_agent)}
    properties(value, where, checks, ("objectType",))
    found = identifiers_of(value)
    if len(found) > 1:
        raise Invalid(f"{where} has more than one of {', '.join(IDENTIFIERS)}.")
    if not found and not value.get("member"):
        raise Invalid(f"{where} needs an identifier or members.")


def is_actor(value: Any, where: str) -> None:
    is_a_group = isinstance(value, dict) and value.get("objectType") == "Group"
    (is_group if is_a_group else is_agent)(value, where)


def is_authority(value: Any, where: str) -> None:
    """An agent, or the pair of an application and a person that OAuth makes."""
    is_actor(value, where)
    if value.get("objectType") != "Group":
        return
    if identifiers_of(value) or len(value["member"]) != 2:
        raise Invalid(f"{where} must be an agent, or an anonymous group of two.")


# Verbs and activities ---------------------------------------------------------------------------------------

is_verb: Final = made_of({"id": is_iri, "display": is_language_map}, ("id",))

_COMPONENTS: Final = ("choices", "scale", "source", "target", "steps")
#: Which lists of components an interaction may have.
_INTERACTIONS: Final[dict[str, tuple[str, ...]]] = {
    "true-false": (),
    "choice": ("choices",),
    "sequencing": ("choices",),
    "likert": ("scale",),
    "matching": ("source", "target"),
    "performance": ("steps",),
    "fill-in": (),
    "long-fill-in": (),
    "numeric": (),
    "other": (),
}
_components: Final = list_of(made_of({"id": is_text, "description": is_language_map}, ("id",)))
_DEFINITION: Final[dict[str, Check]] = {
    "name": is_language_map,
    "description": is_language_map,
    "type": is_iri,
    "moreInfo": is_iri,
    "extensions": is_extensions,
    "interactionType": one_of(*_INTERACTIONS),
    "correctResponsesPattern": list_of(is_text),
    **dict.fromkeys(_COMPONENTS, _components),
}


def is_definition(value: Any, where: str) -> None:
    properties(value, where, _DEFINITION)
    lists = [name for name in _COMPONENTS if name in value]
    allowed = _INTERACTIONS.get(value.get("interactionType", ""))
    if allowed is None and (lists or "correctResponsesPattern" in value):
        raise Invalid(f"{where} lacks interactionType.")
    for name in lists:
        if name not in (allowed or ()):
            raise Invalid(f"{where} of this interactionType cannot have {name}.")
        names = [component["id"] for component in value[name]]
        if len(names) != len(set(names)):
            raise Invalid(f"{where}.{name} names a component twice.")


is_activity: Final = made_of(
    {"objectType": exactly("Activity"), "id": is_iri, "definition": is_definition}, ("id",)
)
is_statement_ref: Final = made_of(
    {"objectType": exactly("StatementRef"), "id": is_uuid}, ("objectType", "id")
)


# Results ----------------------------------------------------------------------------------------------------


def is_score(value: Any, where: str) -> None:
    properties(value, where, dict.fromkeys(("scaled", "raw", "min", "max"), is_number))
    if not -1 <= value.get("scaled", 0) <= 1:
        raise Invalid(f"{where}.scaled must be between -1 and 1.")
    least, most, raw = value.get("min"), value.get("max"), value.get("raw")
    if least is not None and most is not None and least >= most:
        raise Invalid(f"{where}.min must be below max.")
    if raw is not None and ((least is not None and raw < least) or (most is not None and raw > most)):
        raise Invalid(f"{where}.raw must be between min and max.")


is_result: Final = made_of(
    {
        "score": is_score,
        "success": is_bool,
        "completion": is_bool,
        "response": is_text,
        "duration": is_duration,
        "extensions": is_extensions,
    }
)


# Contexts ---------------------------------------------------------------------------------------------------


def _activity_or_activities(value: Any, where: str) -> None:
    if isinstance(value, dict):
        return is_activity(value, where)
    return list_of(is_activity)(value, where)


_CONTEXT: Final[dict[str, Check]] = {
    "registration": is_uuid,
    "instructor": is_actor,
    "team": is_group,
    "contextActivities": made_of(
        dict.fromkeys(("parent", "grouping", "category", "other"), _activity_or_activities)
    ),
    "revision": is_text,
    "platform": is_text,
    "language": is_language,
    "statement": is_statement_ref,
    "extensions": is_extensions,
}
_relevant_types: Final = list_of(is_iri, least=1)
_CONTEXT_LATER: Final[dict[str, Check]] = {
    **_CONTEXT,
    "contextAgents": list_of(
        made_of(
            {"objectType": exactly("contextAgent"), "agent": is_agent, "relevantTypes": _relevant_types},
            ("objectType", "agent"),
        )
    ),
    "contextGroups": list_of(
        made_of(
            {"objectType": exactly("contextGroup"), "group": is_group, "relevantTypes": _relevant_types},
            ("objectType", "group"),
        )
    ),
}


# Attachments ------------------------------------------------------------------------------------------------


def is_length(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Invalid(f"{where} must be a whole number of octets.")


is_attachment: Final = made_of(
    {
        "usageType": is_iri,
        "display": is_language_map,
        "description": is_language_map,
        "contentType": is_media_type,
        "length": is_length,
        "sha2": is_sha2,
        "fileUrl": is_iri,
    },
    ("usageType", "display", "contentType", "length", "sha2"),
)


# Statements -------------------------------------------------------------------------------------------------


class StatementRules:
    """The rules of one version: which contexts there are, and which versions a statement may claim."""

    def __init__(self, context: Mapping[str, Check], version: str) -> None:
        parts: dict[str, Check] = {
            "actor": is_actor,
            "verb": is_verb,
            "result": is_result,
            "context": made_of(context),
            "timestamp": is_time,
            "attachments": list_of(is_attachment),
        }
        self._sub_statement: dict[str, Check] = {
            **parts,
            "objectType": exactly("SubStatement"),
            "object": partial(self._object, inside=True),
        }
        self._statement: dict[str, Check] = {
            **parts,
            "id": is_uuid,
            "object": partial(self._object, inside=False),
            "stored": is_time,
            "authority": is_authority,
            "version": matching(version, "a version this store speaks"),
        }

    def check(self, statement: Any, where: str = "statement") -> None:
        """Raises Invalid at the first rule that is broken."""
        properties(statement, where, self._statement, ("actor", "verb", "object"))
        self._check_whole(statement, where)
        if statement["verb"]["id"] == VOIDED and statement["object"].get("objectType") != "StatementRef":
            raise Invalid(f"{where} voids, so its object must be a StatementRef.")

    def _object(self, value: Any, where: str, *, inside: bool) -> None:
        kind = value.get("objectType", "Activity") if isinstance(value, dict) else ""
        if kind == "SubStatement" and not inside:
            properties(value, where, self._sub_statement, ("objectType", "actor", "verb", "object"))
            return self._check_whole(value, where)
        check = _OBJECTS.get(kind) if isinstance(kind, str) else None
        if check is None:
            raise Invalid(f"{where} is of no kind that is known here.")
        return check(value, where)

    def _check_whole(self, statement: Mapping[str, Any], where: str) -> None:
        """Revision and platform tell of an activity's version, so they need an activity."""
        about_activity = statement["object"].get("objectType", "Activity") == "Activity"
        context = statement.get("context", {})
        if not about_activity and context.keys() & {"revision", "platform"}:
            raise Invalid(f"{where}.context has revision or platform, but the object is no activity.")


_OBJECTS: Final[dict[str, Check]] = {
    "Activity": is_activity,
    "Agent": is_agent,
    "Group": is_group,
    "StatementRef": is_statement_ref,
}

_EARLIER: Final = StatementRules(_CONTEXT, r"1\.0(\.\d+)?")
_LATER: Final = StatementRules(_CONTEXT_LATER, r"1\.0(\.\d+)?|2\.0(\.\d+)?")


def rules_of(version: str) -> StatementRules:
    """The rules for requests of this version of xAPI."""
    return _LATER if version.startswith("2.") else _EARLIER
