"""What page tests count and read."""

import re
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
