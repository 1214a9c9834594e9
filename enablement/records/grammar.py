"""The small forms a statement is written in: IRIs, times, durations, languages. No database, no Django.

xAPI 1.0.3, part 2, section 4; IEEE 9274.1.1, section 4.2.7.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

#: A value and where it stands ("statement.actor.mbox"); raises Invalid.
Check = Callable[[Any, str], None]

#: Longer texts are indexed by their beginning and their digest: a btree entry holds 2,700 bytes, and the
#: key of a document is made of three texts.
MOST_INDEXED: Final = 300


class Invalid(ValueError):
    """The statement or document breaks the specification; the text says where and how."""


def matching(pattern: str, what: str, flags: int = 0) -> Check:
    """A check that the value is a text of this form."""
    form = re.compile(pattern, flags)

    def check(value: Any, where: str) -> None:
        if not isinstance(value, str) or not form.fullmatch(value):
            raise Invalid(f"{where} must be {what}.")

    return check


#: A scheme and something after it; relative references and blanks are refused.
is_iri: Final = matching(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x1f]+", "an absolute IRI")
is_uuid: Final = matching(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID", re.IGNORECASE)
is_mailbox: Final = matching(r"mailto:[^\s@<>]+@[^\s@<>]+", "mailto: and an e-mail address")
is_sha1: Final = matching(r"[0-9a-f]{40}", "a SHA-1 digest of 40 hexadecimal digits", re.IGNORECASE)
is_sha2: Final = matching(r"[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}", "a SHA-2 digest", re.I)
is_text: Final = matching(r".*", "a text", re.DOTALL)
is_media_type: Final = matching(
    r"[\w!#$&^.+-]+/[\w!#$&^.+-]+([ \t]*;[ \t]*[\w-]+=(\"[^\"\r\n]*\"|[^\s;]+))*[ \t]*;?",
    "an Internet media type",
)
_is_duration: Final = matching(
    r"P(?:\d+(?:\.\d+)?W|(?=\d|T\d)(?:\d+(?:\.\d+)?Y)?(?:\d+(?:\.\d+)?M)?(?:\d+(?:\.\d+)?D)?"
    r"(?:T(?=\d)(?:\d+(?:\.\d+)?H)?(?:\d+(?:\.\d+)?M)?(?:\d+(?:\.\d+)?S)?)?)",
    "an ISO 8601 duration such as PT1H30M",
)
#: RFC 5646: language, script, region, variants, extensions, private use; or private use alone.
is_language: Final = matching(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+|i-[a-z]+",
    "a language tag (RFC 5646)",
    re.IGNORECASE,
)
_NO_ZONE_AT_ALL: Final = re.compile(r"-00(:?00)?$")
_A_TIME: Final = re.compile(r"\d{4}-?\d{2}-?\d{2}[Tt ]\d{2}")
_SECONDS: Final = re.compile(r"(\d+)(?:\.(\d+))?S")


def is_duration(value: Any, where: str) -> None:
    _is_duration(value, where)


def is_bool(value: Any, where: str) -> None:
    if not isinstance(value, bool):
        raise Invalid(f"{where} must be true or false.")


def is_number(value: Any, where: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Invalid(f"{where} must be a number.")


def is_time(value: Any, where: str) -> None:
    moment(value, where)


def moment(value: Any, where: str) -> datetime:
    """An ISO 8601 date and time as an instant; without an offset it is taken as UTC.

    The offset "-00:00" (RFC 3339: "unknown") is refused, as the specification asks.
    """
    if not isinstance(value, str) or not _A_TIME.match(value) or _NO_ZONE_AT_ALL.search(value[10:]):
        raise Invalid(f"{where} must be an ISO 8601 date and time.")
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{where} must be an ISO 8601 date and time.") from error


def written(instant: datetime) -> str:
    """An instant as the store writes it: UTC, to the microsecond."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def to_hundredths(duration: str) -> str:
    """A duration as two of them are compared: what is finer than 0.01 s is cut off."""
    return _SECONDS.sub(_cut, duration)


def _cut(seconds: re.Match[str]) -> str:
    fraction = (seconds[2] or "")[:2].rstrip("0")
    return f"{int(seconds[1])}.{fraction}S" if fraction else f"{int(seconds[1])}S"


def indexed(text: str) -> str:
    """`text`, or for a long one its beginning and digest: equal exactly when the texts are."""
    octets = text.encode()
    if len(octets) <= MOST_INDEXED:
        return text
    return f"{octets[:200].decode(errors='ignore')} sha256:{hashlib.sha256(octets).hexdigest()}"


def read_json(content: bytes, what: str) -> Any:
    """The value of a JSON text that the database can hold as well; Invalid for anything else."""
    try:
        value = json.loads(content.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
        again = json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:  # UnicodeError is a ValueError
        raise Invalid(f"{what} is not valid JSON: {error}") from error
    if b"\\u0000" in again:
        raise Invalid(f"{what} holds a NUL character.")
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is out of range")
    return number
