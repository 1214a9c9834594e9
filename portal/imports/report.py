"""What became of a file: how many records were created, changed or left alone, and every rejected line."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from portal.imports.tables import Fault
from portal.ui.exports import spreadsheet_safe


@dataclass(frozen=True, slots=True)
class Change:
    """A record that was created, or changed in these fields."""

    line: int
    what: str
    label: str
    fields: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    kind: str
    file: str
    #: How the file was read, for example "CSV, utf-8, comma".
    format: str
    dry_run: bool
    lines: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    faults: list[Fault] = field(default_factory=list)
    #: Whatever else a person should know: what was created on the way, which columns nobody used.
    notes: list[str] = field(default_factory=list)
    #: The first few, for a preview.
    changes: list[Change] = field(default_factory=list)

    @property
    def rejected(self) -> int:
        """Lines of the file, not records: each is named in `faults`."""
        return len({fault.line for fault in self.faults})

    @property
    def accepted(self) -> int:
        return self.created + self.updated + self.unchanged

    @property
    def changed(self) -> int:
        return self.created + self.updated

    @property
    def failed(self) -> bool:
        """Nothing at all could be taken."""
        return not self.accepted and bool(self.faults)

    def summary(self) -> str:
        counts = f"{self.created:,} created, {self.updated:,} updated, {self.unchanged:,} unchanged"
        return f"{counts}; {self.rejected:,} of {self.lines:,} lines rejected"


class Writable(Protocol):
    def write(self, text: str, /) -> object: ...


def write_faults(faults: Iterable[Fault], file: Writable) -> None:
    """The rejected lines as CSV. Their values come from outside, so none may become a live formula."""
    writer = csv.writer(file)
    writer.writerow(["line", "column", "value", "reason"])
    for fault in faults:
        writer.writerow([fault.line, *map(spreadsheet_safe, (fault.column, fault.value, fault.reason))])
