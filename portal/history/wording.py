"""What people call the rows and moments that late facts are about; each app says it of its own."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """`noun` of the row, such as "Deal"; `moments`: {column: word}, such as {"won_at": "won"}."""

    noun: str
    moments: Mapping[str, str]


_wordings: dict[str, Wording] = {}


def declare_wording(subject_type: str, wording: Wording) -> None:
    """`subject_type`: label of the model in lower case, app and model with a dot between."""
    _wordings[subject_type] = wording


def wording_of(subject_type: str) -> Wording:
    """An undeclared type is called by its last name."""
    return _wordings.get(subject_type) or Wording(subject_type.rpartition(".")[2].capitalize(), {})
