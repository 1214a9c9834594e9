"""The editor: drafts and versions, modules, tests, questions that were asked, paths; and who may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from enablement.courses.models import Course, CourseVersion, Module
from enablement.editor import services
from enablement.paths.models import LearningPath
from enablement.quizzes.models import Question, Quiz
from portal.sealed_ids import opened
from tests.enablement import school
from tests.enablement.school import do
from tests.support.files import PDF, PNG
from tests.support.pages import text
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db


def at(name: str, *args: Any) -> str:
    return reverse(f"enablement:{name}", args=args)


@pytest.fixture
def admin(world: VendorWorld, client_as: Callable[[Person], PortalClient]) -> PortalClient:
    return client_as(world.people["program_admin"])


class TestVersions:
    def test_a_draft_is_a_copy_with_tests_and_the_same_keys(self, world: VendorWorld) -> None:
        course = school.course(world, quiz={"attempt_limit": 3})
        draft = do(services.draft_begin, world.people["program_admin"], course=course)
        assert do(services.draft_begin, world.people["program_admin"], course=course) == draft
        with acting_as(world.people["program_admin"]):
            old = list(Module.objects.filter(version=course.published_id).values_list("key", "title"))
            new = list(Module.objects.filter(version=draft).values_list("key", "title"))
            quiz = Quiz.objects.get(module__version=draft)
            assert quiz.draws.count() == 1
        assert (old, quiz.attempt_limit) == (new, 3)

    @pytest.mark.parametrize("change", ["add", "change", "move", "remove", "quiz"])
    def test_what_is_published_never_changes(self, world: VendorWorld, change: str) -> None:
        course = school.course(world)
        module = school.modules(world, course)[0]
        calls: dict[str, tuple[Any, dict[str, Any]]] = {
            "add": (services.module_add, {"version": course.published, "kind": "text", "title": "x"}),
            "change": (services.module_change, {"module": module, "changes": {"title": "x"}}),
            "move": (services.module_move, {"module": module, "by": 1}),
            "remove": (services.module_remove, {"module": module}),
            "quiz": (services.quiz_set, {"module": module, "rules": {}, "draws": {}}),
        }
        service, fields = calls[change]
        with pytest.raises(ValidationError, match="does not change any more"):
            do(service, world.people["program_admin"], **fields)

    def test_nothing_is_published_before_it_is_whole(self, world: VendorWorld) -> None:
        admin = world.people["program_admin"]
        course = do(services.course_create, admin, title="Empty")
        draft = do(services.draft_begin, admin, course=course)
        with pytest.raises(ValidationError, match="at least one module"):
            do(services.version_publish, admin, version=draft)
        do(services.module_add, admin, version=draft, kind="text", title="One", body=" ")
        do(services.module_add, admin, version=draft, kind="quiz", title="Test")
        with pytest.raises(ValidationError) as told:
            do(services.version_publish, admin, version=draft)
        assert told.value.messages == [
            "Module 1, One: has no text yet.",
            "Module 2, Test: has no questions yet.",
        ]

    def test_published_twice_is_once(self, world: VendorWorld) -> None:
        admin, course = world.people["program_admin"], school.course(world)
        draft = do(services.draft_begin, admin, course=course)
        first = do(services.version_publish, admin, version=draft, changes="New pictures.")
        again = do(services.version_publish, admin, version=draft, changes="Other words.")
        assert (again.published_at, again.changes) == (first.published_at, "New pictures.")

    def test_nobody_else_edits(self, world: VendorWorld) -> None:
        for name in ("manager", "executive", "partner_admin"):
            with pytest.raises(PermissionDenied):
                do(services.course_create, world.people[name], title="Mine")


class TestPages:
    def test_a_course_from_nothing_to_published(self, world: VendorWorld, admin: PortalClient) -> None:
        sent = {"title": "Welding", "summary": "Weld.", "language": "en", "role": "", "partner_type": ""}
        assert admin.post(at("edit_course_new"), sent).url.endswith("/edit/courses/welding/")
        body = {"title": "Sparks", "minutes": "5", "is_required": "on", "body": "# Hot\n\n---\n\nStill hot"}
        admin.post(at("edit_module_new", "welding", "text"), body)
        admin.post(
            at("edit_module_new", "welding", "quiz"), {"title": "Test", "minutes": "5", "is_required": "on"}
        )
        with acting_as(world.people["program_admin"]):
            test = Module.objects.get(kind="quiz")
        went = admin.post(at("edit_pool_new", "welding"), {"name": "Sparks", "module_key": ""})
        pool = opened(went.url.rstrip("/").rsplit("/", 1)[-1])
        question = {"kind": "single", "text": "Hot?", "text_1": "Yes", "right_1": "on", "text_2": "No"}
        admin.post(at("edit_question_new", pool), question)
        rules = {
            "percent": "80",
            "attempt_limit": "3",
            "wait_hours": "0",
            "page_size": "4",
            f"use_{pool}": "on",
        }
        admin.post(at("edit_quiz", "welding", test.pk), rules)
        assert "is ready to publish" in text(admin.get(at("edit_course", "welding")))
        assert "Still hot" in text(admin.get(at("preview", "welding", 1, 1), {"page": "2"}))
        admin.post(at("edit_publish", "welding"), {"changes": ""})
        with acting_as(world.people["program_admin"]):
            course = Course.objects.get(slug="welding")
            assert course.is_offered
            assert Quiz.objects.get().pass_mark == 8_000

    def test_what_is_wrong_stands_beside_it_and_nothing_typed_is_lost(
        self, world: VendorWorld, admin: PortalClient
    ) -> None:
        course = school.course(world)
        with acting_as(world.people["program_admin"]):
            pool = course.pools.get()
        sent = {"kind": "single", "text": "Which?", "text_1": "Left", "text_2": "Right"}
        answer = admin.post(at("edit_question_new", pool.pk), sent)
        assert answer.status_code == 422
        page = text(answer)
        assert "Mark exactly one answer as right." in page
        assert 'value="Left"' in page
        answer = admin.post(
            at("edit_module_new", course.slug, "text"), {"title": "", "minutes": "0", "body": "Kept"}
        )
        assert answer.status_code == 422
        assert "Kept" in text(answer)

    def test_a_file_that_pretends_is_refused(self, world: VendorWorld, admin: PortalClient) -> None:
        course = school.course(world)
        good = SimpleUploadedFile("map.png", PNG)
        assert admin.post(at("edit_file", course.slug), {"upload": good}).status_code == 302
        bad = SimpleUploadedFile("map.png", PDF)
        answer = admin.post(at("edit_file", course.slug), {"upload": bad})
        assert answer.status_code == 422
        assert "the content is" in text(answer)

    def test_questions_from_a_file(self, world: VendorWorld, admin: PortalClient) -> None:
        course = school.course(world)
        with acting_as(world.people["program_admin"]):
            pool = course.pools.get()
        sheet = SimpleUploadedFile("q.csv", b"question,right,wrong\nNew?,Yes,No\nBad?,Yes,\n")
        page = text(admin.post(at("edit_pool_import", pool.pk), {"file": sheet}))
        assert "1 added, 0 corrected, 0 unchanged, 1 not taken" in page
        empty = SimpleUploadedFile("q.csv", b"x")
        assert admin.post(at("edit_pool_import", pool.pk), {"file": empty}).status_code == 422

    def test_modules_change_places(self, world: VendorWorld, admin: PortalClient) -> None:
        course = school.course(world)
        admin.post(at("edit_draft", course.slug))
        with acting_as(world.people["program_admin"]):
            draft = CourseVersion.objects.get(published_at=None)
            second = draft.modules.get(position=2)
        admin.post(at("edit_module_move", course.slug, second.pk), {"up": "1"})
        admin.post(at("edit_module_remove", course.slug, second.pk))
        with acting_as(world.people["program_admin"]):
            assert list(draft.modules.values_list("position", "title")) == [(1, "Part 1"), (2, "Final test")]

    def test_a_question_that_was_asked_is_replaced(self, world: VendorWorld, admin: PortalClient) -> None:
        rep, course = world.people["partner_rep"], school.course(world, questions=1)
        school.begin(rep, school.enrol(rep, course), school.quiz(world, course))
        with acting_as(world.people["program_admin"]):
            old = Question.objects.get()
        sent = {"kind": "single", "text": "Better?", "text_1": "Yes", "right_1": "on", "text_2": "No"}
        admin.post(at("edit_question", old.pk), sent)
        with acting_as(world.people["program_admin"]):
            new = Question.objects.get(retired_at=None)
            assert (new.replaces, new.text) == (old, "Better?")
            assert [one.text for one in old.choices.all()] == ["Right", "Wrong", "Worse"]

    def test_a_path(self, world: VendorWorld, admin: PortalClient, client_as: Any) -> None:
        first, second = school.course(world, "first"), school.course(world, "second")
        sent = {"name": "Way", "position": "1", "role": "", "partner_type": "", "course_1": str(first.pk),
                "course_2": str(second.pk), "optional_2": "on"}  # fmt: skip
        assert admin.post(at("edit_path_new"), sent).status_code == 302
        assert admin.post(at("edit_path_new"), sent | {"course_2": str(first.pk)}).status_code == 422
        page = text(client_as(world.people["partner_rep"]).get(at("path", "way")))
        assert "Second course" in page
        assert "optional" in page
        admin.post(at("edit_path_retire", "way"))
        with acting_as(world.people["program_admin"]):
            assert LearningPath.objects.get(slug="way").retired_at is not None
        assert client_as(world.people["partner_rep"]).get(at("path", "way")).status_code == 404

    def test_refreshers(self, world: VendorWorld, admin: PortalClient, client_as: Any) -> None:
        rep, course = world.people["partner_rep"], school.course(world)
        helper = school.course(world, "helper", questions=0)
        key = school.modules(world, course)[0].key
        sent = {"module_key": str(key), "suggests": str(helper.pk), "when_failed": "on"}
        assert admin.post(at("edit_refresher", course.slug), sent).status_code == 302
        assert admin.post(at("edit_refresher", course.slug), sent).status_code == 422
        school.try_it(rep, school.enrol(rep, course), school.quiz(world, course), right=0)
        page = text(client_as(rep).get(at("home")))
        assert "Helps with “Part 1”." in page
        enrolment = school.enrol(rep, helper)
        school.finish_texts(rep, enrolment, helper, world)
        assert "Helps with" not in text(client_as(rep).get(at("home")))
