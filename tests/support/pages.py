"""What page tests count and read."""

import re
from html.parser import HTMLParser
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.worlds import PortalClient

BUDGET = 12
#: Said by the connection, not asked by a page. The scope is reset at the end of a request only because the
#: test's own transaction goes on; otherwise it ends with the transaction.
_NOT_ASKED = (
    "BEGIN",
    "COMMIT",
    "SAVEPOINT",
    "RELEASE",
    "ROLLBACK",
    "SELECT set_config('portal.vendor_id', '',",
)


def statements(client: PortalClient, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200, path
    return sum(not query["sql"].startswith(_NOT_ASKED) for query in captured)


def text(response: Any) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


class _Answers(HTMLParser):
    """What a browser would send of the form that carries a version: its inputs, areas and chosen options."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, Any] = {}
        self.found: dict[str, Any] = {}
        self.area = self.choice = ""

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        given = dict(attributes)
        name = given.get("name") or ""
        if tag == "form":
            self.sent = {}
        elif tag == "textarea":
            self.area, self.sent[name] = name, ""
        elif tag == "select":
            self.choice = name
        elif tag == "option" and ("selected" in given or self.choice not in self.sent):
            self.sent[self.choice] = given.get("value", "")
        elif tag == "input" and name and given.get("type") not in ("submit", "file"):
            ticked = given.get("type") in ("checkbox", "radio")
            if not ticked or "checked" in given:
                self.sent[name] = given.get("value") or ("on" if ticked else "")

    def handle_data(self, data: str) -> None:
        if self.area:
            self.sent[self.area] += data.removeprefix("\n") if not self.sent[self.area] else data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""
        elif tag == "form" and "version" in self.sent:
            self.found = self.sent


def filled(response: Any) -> dict[str, Any]:
    """The answers of the page's form as a browser would send them, untouched."""
    parser = _Answers()
    parser.feed(response.content.decode())
    assert parser.found, "no form of a record on this page"
    return parser.found
