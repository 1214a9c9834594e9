"""What a file says of a question, before anybody checked it."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(slots=True)
class Draft:
    """`choices` are {"text", "is_right", "match"}; `line` is where it begins in its file."""

    line: int
    text: str
    kind: str
    explanation: str = ""
    choices: list[dict[str, Any]] = field(default_factory=list)
    number: Decimal | None = None
    tolerance: Decimal = Decimal(0)
    unit: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a file that is no question we can ask: where, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Read:
    drafts: list[Draft] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
