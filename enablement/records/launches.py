"""What comes with a key that was made for one launch: the feature that launches content says what may come.

The store itself holds such a key to its learner and registration; the rules of the standard register here.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from enablement.records.documents import Place
from enablement.records.models import StoreKey
from enablement.records.statements import Json


class LaunchRules(Protocol):
    """Each may raise `protocol.Refused`; then nothing of the request is kept."""

    def statements(self, key: StoreKey, sent: Sequence[Json]) -> Callable[[], None]:
        """Check statements that keep the rules of xAPI; what is returned runs once they are stored."""

    def document_written(self, key: StoreKey, place: Place, content_type: str, content: bytes | None) -> None:
        """Before a document is kept, or removed (`content` is None)."""

    def document_read(self, key: StoreKey, place: Place) -> None:
        """A document was asked for, whether it is there or not."""


_registered: list[LaunchRules] = []


def register(rules: LaunchRules) -> None:
    _registered[:] = [rules]


def rules() -> LaunchRules | None:
    return _registered[0] if _registered else None
