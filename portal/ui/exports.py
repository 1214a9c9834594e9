"""Lists as CSV files, as spreadsheets like them: UTF-8 with a byte-order mark, and no live formulas."""

import csv
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse

from portal.events.log import record
from portal.tenancy.access import Actor

#: A cell that starts with one of these would be run by a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_response(
    name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, actor: Actor
) -> HttpResponse:
    """`rows` as a download called `<name>.csv`; that somebody took the list along is recorded.

    Built in memory: a streamed answer would outlive the request's scope. Dates come as ISO text, numbers
    with a point; None is an empty cell.
    """
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    writer = csv.writer(response)
    writer.writerow(header)
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007  (counts while it streams)
        writer.writerow([spreadsheet_safe(cell) for cell in row])
    partner_id = actor.partner.pk if actor.partner else None
    record("portal.exported", actor=actor, partner_id=partner_id, data={"list": name, "rows": count})
    return response


def spreadsheet_safe(cell: Any) -> Any:
    """Text that looks like a formula is quoted, so that it stays text; imports take the apostrophe off again.

    So is what such a quoted text looks like, or it would not come back as it is.
    """
    if isinstance(cell, str) and cell.lstrip("'").startswith(_FORMULA):
        return f"'{cell}"
    return cell
