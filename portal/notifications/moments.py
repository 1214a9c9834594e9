"""Moments in what people are told: kept as moments, put into words when somebody reads them.

A mail lies unread for days, and so does an entry of the inbox: what was "tomorrow" then is not any more.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.utils import timezone

from portal.ui.formatting import format_date, format_time, format_when

_KEY: Final = "moment"
#: How a moment stands in a text that is kept.
_KEPT: Final = re.compile(r"\{(\d{4}-\d\d-\d\dT[\d:.]+\+00:00)\}")

Say = Callable[[datetime], str]


def moment(at: datetime) -> dict[str, str]:
    """The JSON of a moment, for the context of `notify()`."""
    return {_KEY: at.astimezone(UTC).isoformat()}


def in_words(context: Any, say: Say) -> Any:
    """The same JSON with each moment said; everything else stays."""
    if isinstance(context, Mapping):
        if context.keys() == {_KEY}:
            return say(datetime.fromisoformat(context[_KEY]))
        return {name: in_words(value, say) for name, value in context.items()}
    if isinstance(context, list | tuple):
        return [in_words(value, say) for value in context]
    return context


def for_mail(at: datetime) -> str:
    """Such as "Thu 26 Nov 2026, 14:00 (CET)": true whenever it is read, and wherever."""
    local = timezone.localtime(at)
    return f"{format_date(local, 'weekday')} {local.year}, {format_time(at)} ({local.tzname()})"


def to_keep(at: datetime) -> str:
    """As it stands in a title that is kept."""
    return f"{{{at.astimezone(UTC).isoformat()}}}"


def read_now(kept: str, say: Say = format_when) -> str:
    """A kept title in the words of this moment: "Due tomorrow 11:30: ..."."""
    return _KEPT.sub(lambda found: say(datetime.fromisoformat(found[1])), kept)
