"""Playing packages: who may, what is kept, in which order, and that no browser habit loses it."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from enablement.courses.models import Course, Enrolment, Module, ModuleProgress, Source
from enablement.packages import runtime, selectors, services
from enablement.packages.forms import PackageForm
from enablement.packages.manifest import SCORM_12, SCORM_2004, Part
from enablement.packages.models import Launch, PartState
from enablement.quizzes.models import Attempt
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.enablement.packages import charging, course_with, file, scorm_2004, zipped
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def rep(world: VendorWorld) -> Person:
    return world.people["partner_rep"]


@pytest.fixture
def course(world: VendorWorld) -> Course:
    return course_with(world, charging())


@pytest.fixture
def enrolment(rep: Person, course: Course) -> Enrolment:
    return school.enrol(rep, course)


def begin(world: VendorWorld, rep: Person, enrolment: Enrolment) -> Launch:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        module = Module.objects.get(version=enrolment.version_id)
    with acting_as(rep) as actor:
        made = services.launch_begin(actor=actor, enrolment=enrolment, module=module)
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        rows = Launch.objects.select_related("package", "module", "enrolment", "user")
        return rows.get(pk=made.pk)


def save(
    world: VendorWorld,
    launch: Launch,
    sequence: int,
    data: dict[str, Any],
    *,
    part: int = 0,
    over: bool = False,
) -> bool:
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        one = selectors.parts_of(launch.package)[part]
        return services.state_save(launch=launch, part=one, sequence=sequence, data=data, is_over=over)


def core(status: str = "incomplete", raw: float | None = None, place: str = "") -> dict[str, Any]:
    score = {} if raw is None else {"raw": str(raw), "min": "0", "max": "100"}
    return {"core": {"lesson_status": status, "lesson_location": place, "score": score}, "suspend_data": "{}"}


class TestKeeping:
    def test_passing_finishes_the_module_and_the_course_and_leaves_a_try(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        launch = begin(world, rep, enrolment)
        assert save(world, launch, 1, core("passed", 80), over=True)
        with entered(system_scope(world.vendor.pk)):
            attempt = Attempt.objects.get()
            enrolment.refresh_from_db()
            kinds = set(PortalEvent.objects.values_list("type", flat=True))
        assert (attempt.source, attempt.passed, attempt.score) == (Source.SCORM, True, 8_000)
        assert enrolment.completed_at is not None
        assert {
            "enablement.package_launched",
            "enablement.module_done",
            "enablement.course_completed",
        } <= kinds

    def test_the_mastery_score_of_the_package_decides(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        launch = begin(world, rep, enrolment)
        save(world, launch, 1, core("passed", 60), over=True)
        with entered(system_scope(world.vendor.pk)):
            assert Attempt.objects.get().passed is False

    def test_failing_then_passing_are_two_tries_and_the_first_is_kept(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        for raw in (40, 90):
            launch = begin(world, rep, enrolment)
            save(world, launch, 1, core("failed" if raw < 70 else "passed", raw), over=True)
            save(world, launch, 2, core("failed", 10), over=True)
        with entered(system_scope(world.vendor.pk)):
            tries = list(Attempt.objects.order_by("number").values_list("number", "score", "passed"))
            state = PartState.objects.get()
        assert tries == [(1, 4_000, False), (2, 9_000, True)]
        assert (state.is_completed, state.passed) == (True, True), "passed stays passed"

    def test_what_arrives_late_or_twice_is_passed_over(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        launch = begin(world, rep, enrolment)
        for sequence, place in ((1, "1"), (3, "3"), (2, "2"), (3, "9")):
            assert save(world, launch, sequence, core(place=place))
        with entered(system_scope(world.vendor.pk)):
            assert PartState.objects.get().data["core"]["lesson_location"] == "3"

    def test_of_two_windows_the_later_one_saves_once_it_has_begun(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        first, second = begin(world, rep, enrolment), begin(world, rep, enrolment)
        assert save(world, first, 1, core(place="2")), "the second has not said anything yet"
        assert save(world, second, 1, core(place="3"))
        assert not save(world, first, 2, core(place="9"))
        with entered(system_scope(world.vendor.pk)):
            assert PartState.objects.get().data["core"]["lesson_location"] == "3"

    def test_a_package_is_done_when_all_its_parts_are(self, world: VendorWorld, rep: Person) -> None:
        enrolment = school.enrol(rep, course_with(world, scorm_2004("one", "two"), slug="two"))
        launch = begin(world, rep, enrolment)
        done = {"completion_status": "completed"}
        save(world, launch, 1, done)
        with entered(system_scope(world.vendor.pk)):
            assert not ModuleProgress.objects.filter(done_at__isnull=False).exists()
        save(world, launch, 1, done, part=1)
        with entered(system_scope(world.vendor.pk)):
            assert ModuleProgress.objects.filter(done_at__isnull=False).exists()

    def test_only_the_learner_begins(self, world: VendorWorld, enrolment: Enrolment) -> None:
        with pytest.raises(PermissionDenied):
            begin(world, world.people["partner_admin"], enrolment)

    def test_a_course_that_was_left_is_not_played(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment
    ) -> None:
        from enablement.courses.services import course_leave

        left = school.do(course_leave, rep, enrolment=enrolment)
        with pytest.raises(ValidationError):
            begin(world, rep, left)


PART = Part(id="p", title="P", href="p.html")


class TestRuntime:
    @pytest.mark.parametrize(
        ("standard", "part", "cmi", "told"),
        [
            (SCORM_12, {}, core("completed"), (True, None, None)),
            (SCORM_12, {}, core("passed", 50), (True, True, 5_000)),
            (SCORM_12, {"mastery": 0.5}, core("incomplete", 90), (False, None, 9_000)),
            (SCORM_12, {"mastery": 0.5}, core("completed", 90), (True, True, 9_000)),
            (SCORM_12, {}, {"core": {"score": {"raw": "x"}}}, (False, None, None)),
            (SCORM_12, {}, {"core": []}, (False, None, None)),
            (SCORM_2004, {}, {"completion_status": "completed"}, (True, None, None)),
            (SCORM_2004, {}, {"success_status": "failed", "score": {"scaled": "0.2"}}, (False, False, 2_000)),
            (SCORM_2004, {"mastery": 0.6}, {"success_status": "passed", "score": {"scaled": 0.5}},
             (False, False, 5_000)),
            (SCORM_2004, {"completion_threshold": 0.8}, {"progress_measure": "0.9"}, (True, None, None)),
            (SCORM_2004, {}, {"score": {"scaled": "-1"}}, (False, None, 0)),
        ],
    )  # fmt: skip
    def test_what_a_model_says(self, standard: str, part: dict[str, Any], cmi: Any, told: Any) -> None:
        found = runtime.told_by(standard, Part(id="p", title="P", href="p.html", **part), cmi)
        assert (found.is_completed, found.passed, found.score) == told

    def test_a_model_begins_where_it_stopped(self) -> None:
        begun = runtime.begun_with(SCORM_12, core(place="3"), ("7", "Egger, Sara"), PART)
        assert begun["core"]["entry"] == "resume"
        assert begun["core"]["lesson_location"] == "3"
        assert begun["core"]["student_name"] == "Egger, Sara"
        assert runtime.begun_with(SCORM_2004, {}, ("7", "E"), PART)["entry"] == "ab-initio"


class TestForm:
    def test_a_bad_package_is_told_beside_its_field(self) -> None:
        form = PackageForm({}, {"package": file(zipped({"index.html": ""}))})
        assert form.errors == {
            "package": ["This ZIP file is no SCORM or cmi5 package: it has no manifest."],
        }

    def test_a_good_one_is_taken(self) -> None:
        form = PackageForm({}, {"package": file(charging())})
        assert form.is_valid(), form.errors
        assert form.manifest is not None


@pytest.fixture
def apart(settings: Any) -> None:
    settings.CONTENT_URL, settings.CONTENT_HOST = "http://content.testserver", "content.testserver"
    settings.ALLOWED_HOSTS = ["testserver", "content.testserver"]


class TestOrigin:
    """Content has a host of its own: no cookie of the portal reaches it, and nothing else answers there."""

    def _token(self, world: VendorWorld, rep: Person, enrolment: Enrolment) -> str:
        return selectors.token_of(begin(world, rep, enrolment))

    def test_the_content_host_answers_content_and_nothing_else(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment, apart: None, client_as: Any
    ) -> None:
        token, client = self._token(world, rep, enrolment), client_as(rep)
        host = {"headers": {"Host": "content.testserver"}}
        client.prefix = ""
        page = client.get(f"/content/{token}/files/index.html", **host)
        assert page.status_code == 200
        assert not page.cookies
        assert "frame-ancestors 'self' http://" in page["Content-Security-Policy"]
        for path in ("/", f"/v/{world.vendor.slug}/", "/accounts/login/", "/xapi/about", "/healthz"):
            assert client.get(path, **host).status_code == 404, path

    def test_the_portal_does_not_answer_content_that_has_a_host(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment, apart: None
    ) -> None:
        token = self._token(world, rep, enrolment)
        assert PortalClient(world.vendor).get(f"/content/{token}/").status_code == 404

    def test_without_a_host_content_is_put_into_a_sandbox(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment, settings: Any
    ) -> None:
        settings.CONTENT_URL = settings.CONTENT_HOST = ""
        token = self._token(world, rep, enrolment)
        page = PortalClient(world.vendor).get(f"/content/{token}/files/index.html")
        policy = page["Content-Security-Policy"]
        assert "sandbox allow-scripts" in policy
        assert "allow-same-origin" not in policy
        assert b"cross-frame-api" in page.content

    @pytest.mark.parametrize("path", ["../index.html", "..%2f..%2fetc/passwd", "missing.html", "INDEX.HTML"])
    def test_only_files_of_the_package_come_out(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment, apart: None, path: str
    ) -> None:
        token = self._token(world, rep, enrolment)
        client = PortalClient()
        answer = client.get(f"/content/{token}/files/{path}", headers={"Host": "content.testserver"})
        assert answer.status_code == 404

    def test_a_forged_token_opens_nothing(self, world: VendorWorld, apart: None) -> None:
        for token in ("x", "eyJ2ZW5kb3IiOjF9:1a:b"):
            answer = PortalClient().get(f"/content/{token}/", headers={"Host": "content.testserver"})
            assert answer.status_code == 404

    def test_a_film_is_handed_out_in_pieces(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment, apart: None
    ) -> None:
        token = self._token(world, rep, enrolment)
        headers = {"Host": "content.testserver", "Range": "bytes=2-5"}
        answer = PortalClient().get(f"/content/{token}/files/course.js", headers=headers)
        assert (answer.status_code, len(answer.content)) == (206, 4)
        assert answer["Content-Range"].startswith("bytes 2-5/")

    @pytest.mark.parametrize(
        "body", [b"", b"[]", b"{}", b'{"part": "x", "sequence": 1, "data": {}}', b"\xff"]
    )
    def test_what_cannot_be_kept_is_refused(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment, apart: None, body: bytes
    ) -> None:
        token = self._token(world, rep, enrolment)
        answer = PortalClient().post(
            f"/content/{token}/save", body, content_type="text/plain", headers={"Host": "content.testserver"}
        )
        assert answer.status_code == 400

    def test_saving_takes_few_statements(
        self, world: VendorWorld, rep: Person, enrolment: Enrolment, apart: None
    ) -> None:
        token = self._token(world, rep, enrolment)
        with CaptureQueriesContext(connection) as queries:
            answer = PortalClient().post(
                f"/content/{token}/save",
                {"part": "charging", "sequence": 1, "data": core(place="2")},
                content_type="application/json",
                headers={"Host": "content.testserver"},
            )
        assert answer.status_code == 200
        assert len(queries) <= 12


@pytest.mark.django_db(transaction=True)
class TestInTheBrowser:
    """With a real browser that never fires `unload`, as browsers do now."""

    @pytest.fixture
    def page(self, browser_of: Any, rep: Person, live_server: Any, settings: Any, course: Course) -> Any:
        port = urlsplit(live_server.url).port
        settings.CONTENT_URL, settings.CONTENT_HOST = f"http://content.localhost:{port}", "content.localhost"
        settings.BASE_URL = f"http://localhost:{port}"
        settings.ALLOWED_HOSTS = [".localhost", "localhost"]
        made = browser_of(rep)
        made.wait_for_url(lambda url: "login" not in url)
        made.wait_for_load_state()
        return made

    def _open(self, page: Any, course: Course, world: VendorWorld, live_server: Any) -> Any:
        page.goto(f"{live_server.url}/v/{world.vendor.slug}/learning/courses/{course.slug}/")
        enrol = page.get_by_role("button", name="Enrol")
        if enrol.count():
            enrol.first.click()
        page.get_by_role("button", name="Start").or_(page.get_by_role("button", name="Continue")).click()
        return page.frame_locator("iframe.package-window").frame_locator("iframe[data-content]")

    def test_what_was_answered_survives_a_killed_tab(
        self, page: Any, rep: Person, course: Course, world: VendorWorld, live_server: Any
    ) -> None:
        _forbid_unload(page)
        content = self._open(page, course, world, live_server)
        content.get_by_role("button", name="Next").click()
        content.get_by_label("At the limit of the site").check()
        _saved(page)
        with suppress(Exception):  # the tab dies, and sees no event at all
            page.goto("chrome://crash", timeout=3_000)
        again = page.context.new_page()
        content = self._open(again, course, world, live_server)
        assert (
            content.get_by_text("Page 2 of 4").is_visible()
            or content.get_by_text("Page 2 of 4").wait_for() is None
        )
        assert content.get_by_label("At the limit of the site").is_checked()

    def test_what_was_not_sent_yet_goes_when_the_page_hides(
        self, page: Any, rep: Person, course: Course, world: VendorWorld, live_server: Any
    ) -> None:
        _forbid_unload(page)
        content = self._open(page, course, world, live_server)
        content.get_by_text("Page 1 of 4").wait_for()
        _saved(page)
        content.get_by_role("button", name="Next").click()
        page.goto(f"{live_server.url}/v/{world.vendor.slug}/learning/")  # within the moment a change waits
        page.wait_for_load_state("networkidle")
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert PartState.objects.get().data["core"]["lesson_location"] == "2"

    def test_a_lost_network_loses_nothing(
        self, page: Any, rep: Person, course: Course, world: VendorWorld, live_server: Any
    ) -> None:
        content = self._open(page, course, world, live_server)
        content.get_by_text("Page 1 of 4").wait_for()
        _saved(page)
        page.context.set_offline(True)
        content.get_by_role("button", name="Next").click()
        window = page.frame_locator("iframe.package-window")
        window.get_by_text("Not saved yet").wait_for()
        page.context.set_offline(False)
        _saved(page)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            assert PartState.objects.get().data["core"]["lesson_location"] == "2"

    def test_the_whole_course_is_passed(
        self, page: Any, rep: Person, course: Course, world: VendorWorld, live_server: Any
    ) -> None:
        content = self._open(page, course, world, live_server)
        for answer in ("At the limit of the site", "Spreading the charging", "One"):
            content.get_by_role("button", name="Next").click()
            content.get_by_label(answer, exact=answer == "One").check()
        content.get_by_role("button", name="Finish").click()
        content.get_by_role("heading", name="You are through").wait_for()
        _saved(page)
        with entered(system_scope(world.vendor.pk)), transaction.atomic():
            attempt = Attempt.objects.get()
            assert (attempt.passed, attempt.score) == (True, 10_000)
            assert Enrolment.objects.get().completed_at is not None

    def test_content_sees_no_cookie_of_the_portal(
        self, page: Any, rep: Person, course: Course, world: VendorWorld, live_server: Any
    ) -> None:
        seen: list[dict[str, str]] = []
        page.on("request", lambda r: seen.append(r.all_headers()) if "content.localhost" in r.url else None)
        content = self._open(page, course, world, live_server)
        content.get_by_text("Page 1 of 4").wait_for()
        _saved(page)
        assert seen
        assert not [headers for headers in seen if "cookie" in headers]
        assert content.locator("body").evaluate("() => document.cookie") == ""
        blocked = content.locator("body").evaluate(
            "() => { try { return String(window.top.document.title); } catch (e) { return e.name; } }"
        )
        assert blocked == "SecurityError"

    def test_scorm_2004_finds_its_place_again(
        self, page: Any, rep: Person, world: VendorWorld, live_server: Any
    ) -> None:
        course = course_with(world, scorm_2004("one", "two"), slug="parts")
        content = self._open(page, course, world, live_server)
        content.get_by_text("at ").wait_for()
        content.locator("body").evaluate(
            "() => { api.SetValue('cmi.location', '7'); api.SetValue('cmi.completion_status', 'completed'); }"
        )
        _saved(page)
        page.reload()
        window = page.frame_locator("iframe.package-window")
        window.get_by_role("button", name="one").click()
        content.get_by_text("at 7").wait_for()

    def test_without_a_content_host_it_plays_in_a_sandbox(
        self, page: Any, rep: Person, course: Course, world: VendorWorld, live_server: Any, settings: Any
    ) -> None:
        settings.CONTENT_URL = settings.CONTENT_HOST = ""
        settings.BASE_URL = live_server.url
        self._open(page, course, world, live_server)
        content = page.frame_locator("iframe[data-content]")
        content.get_by_text("Page 1 of 4").wait_for()
        content.get_by_role("button", name="Next").click()
        content.get_by_label("At the limit of the site").check()
        page.get_by_text("Saved", exact=True).wait_for()
        page.reload()
        content.get_by_text("Page 2 of 4").wait_for()
        assert content.locator("body").evaluate("() => self.origin") == "null"


def _forbid_unload(page: Any) -> None:
    """Every answer says Permissions-Policy: unload=(), so that no `unload` handler runs anywhere."""

    def forbid(route: Any) -> None:
        url = urlsplit(route.request.url)
        host = {**route.request.headers, "Host": url.netloc}  # only the browser knows names below localhost
        answer = route.fetch(url=url._replace(netloc=f"127.0.0.1:{url.port}").geturl(), headers=host)
        route.fulfill(response=answer, headers={**answer.headers, "Permissions-Policy": "unload=()"})

    page.context.route(lambda url: "/content/" in url and not url.endswith("/save"), forbid)


def _saved(page: Any) -> None:
    page.frame_locator("iframe.package-window").get_by_text("Saved", exact=True).wait_for()


def test_the_player_is_only_on_the_players_page(
    world: VendorWorld, rep: Person, course: Course, client_as: Any
) -> None:
    client = client_as(rep)
    client.post(reverse("enablement:enrol", args=[course.slug]))
    page = client.get(reverse("enablement:course", args=[course.slug]))
    assert b"scorm" not in page.content.replace(b"Simulation (SCORM)", b"").replace(b"SCORM 1.2", b"").lower()
