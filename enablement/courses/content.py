"""What a module can hold. Each feature registers its kinds; course pages and the editor know none by name.

A kind says how it is called, what the editor asks for, how the player shows it, and how one can tell that
somebody is through with it. What a kind keeps beyond the fields of `Module` hangs on the module in a table
of its own, which `saved`, `missing` and `copied` look after.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.forms import BaseForm

from enablement.courses.models import Enrolment, Module, ModuleProgress
from portal.tenancy.access import Actor


class Completion(StrEnum):
    """Who says that a module is done."""

    LEARNER = "learner"  # a button below it
    CONTENT = "content"  # the package or its record reports it
    TEST = "test"  # its test is passed


@dataclass(frozen=True, slots=True)
class Shown:
    """A module on the player's page, among those of its version. No enrolment and progress in a preview."""

    actor: Actor
    module: Module
    enrolment: Enrolment | None
    progress: ModuleProgress | None
    page: int = 1
    modules: Sequence[Module] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A field of `Module` that the editor asks for; `help` is for this kind."""

    name: str
    label: str
    required: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class ContentKind:
    """`template` is a fragment of the player and gets `module`, `progress` and what `context` adds.

    `below` is another one, for what belongs under the whole player.
    `form(data, files, module=)` makes a second form for what the kind keeps in its own tables (no module
    while a new one is written); `saved(actor, module, form)` writes its answers.
    `missing` says why a module cannot be published yet, in words; "" when it can. `copied` brings what hangs
    on a module over to its copy in a new draft. `place` words where somebody stopped.
    """

    key: str
    label: str
    icon: str
    template: str
    completion: Completion = Completion.LEARNER
    below: str = ""
    fields: tuple[Field, ...] = ()
    description: str = ""
    form: Callable[..., BaseForm] | None = None
    saved: Callable[[Actor, Module, BaseForm], None] | None = None
    context: Callable[[Shown], Mapping[str, Any]] = lambda shown: {}
    missing: Callable[[Module], str] = lambda module: ""
    copied: Callable[[Module, Module], None] = lambda source, target: None
    place: Callable[[Module, str], str] = lambda module, place: ""


_kinds: dict[str, ContentKind] = {}
_UNKNOWN: Final = ContentKind(
    "", "Content", "file-text", "enablement/courses/kinds/unknown.html", completion=Completion.CONTENT
)


def register(*kinds: ContentKind) -> None:
    for kind in kinds:
        _kinds[kind.key] = kind


def content_kind(key: str) -> ContentKind:
    """The registered kind; one whose feature is gone shows as content that cannot be opened."""
    return _kinds.get(key, _UNKNOWN)


def content_kinds() -> list[ContentKind]:
    return list(_kinds.values())
