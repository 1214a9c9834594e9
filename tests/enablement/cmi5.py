"""A cmi5 package for tests, and a unit that speaks as its content would."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

from django.utils import timezone

from enablement.cmi5 import presenters, services
from enablement.cmi5 import vocabulary as words
from enablement.cmi5.models import Cmi5Session
from enablement.courses.models import Course, Enrolment, Module
from enablement.packages.selectors import parts_of
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.enablement.packages import course_with, zipped
from tests.support.worlds import Person, PortalClient, VendorWorld

PUBLISHER = "https://publisher.example/"


def unit(name: str = "one", **attributes: str) -> str:
    """An assignable unit; `url` is where it begins."""
    url = attributes.pop("url", f"{name}.html?a=1")
    given = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return (
        f'<au id="{PUBLISHER}{name}"{given}><title><langstring lang="en">Unit {name}</langstring></title>'
        f"<url>{url}</url><launchParameters>level=2</launchParameters></au>"
    )


def block(name: str, *inside: str) -> str:
    title = f'<title><langstring lang="en">Block {name}</langstring></title>'
    return f'<block id="{PUBLISHER}{name}">{title}{"".join(inside)}</block>'


def structure(*inside: str, course: str = f"{PUBLISHER}course") -> str:
    return (
        '<courseStructure xmlns="https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd">'
        f'<course id="{course}"><title><langstring lang="en">Robots</langstring></title></course>'
        f"{''.join(inside)}</courseStructure>"
    )


def package(*inside: str) -> bytes:
    pages: dict[str, bytes | str] = {f"{name}.html": "<p>Unit</p>" for name in ("one", "two", "three")}
    return zipped({"cmi5.xml": structure(*inside), **pages})


def course(world: VendorWorld, *inside: str, slug: str = "robots") -> Course:
    return course_with(world, package(*(inside or (unit(moveOn="Passed"),))), slug=slug, kind="cmi5")


def launch(
    world: VendorWorld, person: Person, enrolment: Enrolment, *, position: int = 1, mode: str = ""
) -> "Unit":
    with entered(system_scope(world.vendor.pk)):
        module = Module.objects.get(version=enrolment.version_id)
    made = school.do(
        services.session_launch, person, enrolment=enrolment, module=module, position=position, mode=mode
    )
    return Unit(world, made.pk)


class Unit:
    """The content of one launch, from its address on."""

    def __init__(self, world: VendorWorld, session_pk: int) -> None:
        self.world, self.client = world, PortalClient(world.vendor)
        with entered(system_scope(world.vendor.pk)):
            rows = Cmi5Session.objects.select_related(
                "registration__package", "registration__module", "registration__enrolment__course", "launch"
            )
            self.session = rows.get(pk=session_pk)
            part = parts_of(self.session.registration.package)[self.session.position - 1]
            self.address = presenters.launch_address(world.vendor, self.session, part)
        asked = parse_qs(urlsplit(self.address).query)
        self.given = {name: values[0] for name, values in asked.items()}
        self.actor = json.loads(self.given["actor"])
        self.auth = ""
        self.data: dict[str, Any] = {}

    def fetch(self) -> dict[str, Any]:
        path = urlsplit(self.given["fetch"]).path
        self.client.prefix = ""
        answer = self.client.post(path)
        assert answer.status_code == 200, answer.content
        assert answer["Access-Control-Allow-Origin"] == "*"
        told: dict[str, Any] = answer.json()
        self.auth = told.get("auth-token", self.auth)
        return told

    def send(self, method: str, path: str, body: Any = None, content_type: str = "application/json") -> Any:
        self.client.prefix = ""
        endpoint = urlsplit(self.given["endpoint"]).path
        return self.client.generic(
            method,
            f"{endpoint}/{path}",
            json.dumps(body) if body is not None else b"",
            content_type=content_type,
            headers={"Authorization": f"Basic {self.auth}", "X-Experience-API-Version": "1.0.3"},
        )

    def read(self) -> None:
        """Launch data and preferences, as every unit does first."""
        state = self.state(words.LAUNCH_DATA)
        answer = self.send("GET", state)
        assert answer.status_code == 200, answer.content
        self.data = answer.json()
        assert self.send("GET", self.preferences()).status_code == 200

    def state(self, name: str) -> str:
        params = {"stateId": name, "activityId": self.given["activityId"], "agent": self.given["actor"],
                  "registration": self.given["registration"]}  # fmt: skip
        return f"activities/state?{urlencode(params)}"

    def preferences(self) -> str:
        return f"agents/profile?{urlencode({'profileId': words.PREFERENCES, 'agent': self.given['actor']})}"

    def statement(self, verb: str, *, defined: bool = True, **result: Any) -> dict[str, Any]:
        context = json.loads(json.dumps(self.data["contextTemplate"]))
        context["registration"] = self.given["registration"]
        if defined:
            categories = [{"id": words.CATEGORY}]
            if verb in words.OF_RESULTS:
                categories.append({"id": words.MOVE_ON_CATEGORY})
            context["contextActivities"]["category"] = categories
        if "masteryScore" in self.data and "score" in result:
            context["extensions"][words.MASTERY_SCORE] = self.data["masteryScore"]
        made: dict[str, Any] = {
            "id": str(uuid4()), "actor": self.actor, "verb": {"id": verb}, "context": context,
            "object": {"id": self.given["activityId"]}, "timestamp": timezone.now().isoformat(),
        }  # fmt: skip
        return {**made, "result": result} if result else made

    def post(self, *statements: dict[str, Any]) -> Any:
        return self.send("POST", "statements", list(statements))

    def say(self, verb: str, **result: Any) -> Any:
        return self.post(self.statement(verb, **result))

    def start(self) -> "Unit":
        self.fetch()
        self.read()
        assert self.say(words.INITIALIZED).status_code == 200
        return self

    def complete(self) -> Any:
        return self.say(words.COMPLETED, completion=True, duration="PT1S")

    def succeed(self, scaled: float = 0.9) -> Any:
        return self.say(words.PASSED, success=True, duration="PT1S", score={"scaled": scaled})

    def fail(self, scaled: float = 0.1) -> Any:
        return self.say(words.FAILED, success=False, duration="PT1S", score={"scaled": scaled})

    def terminate(self) -> Any:
        return self.say(words.TERMINATED, duration="PT1S")

    @property
    def pair(self) -> str:
        return base64.b64decode(self.auth).decode()
