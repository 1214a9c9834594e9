"""What can be imported. The apps above register their resources; the kernel only knows the names."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class ImportKind:
    """`resource` is the dotted path of a `VendorResource`, imported when it is first needed."""

    name: str
    resource: str
    #: In which order a programme is loaded: what others refer to comes first.
    position: int

    @property
    def resource_class(self) -> Any:
        return import_string(self.resource)


_kinds: dict[str, ImportKind] = {}


def register(kinds: Iterable[ImportKind]) -> None:
    _kinds.update({kind.name: kind for kind in kinds})


def kind(name: str) -> ImportKind:
    """Raises KeyError for what nobody registered."""
    return _kinds[name]


def kinds() -> list[ImportKind]:
    """All of them, in the order in which a programme is loaded."""
    return sorted(_kinds.values(), key=lambda kind: kind.position)
