"""cmi5: packages taken in, units launched with one key each, what they may say, and what follows from it."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from enablement.cmi5 import services, tasks
from enablement.cmi5 import vocabulary as words
from enablement.cmi5.kinds import Cmi5Form
from enablement.cmi5.models import Cmi5Registration, Cmi5Session, Cmi5Unit
from enablement.courses.models import Enrolment, Source
from enablement.packages.manifest import manifest_of_xml
from enablement.packages.models import Launch
from enablement.quizzes.models import Attempt
from enablement.records.models import LearningResult, Statement
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.enablement.cmi5 import PUBLISHER, Unit, block, course, launch, package, structure, unit
from tests.enablement.packages import file, zipped
from tests.enablement.records import Tool
from tests.enablement.records import statement as plain
from tests.support.worlds import Person, PortalClient, VendorWorld

pytestmark = pytest.mark.django_db

REMOTE = "https://a.example/start"


@pytest.fixture
def rep(world: VendorWorld) -> Person:
    return world.people["partner_rep"]


@pytest.fixture
def enrolment(world: VendorWorld, rep: Person) -> Enrolment:
    return school.enrol(rep, course(world, block("b", unit(moveOn="Passed", masteryScore="0.8"))))


def told(world: VendorWorld) -> list[str]:
    """The verbs of everything stored, in order."""
    with entered(system_scope(world.vendor.pk)):
        verbs = Statement.objects.order_by("pk").values_list("verb", flat=True)
        return [verb.rpartition("/")[2] for verb in verbs]


def finished(world: VendorWorld, enrolment: Enrolment) -> bool:
    with entered(system_scope(world.vendor.pk)):
        enrolment.refresh_from_db()
    return enrolment.completed_at is not None


class TestPackages:
    @pytest.mark.parametrize(
        ("inside", "code"),
        [
            (unit(moveOn="Whenever", url=REMOTE), "manifest"),
            (unit(launchMethod="Hologram", url=REMOTE), "manifest"),
            (unit(masteryScore="1.2", url=REMOTE), "mastery"),
            (unit(masteryScore="high", url=REMOTE), "mastery"),
            (unit(url="https://a.example/?endpoint=x"), "query"),
            (unit(url="https://a.example/?AUTH=1&amp;ActivityId=x"), "query"),
            (unit(url="http://a.example here.html"), "href"),
            (unit(url="javascript:alert(1)"), "href"),
            (unit(url="one.html"), "href"),
            (unit(url="https://a.example/") * 2, "twice"),
            (block("b", unit(url="https://a.example/")) + block("b", unit("two", url="https://a.example/")),
             "twice"),
            ("", "manifest"),
        ],
    )  # fmt: skip
    def test_a_bad_structure_is_refused_with_a_reason(self, inside: str, code: str) -> None:
        with pytest.raises(ValidationError) as caught:
            manifest_of_xml(structure(inside).encode())
        assert caught.value.code == code

    @pytest.mark.parametrize(
        "text",
        [
            "<html/>",
            "<courseStructure",
            '<!DOCTYPE c [<!ENTITY a "b">]><courseStructure>&a;</courseStructure>',
            '<!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/passwd">]><courseStructure>&a;</courseStructure>',
            structure(unit(url="https://a.example/"), course="no iri"),
        ],
    )
    def test_a_hostile_or_broken_structure_is_refused(self, text: str) -> None:
        form = Cmi5Form({}, {"package": file(text.encode(), "cmi5.xml")})
        assert not form.is_valid()
        assert form.errors["package"]

    def test_a_structure_alone_is_taken_and_so_is_a_package(self) -> None:
        alone = structure(unit(url="https://a.example/start"))
        for content in (alone.encode(), b"\xef\xbb\xbf  " + alone.encode(), package(unit())):
            form = Cmi5Form({}, {"package": file(content)})
            assert form.is_valid(), form.errors

    def test_content_decides_and_not_the_name(self) -> None:
        form = Cmi5Form({}, {"package": file(b"just text", "cmi5.xml")})
        assert "no ZIP file" in form.errors["package"][0]

    def test_a_scorm_package_is_none_of_these(self) -> None:
        from tests.enablement.packages import charging

        form = Cmi5Form({}, {"package": file(charging())})
        assert form.errors["package"] == ["This is a SCORM 1.2 package, not cmi5."]

    def test_everything_that_is_said_of_a_unit_is_kept(self) -> None:
        inside = block("b", block("c", unit(moveOn="Passed", launchMethod="OwnWindow", activityType="x")))
        found = manifest_of_xml(structure(inside.replace("one.html?a=1", "https://a.example/")).encode())
        (part,) = found.parts
        assert (part.move_on, part.launch_method, part.launch_data) == ("Passed", "OwnWindow", "level=2")
        assert part.blocks == (f"{PUBLISHER}b", f"{PUBLISHER}c")
        assert [one.depth for one in found.blocks] == [0, 1]


class TestLaunch:
    def test_the_address_says_all_a_unit_needs(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        made = launch(world, rep, enrolment)
        assert urlsplit(made.address).path.endswith("/one.html")
        assert set(made.given) == {"a", "endpoint", "fetch", "actor", "registration", "activityId"}
        assert made.given["activityId"] != f"{PUBLISHER}one"
        made.fetch()
        made.read()
        assert made.data["contextTemplate"]["extensions"][words.SESSION_ID] == str(made.session.session_id)
        assert made.data["contextTemplate"]["contextActivities"]["grouping"] == [{"id": f"{PUBLISHER}one"}]
        assert (made.data["moveOn"], made.data["masteryScore"], made.data["launchMode"]) == (
            "Passed", 0.8, "Normal",
        )  # fmt: skip
        assert told(world) == ["launched"]

    def test_its_key_is_handed_out_once(self, world: VendorWorld, rep: Person, enrolment: Enrolment) -> None:
        made = launch(world, rep, enrolment)
        assert "auth-token" in made.fetch()
        again = made.fetch()
        assert "auth-token" not in again
        assert again["error-code"] == "1"

    def test_a_key_ends_with_its_session(self, world: VendorWorld, rep: Person, enrolment: Enrolment) -> None:
        made = launch(world, rep, enrolment).start()
        assert made.terminate().status_code == 200
        assert made.send("GET", made.state(words.LAUNCH_DATA)).status_code == 401

    def test_the_key_opens_nothing_at_another_vendor(
        self, world: VendorWorld, other_world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        made = launch(world, rep, enrolment).start()
        made.given["endpoint"] = made.given["endpoint"].replace(
            f"/v/{world.vendor.slug}/", f"/v/{other_world.vendor.slug}/"
        )
        assert made.complete().status_code == 401

    def test_only_the_learner_launches(self, world: VendorWorld, enrolment: Enrolment) -> None:
        for name in ("partner_admin", "program_admin"):
            with pytest.raises(PermissionDenied):
                launch(world, world.people[name], enrolment)

    def test_there_is_no_unit_beyond_the_last(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        for position in (0, 2):
            with pytest.raises(ValidationError):
                launch(world, rep, enrolment, position=position)

    def test_launch_data_is_the_portals(self, world: VendorWorld, rep: Person, enrolment: Enrolment) -> None:
        made = launch(world, rep, enrolment).start()
        for method in ("PUT", "POST", "DELETE"):
            assert made.send(method, made.state(words.LAUNCH_DATA), {}).status_code == 403, method
        everything = made.state("x").replace("stateId=x&", "")
        assert made.send("DELETE", everything).status_code == 403
        assert made.send("PUT", made.state("bookmark"), {"page": 3}).status_code == 204

    @pytest.mark.parametrize(
        "body", [[], {"languagePreference": "en US", "audioPreference": "on"}, {"languagePreference": "en"}]
    )
    def test_preferences_have_their_shape(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment, body: Any
    ) -> None:
        made = launch(world, rep, enrolment).start()
        assert made.send("PUT", made.preferences(), body).status_code == 403


class TestRules:
    @pytest.fixture
    def started(self, world: VendorWorld, rep: Person, enrolment: Enrolment) -> Unit:
        return launch(world, rep, enrolment).start()

    def test_a_session_begins_with_initialized_after_reading(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        made = launch(world, rep, enrolment)
        made.fetch()
        made.data = {"contextTemplate": {"contextActivities": {}, "extensions": {
            words.SESSION_ID: str(made.session.session_id)}}}  # fmt: skip
        assert made.say(words.INITIALIZED).status_code == 403, "nothing was read yet"
        made.read()
        assert made.complete().status_code == 403
        assert made.say(words.INITIALIZED).status_code == 200
        assert made.say(words.INITIALIZED).status_code == 403

    @pytest.mark.parametrize(
        "alter",
        [
            lambda one: one.pop("id"),
            lambda one: one.pop("timestamp"),
            lambda one: one.update(timestamp="2026-11-30T10:00:00-06:00"),
            lambda one: one["actor"].update(objectType="Group"),
            lambda one: one["actor"]["account"].update(name="somebody else"),
            lambda one: one["object"].update(id="https://other.example/"),
            lambda one: one["context"].pop("registration"),
            lambda one: one["context"]["extensions"].clear(),
            lambda one: one["context"]["contextActivities"]["category"].pop(),
            lambda one: one["context"]["contextActivities"]["category"].pop(0),
            lambda one: one["result"].pop("duration"),
            lambda one: one["result"].update(success=False),
            lambda one: one["result"].update(completion=True),
            lambda one: one["result"]["score"].update(scaled=0.7),
            lambda one: one["result"]["score"].update(raw=9),
            lambda one: one["context"]["extensions"].update({words.MASTERY_SCORE: 0.1}),
            lambda one: one["verb"].update(id=words.SATISFIED),
        ],
    )
    def test_a_statement_that_breaks_a_rule_is_refused(self, started: Unit, alter: Any) -> None:
        one = started.statement(words.PASSED, success=True, duration="PT1S", score={"scaled": 0.9})
        import copy

        one = copy.deepcopy(one)
        alter(one)
        assert started.post(one).status_code == 403
        assert started.succeed().status_code == 200

    def test_the_score_and_the_verb_agree(self, started: Unit) -> None:
        assert started.fail(0.9).status_code == 403
        assert started.succeed(0.5).status_code == 403

    def test_each_result_comes_once(self, started: Unit) -> None:
        assert started.complete().status_code == 200
        assert started.complete().status_code == 403
        assert started.succeed().status_code == 200
        assert started.succeed().status_code == 403
        assert started.fail().status_code == 403
        assert started.terminate().status_code == 200

    def test_the_same_statement_sent_twice_is_once(self, started: Unit) -> None:
        one = started.statement(words.COMPLETED, completion=True, duration="PT1S")
        assert [started.post(one).status_code for _ in range(2)] == [200, 200]

    def test_a_batch_is_kept_whole_or_not_at_all(self, world: VendorWorld, started: Unit) -> None:
        good = started.statement(words.COMPLETED, completion=True, duration="PT1S")
        bad = started.statement(words.COMPLETED, completion=True, duration="PT1S")
        assert started.post(good, bad).status_code == 403
        assert told(world) == ["launched", "initialized"]

    def test_what_counts_nowhere_may_be_said_within_the_session(self, started: Unit) -> None:
        verb = "http://adlnet.gov/expapi/verbs/experienced"
        assert started.post(started.statement(verb, defined=False)).status_code == 200

    @pytest.mark.parametrize("mode", ["Browse", "Review"])
    def test_looking_counts_nothing(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment, mode: str
    ) -> None:
        made = launch(world, rep, enrolment, mode=mode).start()
        assert [made.complete().status_code, made.succeed().status_code] == [403, 403]
        assert made.terminate().status_code == 200

    def test_nobody_else_speaks_in_a_registration(self, world: VendorWorld, started: Unit) -> None:
        tool = Tool(world)
        one = started.statement(words.PASSED, success=True, duration="PT1S")
        assert tool.post(one).status_code == 403
        assert tool.post(plain(context={"registration": started.given["registration"]})).status_code == 200

    def test_a_later_session_reads_what_was_said_before(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment, started: Unit
    ) -> None:
        started.complete()
        later = launch(world, rep, enrolment).start()
        found = later.send("GET", "statements").json()["statements"]
        assert any(one["verb"]["id"] == words.COMPLETED for one in found)
        assert later.complete().status_code == 403, "once a registration"


#: moveOn -> what is said, and whether the course is finished then.
CRITERIA = [
    ("NotApplicable", [], True),
    ("Completed", ["complete"], True),
    ("Completed", ["succeed"], False),
    ("Passed", ["succeed"], True),
    ("Passed", ["complete"], False),
    ("Passed", ["fail"], False),
    ("CompletedAndPassed", ["complete"], False),
    ("CompletedAndPassed", ["complete", "succeed"], True),
    ("CompletedOrPassed", ["succeed"], True),
    ("CompletedOrPassed", ["complete"], True),
    ("CompletedOrPassed", ["fail"], False),
]


class TestSatisfied:
    @pytest.mark.parametrize(("move_on", "said", "done"), CRITERIA)
    def test_the_criterion_of_a_unit(
        self, world: VendorWorld, rep: Person, move_on: str, said: list[str], done: bool
    ) -> None:
        enrolment = school.enrol(rep, course(world, block("b", unit(moveOn=move_on))))
        made = launch(world, rep, enrolment).start()
        for name in said:
            assert getattr(made, name)().status_code == 200
        made.terminate()
        assert finished(world, enrolment) is done
        assert told(world).count("satisfied") == (2 if done else 0)

    def test_a_block_when_all_its_units_are_and_the_course_at_the_end(
        self, world: VendorWorld, rep: Person
    ) -> None:
        inside = block("b", unit("one", moveOn="Completed"), block("c", unit("two", moveOn="Completed")))
        enrolment = school.enrol(rep, course(world, inside, unit("three", moveOn="Passed")))
        for position in (1, 2, 3):
            assert not finished(world, enrolment)
            made = launch(world, rep, enrolment, position=position).start()
            (made.succeed if position == 3 else made.complete)()
            made.terminate()
        assert finished(world, enrolment)
        with entered(system_scope(world.vendor.pk)):
            rows = Statement.objects.filter(verb=words.SATISFIED).order_by("pk")
            about = [row.body["context"]["contextActivities"]["grouping"][0]["id"] for row in rows]
            assert not LearningResult.objects.exists(), "counted with the launch, not by verbs"
        assert about == [f"{PUBLISHER}{name}" for name in ("c", "b", "course")]

    def test_a_try_is_left_and_the_first_is_kept(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        for name, scaled in (("fail", 0.3), ("succeed", 0.9)):
            made = launch(world, rep, enrolment).start()
            getattr(made, name)(scaled)
            made.terminate()
        with entered(system_scope(world.vendor.pk)):
            tries = list(
                Attempt.objects.order_by("number").values_list("number", "score", "passed", "source")
            )
            events = set(PortalEvent.objects.values_list("type", flat=True))
        assert tries == [(1, 3_000, False, Source.CMI5), (2, 9_000, True, Source.CMI5)]
        assert finished(world, enrolment)
        assert {
            "enablement.part_completed",
            "enablement.module_done",
            "enablement.course_completed",
        } <= events

    def test_what_one_is_through_with_is_opened_for_review(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        made = launch(world, rep, enrolment).start()
        made.succeed()
        made.terminate()
        assert launch(world, rep, enrolment).session.mode == "Review"


class TestSessions:
    def test_a_second_session_abandons_the_first(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        first = launch(world, rep, enrolment).start()
        second = launch(world, rep, enrolment).start()
        assert first.complete().status_code == 401
        assert second.complete().status_code == 200
        assert told(world) == ["launched", "initialized", "abandoned", "launched", "initialized", "completed"]
        with entered(system_scope(world.vendor.pk)):
            assert "duration" in Statement.objects.get(verb=words.ABANDONED).body["result"]

    def test_what_never_began_ends_without_a_word(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        first = launch(world, rep, enrolment)
        launch(world, rep, enrolment)
        assert "auth-token" not in first.fetch()
        assert told(world) == ["launched", "launched"]

    def test_what_stays_open_is_abandoned_by_the_clock(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        made = launch(world, rep, enrolment).start()
        assert tasks.end_quiet_sessions() == 0
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            Launch.objects.update(ends_at=timezone.now())
        assert [tasks.end_quiet_sessions(), tasks.end_quiet_sessions()] == [1, 0]
        assert told(world)[-1] == "abandoned"
        assert made.complete().status_code == 401


class TestWaiving:
    @pytest.fixture
    def registration(self, world: VendorWorld, rep: Person, enrolment: Enrolment) -> Cmi5Registration:
        launch(world, rep, enrolment)
        with entered(system_scope(world.vendor.pk)):
            return Cmi5Registration.objects.select_related("package").get()

    def test_a_manager_lets_somebody_move_on(
        self, world: VendorWorld, enrolment: Enrolment, registration: Cmi5Registration
    ) -> None:
        manager = world.people["manager"]
        for _ in range(2):
            school.do(
                services.unit_waive, manager, registration=registration, position=1, reason="Administrative"
            )
        assert told(world) == ["launched", "waived", "satisfied", "satisfied"]
        assert finished(world, enrolment)
        with entered(system_scope(world.vendor.pk)):
            body = Statement.objects.get(verb=words.WAIVED).body
            assert Cmi5Unit.objects.get().waived_by_id == manager.user.pk
        assert body["result"] == {
            "success": True, "completion": True, "extensions": {words.REASON: "Administrative"},
        }  # fmt: skip

    @pytest.mark.parametrize("name", ["partner_rep", "partner_admin", "other_manager", "executive"])
    def test_nobody_else_does(self, world: VendorWorld, registration: Cmi5Registration, name: str) -> None:
        with pytest.raises(PermissionDenied):
            school.do(
                services.unit_waive, world.people[name], registration=registration, position=1,
                reason="Administrative",
            )  # fmt: skip

    def test_without_a_reason_it_is_refused_beside_the_field(
        self, world: VendorWorld, registration: Cmi5Registration, client_as: Any
    ) -> None:
        client = client_as(world.people["manager"])
        page = client.post(reverse("enablement:unit_waive", args=[registration.pk, 1]), {})
        assert page.status_code == 422
        assert "required" in page.content.decode()


class TestPages:
    def test_a_learner_opens_a_unit_from_the_course(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment, client_as: Any
    ) -> None:
        client = client_as(rep)
        page = client.get(reverse("enablement:course", args=["robots"]))
        assert "Unit one" in page.content.decode()
        opened = client.post(reverse("enablement:unit_launch", args=[enrolment.pk, 1, 1]), follow=True)
        assert b"<iframe" in opened.content
        with entered(system_scope(world.vendor.pk)):
            session = Cmi5Session.objects.get()
        made = Unit(world, session.pk).start()
        again = client.get(reverse("enablement:unit_play", args=[session.pk]))
        assert again.status_code == 302, "one window, one key"
        made.succeed()
        page = client.get(reverse("enablement:course", args=["robots"])).content.decode()
        assert "Passed" in page
        assert "90%" in page

    def test_the_end_of_a_unit_leads_back(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        made = launch(world, rep, enrolment).start()
        client = PortalClient(world.vendor)
        client.prefix = ""
        page = client.get(urlsplit(made.data["returnURL"]).path)
        assert page.status_code == 200
        assert b'target="_top"' in page.content

    def test_scorm_addresses_do_not_answer_for_units(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        made = launch(world, rep, enrolment)
        client = PortalClient(world.vendor)
        client.prefix = ""
        place = urlsplit(made.given["fetch"]).path.removesuffix("fetch")
        assert client.get(place).status_code == 404
        body = {"part": f"{PUBLISHER}one", "sequence": 1, "data": {"completion_status": "completed"}}
        assert client.post(f"{place}save", body, content_type="application/json").status_code == 404


def test_a_package_of_nothing_but_a_structure_hands_out_no_files(world: VendorWorld, rep: Person) -> None:
    from tests.enablement.packages import course_with

    content = zipped({"cmi5.xml": structure(unit(url="https://a.example/start?x=1"))})
    enrolment = school.enrol(rep, course_with(world, content, slug="elsewhere", kind="cmi5"))
    made = launch(world, rep, enrolment)
    assert made.address.startswith("https://a.example/start?x=1&endpoint=")
