"""What a unit may say, and when. Pure: what is known of its launch comes as a `Standing`.

Section numbers are those of the cmi5 specification. A statement is "defined" when it carries the category of
cmi5; others are allowed within a session and say nothing about results.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from enablement.cmi5 import vocabulary as words
from enablement.records.grammar import Invalid, read_json
from enablement.records.rules import VOIDED

Json = Mapping[str, Any]
_NEEDS_DURATION: Final = frozenset({words.TERMINATED, *words.OF_RESULTS})
_LANGUAGES: Final = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*(,[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*)*")


class Violation(Exception):
    """The statement or document breaks a rule; the text says which."""


@dataclass(slots=True)
class Standing:
    """A launch as its next statement meets it. `completed` and `passed` are of the registration, the rest of
    the session. `mastery` is the share that passes, None where the package asks for none.
    """

    activity: str
    session_id: str
    is_normal: bool
    mastery: float | None
    has_read_all: bool
    initialized: bool = False
    terminated: bool = False
    completed: bool = False
    passed: bool = False
    failed_here: bool = False

    def follow(self, statement: Json) -> None:
        """Stand as one does after this statement."""
        verb = statement["verb"]["id"]
        if not is_defined(statement):
            return
        self.initialized |= verb == words.INITIALIZED
        self.terminated |= verb == words.TERMINATED
        self.completed |= verb == words.COMPLETED
        self.passed |= verb == words.PASSED
        self.failed_here |= verb == words.FAILED


def is_defined(statement: Json) -> bool:
    return words.CATEGORY in categories(statement)


def categories(statement: Json) -> list[str]:
    listed = statement.get("context", {}).get("contextActivities", {}).get("category", [])
    return [activity["id"] for activity in ([listed] if isinstance(listed, dict) else listed)]


def check(statement: Json, standing: Standing) -> None:
    """Raises Violation for what the unit may not say now."""
    _check_every(statement, standing)
    if is_defined(statement):
        _check_defined(statement, standing)
    elif words.MOVE_ON_CATEGORY in categories(statement):
        raise Violation("Only completed, passed and failed carry the category moveon (9.6.2.2).")
    if not standing.initialized and not (
        is_defined(statement) and statement["verb"]["id"] == words.INITIALIZED
    ):
        raise Violation("A session begins with initialized (9.3).")


def _check_every(statement: Json, standing: Standing) -> None:
    if "id" not in statement:
        raise Violation("A statement of a unit has an id (9.1).")
    if not str(statement.get("timestamp", "")).upper().endswith(("Z", "+00:00", "+00")):
        raise Violation("A statement of a unit has a timestamp in UTC (9.7).")
    actor = statement["actor"]
    if actor.get("objectType", "Agent") != "Agent" or "account" not in actor:
        raise Violation("The actor is the agent with the account that was given at launch (9.2).")
    if statement["verb"]["id"] == VOIDED:
        raise Violation("A unit takes nothing back (6.3).")
    extensions = statement.get("context", {}).get("extensions", {})
    if extensions.get(words.SESSION_ID) != standing.session_id:
        raise Violation("The statement does not carry the id of this session (9.6.3.1).")
    if standing.terminated:
        raise Violation("The session is over (9.3).")


def _check_defined(statement: Json, standing: Standing) -> None:
    verb = statement["verb"]["id"]
    if verb not in words.OF_UNITS:
        raise Violation("This verb is not for units to say (9.3).")
    target = statement["object"]
    if target.get("objectType", "Activity") != "Activity" or target["id"] != standing.activity:
        raise Violation("The object is the activity that was given at launch (9.4).")
    has_category = words.MOVE_ON_CATEGORY in categories(statement)
    if has_category != (verb in words.OF_RESULTS):
        raise Violation("Completed, passed and failed carry the category moveon, and no other (9.6.2.2).")
    _check_result(verb, statement.get("result", {}))
    if verb in (words.PASSED, words.FAILED):
        _check_mastery(verb, statement, standing.mastery)
    _check_turn(verb, standing)


def _check_result(verb: str, result: Json) -> None:
    success = {words.PASSED: True, words.FAILED: False}.get(verb)
    if result.get("success") is not success:
        raise Violation("Success is true with passed, false with failed, and nowhere else (9.5.2).")
    completion = True if verb == words.COMPLETED else None
    if result.get("completion") is not completion:
        raise Violation("Completion is true with completed, and nowhere else (9.5.3).")
    if verb in _NEEDS_DURATION and "duration" not in result:
        raise Violation("The duration is missing (9.5.4).")
    score = result.get("score")
    if score is not None and verb not in (words.PASSED, words.FAILED):
        raise Violation("Only passed and failed have a score (9.5.1).")
    if score and "raw" in score and not {"min", "max"} <= score.keys():
        raise Violation("A raw score needs its min and max (9.5.1).")


def _check_mastery(verb: str, statement: Json, mastery: float | None) -> None:
    """The mastery score decides between passed and failed, and comes along with each score."""
    score = statement.get("result", {}).get("score")
    if mastery is None or not score:
        return
    if statement["context"].get("extensions", {}).get(words.MASTERY_SCORE) != mastery:
        raise Violation("The mastery score is not the one given at launch (9.6.3.2).")
    if "scaled" in score and (score["scaled"] >= mastery) != (verb == words.PASSED):
        raise Violation("The score says otherwise than the verb (9.3.4, 9.3.5).")


def _check_turn(verb: str, standing: Standing) -> None:
    if verb == words.INITIALIZED:
        if standing.initialized:
            raise Violation("The session has begun already (9.3.2).")
        if not standing.has_read_all:
            raise Violation("Launch data and learner preferences are read first (10, 11).")
        return
    if verb in words.OF_RESULTS and not standing.is_normal:
        raise Violation("Nothing counts in this launch mode (10.2.2).")
    if verb == words.COMPLETED and standing.completed:
        raise Violation("This unit is completed already (9.3.3).")
    if verb in (words.PASSED, words.FAILED) and standing.passed:
        raise Violation("This unit is passed already (9.3.4).")
    if verb in (words.PASSED, words.FAILED) and standing.failed_here:
        raise Violation("This session has a result already (9.3).")


def check_preferences(content_type: str, content: bytes) -> None:
    """The learner's languages, the most wanted first, and whether there is sound (11)."""
    try:
        told = read_json(content, "The document") if content_type == "application/json" else None
    except Invalid as error:
        raise Violation(str(error)) from error
    if not isinstance(told, dict):
        raise Violation("Learner preferences are a JSON object (11).")
    if not _LANGUAGES.fullmatch(str(told.get("languagePreference", ""))):
        raise Violation("languagePreference lists language tags, joined by commas (11.1).")
    if told.get("audioPreference") not in ("on", "off"):
        raise Violation("audioPreference is on or off (11.2).")


def moves_on(move_on: str, *, completed: bool, passed: bool) -> bool:
    """Whether the criterion of a unit is met (10.2.5)."""
    return {
        "NotApplicable": True,
        "Completed": completed,
        "Passed": passed,
        "CompletedAndPassed": completed and passed,
        "CompletedOrPassed": completed or passed,
    }[move_on]


def satisfied_blocks(
    units: Sequence[tuple[bool, Sequence[str]]], blocks: Sequence[tuple[str, int]]
) -> list[str]:
    """Ids of the blocks whose units are all satisfied, the innermost first.

    `units` are (satisfied, ids of the blocks around it), `blocks` are (id, depth). A block without units is
    satisfied.
    """
    inner_first = sorted(blocks, key=lambda block: -block[1])
    return [one for one, _ in inner_first if all(done for done, around in units if one in around)]
