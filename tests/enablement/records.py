"""A tool that talks to a vendor's learning record store, for tests."""

import base64
import json
from typing import Any
from uuid import uuid4

from django.db import transaction

from enablement.records.models import KeyScope, StoreKey
from enablement.records.services import hash_secret
from portal.tenancy.scope import entered, system_scope
from tests.support.worlds import PortalClient, VendorWorld

VERBS = "http://adlnet.gov/expapi/verbs/"
COURSE = "https://lms.example/courses/fleet"


class Tool:
    """A key of the vendor's and a client that sends it. Paths are below /xapi/."""

    def __init__(self, world: VendorWorld, *, scope: str = KeyScope.ALL, version: str = "2.0.0") -> None:
        self.client = PortalClient(world.vendor)
        self.version = version
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            self.key = StoreKey.objects.create(
                name="LMS", scope=scope, secret_hash=hash_secret("secret"), version=version
            )

    def send(self, method: str, path: str, body: Any = None, *, as_json: bool = True, **headers: str) -> Any:
        """A response. Header names with underscores, `Content_Type` among them."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        content_type = names.pop("Content-Type", "application/json")
        pair = base64.b64encode(f"{self.key.key}:secret".encode()).decode()
        data = json.dumps(body) if as_json and body is not None else (body or b"")
        return self.client.generic(
            method,
            f"/xapi/{path}",
            data,
            content_type=content_type,
            headers={"Authorization": f"Basic {pair}", "X-Experience-API-Version": self.version, **names},
        )

    def post(self, *statements: dict[str, Any]) -> Any:
        return self.send("POST", "statements", list(statements))

    def find(self, **query: Any) -> list[str]:
        """Ids of the statements found, in the order of the answer."""
        params = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
        from urllib.parse import urlencode

        answer = self.send("GET", f"statements?{urlencode(params)}")
        assert answer.status_code == 200, answer.content
        return [statement["id"] for statement in answer.json()["statements"]]


def agent(email: str = "partner_rep@acme.example", **more: Any) -> dict[str, Any]:
    return {"objectType": "Agent", "mbox": f"mailto:{email}", **more}


def statement(verb: str = "completed", activity: str = COURSE, **parts: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": str(uuid4()),
        "actor": agent(),
        "verb": {"id": f"{VERBS}{verb}"},
        "object": {"id": activity},
    }
    return {**made, **parts}


def about(target: str, verb: str = "commented", **parts: Any) -> dict[str, Any]:
    return statement(verb, object={"objectType": "StatementRef", "id": target}, **parts)
