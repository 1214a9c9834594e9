"""The statements the portal makes itself: launched, abandoned, waived and satisfied (9.3). Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from enablement.cmi5 import vocabulary as words
from enablement.cmi5.models import Cmi5Registration, Cmi5Session
from enablement.packages.manifest import Part
from enablement.records.grammar import written
from enablement.records.statements import Json


def unit_iri(registration: Cmi5Registration, position: int) -> str:
    return f"{registration.iri}/units/{position}"


def launched(session: Cmi5Session, part: Part, url: str, at: datetime) -> Json:
    extensions: Json = {
        words.LAUNCH_MODE: session.mode,
        words.LAUNCH_URL: url,
        words.MOVE_ON: part.move_on,
        words.LAUNCH_PARAMETERS: part.launch_data,
    }
    if part.mastery is not None:
        extensions[words.MASTERY_SCORE] = part.mastery
    return _of_unit(session, part, words.LAUNCHED, "launched", at, extensions)


def abandoned(session: Cmi5Session, part: Part, at: datetime) -> Json:
    lasted = (session.spoke_at or at) - (session.initialized_at or at)
    made = _of_unit(session, part, words.ABANDONED, "abandoned", at, {})
    return {**made, "result": {"duration": duration(lasted)}}


def waived(registration: Cmi5Registration, part: Part, session_id: UUID, position: int, reason: str,
           at: datetime) -> Json:  # fmt: skip
    made = _made(
        registration, words.WAIVED, "waived", _activity(unit_iri(registration, position), part), at,
        session_id=session_id, publisher_id=part.id, extensions={}, categories=(words.MOVE_ON_CATEGORY,),
    )  # fmt: skip
    result = {"success": True, "completion": True, "extensions": {words.REASON: reason}}
    return {**made, "result": result}


def satisfied(
    registration: Cmi5Registration, target: Mapping[str, Any], publisher_id: str, session_id: UUID,
    at: datetime,
) -> Json:  # fmt: skip
    """`target` is the block or the course, as an activity."""
    return _made(
        registration, words.SATISFIED, "satisfied", target, at,
        session_id=session_id, publisher_id=publisher_id, extensions={},
    )  # fmt: skip


def groups(registration: Cmi5Registration) -> dict[str, Json]:
    """Id of the publisher -> activity, of every block and of the course."""
    package = registration.package
    found = {
        block["id"]: _group(f"{registration.iri}/blocks/{number}", block["title"], words.BLOCK)
        for number, block in enumerate(package.blocks, start=1)
    }
    found[package.identifier] = _group(f"{registration.iri}/course", package.title, words.COURSE)
    return found


def _group(iri: str, title: str, kind: str) -> Json:
    return {"objectType": "Activity", "id": iri, "definition": {"name": {"en": title}, "type": kind}}


def context_template(session: Cmi5Session, part: Part) -> Json:
    """What every statement of the session has in its context (10.2.1)."""
    return {
        "contextActivities": {"grouping": [{"id": part.id}]},
        "extensions": {words.SESSION_ID: str(session.session_id)},
    }


def _of_unit(
    session: Cmi5Session, part: Part, verb: str, display: str, at: datetime, extensions: Json
) -> Json:
    activity = _activity(unit_iri(session.registration, session.position), part)
    return _made(
        session.registration, verb, display, activity, at,
        session_id=session.session_id, publisher_id=part.id, extensions=extensions,
    )  # fmt: skip


def _activity(iri: str, part: Part) -> Json:
    definition: Json = {"name": {"en": part.title}}
    if "://" in part.activity_type:
        definition["type"] = part.activity_type
    return {"objectType": "Activity", "id": iri, "definition": definition}


def _made(
    registration: Cmi5Registration, verb: str, display: str, target: Mapping[str, Any], at: datetime, *,
    session_id: UUID, publisher_id: str, extensions: Json, categories: tuple[str, ...] = (),
) -> Json:  # fmt: skip
    return {
        "id": str(uuid4()),
        "actor": registration.actor,
        "verb": {"id": verb, "display": {"en": display}},
        "object": dict(target),
        "timestamp": written(at),
        "context": {
            "registration": str(registration.registration),
            "contextActivities": {
                "category": [{"id": one} for one in (words.CATEGORY, *categories)],
                "grouping": [{"id": publisher_id}],
            },
            "extensions": {words.SESSION_ID: str(session_id), **extensions},
        },
    }


def duration(lasted: timedelta) -> str:
    """ISO 8601, to hundredths of a second."""
    return f"PT{max(lasted.total_seconds(), 0):.2f}S"
