"""The words of cmi5: verbs, categories, extensions and documents (sections 7, 9 to 11)."""

from typing import Final

_ADL: Final = "http://adlnet.gov/expapi/verbs/"
_W3ID: Final = "https://w3id.org/xapi/adl/verbs/"
_CONTEXT: Final = "https://w3id.org/xapi/cmi5/context/"

LAUNCHED: Final = f"{_ADL}launched"
INITIALIZED: Final = f"{_ADL}initialized"
COMPLETED: Final = f"{_ADL}completed"
PASSED: Final = f"{_ADL}passed"
FAILED: Final = f"{_ADL}failed"
TERMINATED: Final = f"{_ADL}terminated"
ABANDONED: Final = f"{_W3ID}abandoned"
WAIVED: Final = f"{_W3ID}waived"
SATISFIED: Final = f"{_W3ID}satisfied"
#: What a unit may say of itself; the other four are the portal's.
OF_UNITS: Final = frozenset({INITIALIZED, COMPLETED, PASSED, FAILED, TERMINATED})
#: What decides whether one may move on.
OF_RESULTS: Final = frozenset({COMPLETED, PASSED, FAILED})

CATEGORY: Final = f"{_CONTEXT}categories/cmi5"
MOVE_ON_CATEGORY: Final = f"{_CONTEXT}categories/moveon"
SESSION_ID: Final = f"{_CONTEXT}extensions/sessionid"
MASTERY_SCORE: Final = f"{_CONTEXT}extensions/masteryscore"
LAUNCH_MODE: Final = f"{_CONTEXT}extensions/launchmode"
LAUNCH_URL: Final = f"{_CONTEXT}extensions/launchurl"
LAUNCH_PARAMETERS: Final = f"{_CONTEXT}extensions/launchparameters"
MOVE_ON: Final = f"{_CONTEXT}extensions/moveon"
REASON: Final = "https://w3id.org/xapi/cmi5/result/extensions/reason"
BLOCK: Final = "https://w3id.org/xapi/cmi5/activitytype/block"
COURSE: Final = "https://w3id.org/xapi/cmi5/activitytype/course"

LAUNCH_DATA: Final = "LMS.LaunchData"
PREFERENCES: Final = "cmi5LearnerPreferences"
