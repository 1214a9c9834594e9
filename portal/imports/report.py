"""What became of a file: how many records were created, changed or left alone, and every rejected line."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from portal.imports.tables import Fault
from portal.ui.exports import spreadsheet_safe
from portal.ui.formatting import format_count


@dataclass(frozen=True, slots=True)
class Change:
    """A record that was created, or changed in these fields."""

    line: int
    what: str
    label: str
    fields: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why lines were rejected, and how many; one value, or the first of several."""

    count: int
    column: str
    value: str
    text: str
    #: Whether other lines hold other values.
    is_sample: bool = False

    def __str__(self) -> str:
        place = f" {self.column}" if self.column else ""
        value = f" {self.value!r}" if self.value else ""
        more = " and others" if self.is_sample else ""
        return f"{self.count:,} x{place}{value}{more}: {self.text}"


def by_reason(faults: Iterable[Fault]) -> list[Reason]:
    """The most frequent first: values that repeat by themselves, the others of one reason together."""
    alike: dict[tuple[str, str, str], list[Fault]] = {}
    for fault in faults:
        alike.setdefault((fault.column, fault.value, _without_numbers(fault.reason)), []).append(fault)
    single: dict[tuple[str, str], list[Fault]] = {}
    for (column, _, text), listed in list(alike.items()):
        if len(listed) == 1:
            single.setdefault((column, text), []).extend(listed)
    groups = [listed for listed in alike.values() if len(listed) > 1] + list(single.values())
    reasons = [_reason(listed) for listed in groups]
    return sorted(reasons, key=lambda reason: -reason.count)


def _reason(faults: list[Fault]) -> Reason:
    first = faults[0]
    values = {fault.value for fault in faults}
    return Reason(len(faults), first.column, first.value, first.reason, is_sample=len(values) > 1)


def _without_numbers(text: str) -> str:
    """ "Line 4 has the same key." and "Line 9 has the same key." are one reason."""
    return re.sub(r"\S*[0-9]\S*", "0", text)


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
    def reasons(self) -> list[Reason]:
        return by_reason(self.faults)

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
        return f"{counts}; {self.rejected:,} of {format_count(self.lines, 'line')} rejected"


class Writable(Protocol):
    def write(self, text: str, /) -> object: ...


def write_faults(faults: Iterable[Fault], file: Writable) -> None:
    """The rejected lines as CSV. Their values come from outside, so none may become a live formula."""
    writer = csv.writer(file)
    writer.writerow(["line", "column", "value", "reason"])
    for fault in faults:
        writer.writerow([fault.line, *map(spreadsheet_safe, (fault.column, fault.value, fault.reason))])
