"""Lists as files that spreadsheets like: CSV in UTF-8 with a byte-order mark, or Excel; no live formulas."""

import csv
from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any, Final

from django.http import HttpResponse
from openpyxl import Workbook

from portal.events.log import record
from portal.tenancy.access import Actor

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
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
    _taken_along(name, count, actor)
    return response


def xlsx_response(
    name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], *, actor: Actor
) -> HttpResponse:
    """The same as an Excel workbook of one sheet: numbers and dates stay what they are."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    sheet.append(list(header))
    count = 0
    for count, row in enumerate(rows, 1):  # noqa: B007  (counts while it streams)
        sheet.append([spreadsheet_safe(cell) for cell in row])
    content = BytesIO()
    book.save(content)
    response = HttpResponse(content.getvalue(), content_type=_XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.xlsx"'
    _taken_along(name, count, actor)
    return response


def _taken_along(name: str, count: int, actor: Actor) -> None:
    partner_id = actor.partner.pk if actor.partner else None
    record("portal.exported", actor=actor, partner_id=partner_id, data={"list": name, "rows": count})


def spreadsheet_safe(cell: Any) -> Any:
    """Text that looks like a formula is quoted, so that it stays text; imports take the apostrophe off again.

    So is what such a quoted text looks like, or it would not come back as it is.
    """
    if isinstance(cell, str) and cell.lstrip("'").startswith(_FORMULA):
        return f"'{cell}"
    return cell
