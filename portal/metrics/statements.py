"""Sources that are one statement each, and how several of them are asked in one.

A night asks every source by itself, for all partners. Where a few partners are computed on the spot, the way
to the database costs more than the counting: there all statements travel together.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from portal.metrics.declarations import AsOf, Result, Source
from portal.tenancy.scope import current_vendor_id

#: {metric key: {partner id: result}}
Found = dict[str, dict[int, Result]]


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """SQL that gives one `row` (a named tuple of numbers) per partner.

    `{of_partners}` in the text becomes a condition on a column `partner_id`, or nothing where all are asked
    for. `moments(as_of)` are the parameters; `vendor` and `partners` come along.
    """

    sql: str
    row: Any
    moments: Callable[[AsOf], Mapping[str, Any]]

    def text(self, partner_ids: Collection[int] | None) -> str:
        chosen = "" if partner_ids is None else "and partner_id = any(%(partners)s)"
        return self.sql.format(of_partners=chosen)

    def parameters(self, as_of: AsOf, partner_ids: Collection[int] | None) -> dict[str, Any]:
        chosen = None if partner_ids is None else list(partner_ids)
        return {"vendor": current_vendor_id(), "partners": chosen, **self.moments(as_of)}

    def rows(self, as_of: AsOf, partner_ids: Iterable[int] | None = None) -> list[Any]:
        """Runs under the current scope."""
        chosen = None if partner_ids is None else list(partner_ids)
        with connection.cursor() as cursor:
            cursor.execute(self.text(chosen), self.parameters(as_of, chosen))
            return [self.row._make(row) for row in cursor.fetchall()]


@dataclass(frozen=True, slots=True, eq=False)
class StatementSource:
    """A source of metrics: `values` turns each partner's row into the result of each key."""

    statement: Statement
    values: Mapping[str, Callable[[Any], Result]]

    def __call__(self, as_of: AsOf, partner_ids: Iterable[int] | None = None) -> Found:
        return self.results(self.statement.rows(as_of, partner_ids))

    def results(self, rows: Sequence[Any]) -> Found:
        return {key: {row.partner_id: value(row) for row in rows} for key, value in self.values.items()}


def ask(sources: Iterable[Source], as_of: AsOf, partner_ids: Collection[int] | None = None) -> Found:
    """What all sources say, of everybody one after the other, of a few partners in one statement."""
    found: Found = {}
    together: list[StatementSource] = []
    for source in sources:
        if partner_ids is not None and isinstance(source, StatementSource):
            together.append(source)
        else:
            found |= source(as_of, partner_ids)
    return found | (_together(together, as_of, partner_ids) if together and partner_ids is not None else {})


def _together(sources: Sequence[StatementSource], as_of: AsOf, partner_ids: Collection[int]) -> Found:
    """Rows of different shapes travel as JSON arrays, each with the place of its source."""
    parts: list[str] = []
    parameters: dict[str, Any] = {}
    for place, source in enumerate(sources):
        statement = source.statement
        columns = ", ".join(statement.row._fields)
        text = re.sub(r"%\((\w+)\)s", rf"%(s{place}_\1)s", statement.text(partner_ids))
        parts.append(f"select {place}, json_build_array({columns})::text from ({text}) found ({columns})")  # noqa: S608
        own = statement.parameters(as_of, partner_ids)
        parameters |= {f"s{place}_{name}": value for name, value in own.items()}
    rows: list[list[Any]] = [[] for _ in sources]
    with connection.cursor() as cursor:
        cursor.execute(" union all ".join(parts), parameters)
        for place, row in cursor.fetchall():
            rows[place].append(sources[place].statement.row._make(json.loads(row)))
    found: Found = {}
    for source, of in zip(sources, rows, strict=True):
        found |= source.results(of)
    return found
