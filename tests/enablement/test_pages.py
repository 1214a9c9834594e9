"""The learner's pages: the home, the player, tests page by page, and what a script only makes nicer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from enablement.courses.models import Enrolment, ModuleProgress
from enablement.quizzes.models import Attempt, AttemptQuestion, Choice
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.enablement.test_assignments import assign
from tests.support.pages import BUDGET, statements, text
from tests.support.worlds import Person, PortalClient, VendorWorld, acting_as

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], PortalClient]


@pytest.fixture
def rep(world: VendorWorld, client_as: SignIn) -> PortalClient:
    return client_as(world.people["partner_rep"])


def at(name: str, *args: Any) -> str:
    return reverse(f"enablement:{name}", args=args)


class TestHome:
    def test_says_what_to_do_where_nothing_is_begun(self, world: VendorWorld, rep: PortalClient) -> None:
        assert "Nothing begun yet" in text(rep.get(at("home")))

    def test_the_next_step_is_what_is_due_first(self, world: VendorWorld, rep: PortalClient) -> None:
        first, second = school.course(world, "first"), school.course(world, "second")
        assign(world, second, due_on=timezone.localdate() + timedelta(days=5), note="Before the fair.")
        for course in (second, first):
            school.enrol(world.people["partner_rep"], course)
        page = text(rep.get(at("home")))
        assert "Three modules left to Second course" in page
        assert "Also begun" in page
        assert "Before the fair." in page

    def test_the_partners_home_tells_the_next_step(self, world: VendorWorld, rep: PortalClient) -> None:
        assert "Choose a course" in text(rep.get(at("next_step")))
        first, second = school.course(world, "first"), school.course(world, "second")
        school.enrol(world.people["partner_rep"], first)
        assign(world, second)
        part = text(rep.get(at("next_step")))
        assert "Continue" in part
        assert "Second course" in part
        assert at("next_step") in text(rep.get("/"))

    def test_a_failed_module_is_suggested(self, world: VendorWorld, rep: PortalClient) -> None:
        person, course = world.people["partner_rep"], school.course(world)
        enrolment = school.enrol(person, course)
        school.try_it(person, enrolment, school.quiz(world, course), right=1)
        page = text(rep.get(at("home")))
        assert "You answered 3 of 4 questions on it wrong in Fleet course." in page

    def test_statements_stay_within_the_budget(self, world: VendorWorld, rep: PortalClient) -> None:
        person = world.people["partner_rep"]
        rep.get(at("home"))  # the first page of a session records it
        counts = []
        for slug in ("a", "b", "c"):
            course = school.course(world, slug, optional=1)
            assign(world, course)
            school.try_it(person, school.enrol(person, course), school.quiz(world, course), right=1)
            counts.append(statements(rep, at("home")))
        assert counts[0] == counts[-1] <= BUDGET, counts

    def test_the_catalogue_too(self, world: VendorWorld, rep: PortalClient) -> None:
        school.course(world, "a")
        rep.get(at("catalogue"))
        one = statements(rep, at("catalogue"))
        for number in range(25):
            school.course(world, f"c{number}")
        assert statements(rep, at("catalogue")) == one <= BUDGET

    def test_the_catalogue_holds_what_is_for_one_and_counts_the_rest(
        self, world: VendorWorld, rep: PortalClient
    ) -> None:
        school.course(world, "open")
        school.course(world, "gold", least_tier=world.tiers[1])
        page = text(rep.get(at("catalogue")))
        assert "Open course" in page
        assert "Gold course" not in page
        assert "1 more from a higher tier on" in page
        assert rep.get(at("course", "gold")).status_code == 404

    def test_searching_the_catalogue(self, world: VendorWorld, rep: PortalClient) -> None:
        school.course(world, "fleet"), school.course(world, "vision")
        page = text(rep.get(at("catalogue"), {"q": "visi"}))
        assert "Vision course" in page
        assert "Fleet course" not in page
        assert "No course found" in text(rep.get(at("catalogue"), {"q": "nothing"}))
        assert rep.get(at("catalogue"), {"q": "\0"}).status_code == 422


class TestPlayer:
    def test_from_the_overview_to_the_end(self, world: VendorWorld, rep: PortalClient) -> None:
        course = school.course(world)
        assert "Enrol and start" in text(rep.get(at("course", course.slug)))
        rep.post(at("enrol", course.slug))
        assert "Text 1" in text(rep.get(at("course", course.slug)))
        assert "Page two" in text(rep.get(at("module", course.slug, 1), {"page": "2"}))
        went = rep.post(at("module_done", course.slug, 1))
        assert went.url.endswith(f"{course.slug}/2/")
        assert rep.post(at("module_done", course.slug, 2)).url.endswith("/3/")
        assert "Start the test" in text(rep.get(at("course", course.slug)))

    def test_goes_on_at_the_page_where_one_stopped(self, world: VendorWorld, rep: PortalClient) -> None:
        course = school.course(world)
        school.enrol(world.people["partner_rep"], course)
        rep.get(at("module", course.slug, 2), {"page": "2"}, headers={"User-Agent": "Phone Mobile"})
        page = text(rep.get(at("course", course.slug), headers={"User-Agent": "Desktop"}))
        assert "Page 2 of 2" in page
        assert "on your phone" in page

    def test_statements(self, world: VendorWorld, rep: PortalClient) -> None:
        person, course = world.people["partner_rep"], school.course(world, texts=9)
        enrolment = school.enrol(person, course)
        assign(world, course)
        rep.get(at("catalogue"))
        assert statements(rep, at("course", course.slug)) <= BUDGET
        school.try_it(person, enrolment, school.quiz(world, course), right=1)
        assert statements(rep, at("module", course.slug, 10)) <= BUDGET

    def test_a_place_is_told_by_the_film(self, world: VendorWorld, rep: PortalClient) -> None:
        course = school.course(world)
        school.enrol(world.people["partner_rep"], course)
        assert rep.post(at("module_place", course.slug, 1), {"place": "312"}).status_code == 204
        assert rep.post(at("module_place", course.slug, 1), {"place": "-1"}).status_code == 422
        with acting_as(world.people["partner_rep"]):
            assert ModuleProgress.objects.get().place == "312"

    def test_what_cannot_be_done_is_said(self, world: VendorWorld, rep: PortalClient) -> None:
        course = school.course(world)
        school.enrol(world.people["partner_rep"], course)
        answer = rep.post(at("module_skip", course.slug, 1))
        assert answer.status_code == 422
        assert "This module is required; it cannot be skipped." in text(answer)

    def test_leaving_and_coming_back_begins_anew(self, world: VendorWorld, rep: PortalClient) -> None:
        course = school.course(world)
        school.enrol(world.people["partner_rep"], course)
        rep.post(at("leave", course.slug))
        assert "Enrol and start" in text(rep.get(at("course", course.slug)))
        assert "Left" in text(rep.get(at("record")))
        rep.post(at("enrol", course.slug))
        with acting_as(world.people["partner_rep"]):
            assert Enrolment.objects.count() == 2

    def test_staff_look_inside_and_leave_no_trace(self, world: VendorWorld, client_as: SignIn) -> None:
        course = school.course(world)
        for name in ("manager", "executive", "program_admin"):
            client = client_as(world.people[name])
            assert "Look inside" in text(client.get(at("course", course.slug)))
            for position in (1, 3):
                assert client.get(at("preview", course.slug, 1, position)).status_code == 200
        with entered(system_scope(world.vendor.pk)):
            assert not Enrolment.objects.exists()


class TestQuiz:
    def begin(self, world: VendorWorld, rep: PortalClient, **rules: Any) -> Attempt:
        course = school.course(world, quiz={"page_size": 2, **rules})
        enrolment = school.enrol(world.people["partner_rep"], course)
        answer = rep.post(at("attempt_begin", enrolment.pk, 3))
        with acting_as(world.people["partner_rep"]):
            attempt = Attempt.objects.get()
        assert answer.url.endswith(at("attempt", attempt.pk))
        return attempt

    def right(self, world: VendorWorld, attempt: Attempt, *positions: int) -> dict[str, str]:
        with acting_as(world.people["partner_rep"]):
            rows = AttemptQuestion.objects.filter(attempt=attempt, position__in=positions)
            return {
                f"q{row.position}": str(Choice.objects.get(question=row.question_id, is_right=True).pk)
                for row in rows
            }

    def test_page_by_page_without_a_script(self, world: VendorWorld, rep: PortalClient) -> None:
        attempt = self.begin(world, rep)
        path = at("attempt", attempt.pk)
        assert "Save, go to 3 to 4" in text(rep.get(path))
        went = rep.post(path, {"page": "1", **self.right(world, attempt, 1, 2), "m2": "on"})
        assert went.url.endswith("?page=2")
        page = text(rep.get(path, {"page": "1"}))
        assert "2 of 4 answered" in page
        assert "1 marked" in page
        went = rep.post(path, {"page": "2", **self.right(world, attempt, 3, 4)})
        assert went.url.endswith(at("hand_in", attempt.pk))
        assert "All 4 questions are answered" in text(rep.get(went.url.removeprefix(rep.prefix)))
        for _ in range(2):
            assert rep.post(at("hand_in", attempt.pk)).url.endswith(at("result", attempt.pk))
        assert "Passed with 100%" in text(rep.get(at("result", attempt.pk)))

    def test_saved_by_htmx_while_one_goes(self, world: VendorWorld, rep: PortalClient) -> None:
        attempt = self.begin(world, rep)
        answer = rep.post(
            at("attempt", attempt.pk),
            {"page": "1", **self.right(world, attempt, 1)},
            headers={"HX-Request": "true"},
        )
        assert "1 of 4 answered" in text(answer)
        assert "<html" not in text(answer)

    def test_right_answers_are_not_told_before_handing_in(
        self, world: VendorWorld, rep: PortalClient
    ) -> None:
        attempt = self.begin(world, rep)
        page = text(rep.get(at("attempt", attempt.pk)))
        assert "Because." not in page
        assert rep.get(at("result", attempt.pk)).url.endswith(at("attempt", attempt.pk))

    def test_an_answer_that_cannot_be_keeps_the_others(self, world: VendorWorld, rep: PortalClient) -> None:
        course = school.course(world, questions=1, quiz={"page_size": 5})
        with entered(system_scope(world.vendor.pk)):
            pool = course.pools.get()
            school.numeric(pool, "How many?", "3")
        enrolment = school.enrol(world.people["partner_rep"], course)
        rep.post(at("attempt_begin", enrolment.pk, 3))
        with acting_as(world.people["partner_rep"]):
            attempt = Attempt.objects.get()
            place = {row.question.kind: row.position for row in attempt.questions.all()}
            choice = Choice.objects.get(is_right=True)
        typed = {f"q{place['single']}": str(choice.pk), f"q{place['numeric']}": "three"}
        answer = rep.post(at("attempt", attempt.pk), {"page": "1", **typed})
        assert answer.status_code == 422
        page = text(answer)
        assert "Enter a number, such as 12 or 2.5." in page
        assert 'value="three"' in page
        assert "1 of 2 answered" in page
        answer = rep.post(at("attempt", attempt.pk), {"page": "1", **typed}, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert "Enter a number" in text(answer)
        assert "<html" not in text(answer)

    def test_somebody_elses_try_is_not_found(
        self, world: VendorWorld, rep: PortalClient, client_as: SignIn
    ) -> None:
        attempt = self.begin(world, rep)
        for name in ("partner_admin", "distributor_admin", "program_admin"):
            for page in ("attempt", "result", "hand_in"):
                assert client_as(world.people[name]).get(at(page, attempt.pk)).status_code == 404

    def test_statements(self, world: VendorWorld, rep: PortalClient) -> None:
        attempt = self.begin(world, rep)
        assert statements(rep, at("attempt", attempt.pk)) <= BUDGET


class TestTeam:
    def test_the_admin_sees_and_assigns(self, world: VendorWorld, client_as: SignIn) -> None:
        admin, course = client_as(world.people["partner_admin"]), school.course(world)
        rep = world.people["partner_rep"].user
        due = (timezone.localdate() + timedelta(days=20)).isoformat()
        sent = {"people": [rep.pk], "course": course.slug, "due_on": due, "note": "Please."}
        assert admin.post(at("assign", "beta"), sent).status_code == 302
        page = text(admin.get(at("team_of", "beta")))
        assert "Partner_Rep" in page
        assert "Please." in page
        assert "Fleet course" in page

    def test_what_is_wrong_stands_beside_it(self, world: VendorWorld, client_as: SignIn) -> None:
        admin, course = client_as(world.people["partner_admin"]), school.course(world)
        answer = admin.post(
            at("assign", "beta"), {"course": course.slug, "due_on": "soon", "note": "Keep me"}
        )
        assert answer.status_code == 422
        page = text(answer)
        assert "Choose people." in page
        assert "Keep me" in page

    def test_one_more_try_is_granted_from_the_page(self, world: VendorWorld, client_as: SignIn) -> None:
        rep, course = world.people["partner_rep"], school.course(world, quiz={"attempt_limit": 1})
        enrolment, quiz = school.enrol(rep, course), school.quiz(world, course)
        school.try_it(rep, enrolment, quiz, right=0)
        admin = client_as(world.people["partner_admin"])
        assert "Waiting for one more try" in text(admin.get(at("team_of", "beta")))
        admin.post(at("attempt_grant", enrolment.pk, 3))
        assert "Waiting for one more try" not in text(admin.get(at("team_of", "beta")))
        assert school.begin(rep, enrolment, quiz).number == 2

    def test_statements(self, world: VendorWorld, client_as: SignIn) -> None:
        admin, course = client_as(world.people["partner_admin"]), school.course(world, optional=1)
        for name in ("partner_rep", "partner_admin"):
            person = world.people[name]
            school.try_it(person, school.enrol(person, course), school.quiz(world, course), right=0)
        admin.get(at("catalogue"))
        assert statements(admin, at("team_of", "beta")) <= BUDGET
        assert statements(admin, at("team_gaps", "beta")) <= BUDGET
