"""Tests as people take them: saving as one goes, marks, limits, waiting, one more try."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from enablement.courses.models import FULL_MARKS, Enrolment
from enablement.quizzes import marking, selectors, services
from enablement.quizzes.models import Attempt, AttemptQuestion, Choice, Question, QuestionKind
from portal.events.models import PortalEvent
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.enablement.school import do
from tests.support.clocks import stopped_at
from tests.support.worlds import Person, VendorWorld, acting_as


def stage(world: VendorWorld, **rules: Any) -> tuple[Person, Enrolment, Any]:
    rep, course = world.people["partner_rep"], school.course(world, quiz=rules)
    return rep, school.enrol(rep, course), school.quiz(world, course)


@pytest.mark.django_db
class TestTrying:
    def test_an_open_try_is_taken_up_again(self, world: VendorWorld) -> None:
        rep, enrolment, quiz = stage(world)
        first = school.begin(rep, enrolment, quiz)
        school.answer(rep, first, right=2)
        again = school.begin(rep, enrolment, quiz)
        assert again.pk == first.pk
        with acting_as(rep):
            asked = selectors.asked_of(again)
        assert [one.row.is_answered for one in asked] == [True] * 4

    def test_saving_one_page_leaves_the_others(self, world: VendorWorld) -> None:
        rep, enrolment, quiz = stage(world)
        attempt = school.begin(rep, enrolment, quiz)
        school.answer(rep, attempt, right=4)
        do(services.answers_save, rep, attempt=attempt, answers={2: None}, marked={2: True})
        with acting_as(rep):
            rows = {row.position: row for row in AttemptQuestion.objects.all()}
        assert [rows[n].is_answered for n in (1, 2, 3, 4)] == [True, False, True, True]
        assert rows[2].is_marked

    def test_marks_are_exact_and_open_answers_are_wrong(self, world: VendorWorld) -> None:
        rep, enrolment, quiz = stage(world, pass_mark=7_500)
        attempt = school.begin(rep, enrolment, quiz)
        school.answer(rep, attempt, right=3)
        do(services.answers_save, rep, attempt=attempt, answers={4: None}, marked={})
        done = do(services.attempt_submit, rep, attempt=attempt)
        assert (done.right, done.score, done.passed) == (3, 7_500, True)

    def test_what_was_handed_in_stays(self, world: VendorWorld) -> None:
        rep, enrolment, quiz = stage(world)
        attempt = school.try_it(rep, enrolment, quiz, right=1)
        with pytest.raises(ValidationError, match="handed in already"):
            do(services.answers_save, rep, attempt=attempt, answers={1: None}, marked={})
        again = do(services.attempt_submit, rep, attempt=attempt)
        assert again.submitted_at == attempt.submitted_at
        with entered(system_scope(world.vendor.pk)):
            assert PortalEvent.objects.filter(type="enablement.attempt_failed").count() == 1

    def test_the_first_try_is_kept_when_a_later_one_passes(self, world: VendorWorld) -> None:
        rep, enrolment, quiz = stage(world)
        school.try_it(rep, enrolment, quiz, right=1)
        school.try_it(rep, enrolment, quiz, right=4)
        with acting_as(rep):
            scores = list(Attempt.objects.order_by("number").values_list("number", "score", "passed"))
        assert scores == [(1, 2_500, False), (2, 10_000, True)]
        with pytest.raises(ValidationError, match="You passed"):
            school.begin(rep, enrolment, quiz)

    def test_tries_are_limited_and_the_partner_admin_grants_one_more(self, world: VendorWorld) -> None:
        rep, enrolment, quiz = stage(world, attempt_limit=2)
        admin = world.people["partner_admin"]
        with pytest.raises(ValidationError, match="no need"):
            do(services.attempt_grant, admin, enrolment=enrolment, quiz=quiz)
        for _ in range(2):
            school.try_it(rep, enrolment, quiz, right=0)
        with pytest.raises(ValidationError, match="all this test allows"):
            school.begin(rep, enrolment, quiz)
        for name in ("partner_rep", "distributor_admin", "other_manager"):
            with pytest.raises(PermissionDenied):
                do(services.attempt_grant, world.people[name], enrolment=enrolment, quiz=quiz)
        first = do(services.attempt_grant, admin, enrolment=enrolment, quiz=quiz)
        assert do(services.attempt_grant, admin, enrolment=enrolment, quiz=quiz).pk == first.pk
        assert school.begin(rep, enrolment, quiz).number == 3

    def test_the_next_try_waits(self, world: VendorWorld) -> None:
        rep, enrolment, quiz = stage(world, wait_hours=24)
        with stopped_at(timezone.now()) as clock:
            school.try_it(rep, enrolment, quiz, right=0)
            clock.shift(timedelta(hours=24) - timedelta(seconds=1))
            with pytest.raises(ValidationError, match="next try opens"):
                school.begin(rep, enrolment, quiz)
            clock.shift(timedelta(seconds=1))
            assert school.begin(rep, enrolment, quiz).number == 2

    def test_questions_are_drawn_anew_and_a_corrected_one_is_not_asked_again(
        self, world: VendorWorld
    ) -> None:
        rep, enrolment, quiz = stage(world)
        attempt = school.try_it(rep, enrolment, quiz, right=0)
        with entered(system_scope(world.vendor.pk)):
            Question.objects.filter(text="Question 1?").update(retired_at=timezone.now())
        second = school.begin(rep, enrolment, quiz)
        assert (attempt.asked, second.asked) == (4, 3)

    def test_nobody_answers_for_somebody_else(self, world: VendorWorld) -> None:
        rep, enrolment, quiz = stage(world)
        attempt = school.begin(rep, enrolment, quiz)
        for name in ("partner_admin", "program_admin"):
            with pytest.raises(PermissionDenied):
                do(services.attempt_submit, world.people[name], attempt=attempt)

    def test_wrong_answers_lead_to_their_module(self, world: VendorWorld) -> None:
        rep, enrolment, quiz = stage(world)
        attempt = school.try_it(rep, enrolment, quiz, right=1)
        with acting_as(rep):
            modules = school.modules(world, enrolment.course)
            (subject,) = selectors.subjects_of(attempt, modules)
        assert (subject.module, subject.right, subject.asked) == (modules[0], 1, 4)


def question(kind: str, **fields: Any) -> Question:
    return Question(kind=kind, text="?", **fields)


def choices(*rights: bool) -> list[Choice]:
    return [
        Choice(pk=place, text=str(place), is_right=right, match=f"m{place}")
        for place, right in enumerate(rights, 1)
    ]


class TestMarking:
    @pytest.mark.parametrize(
        ("kind", "given", "right"),
        [
            (QuestionKind.SINGLE, [1], True),
            (QuestionKind.SINGLE, [2], False),
            (QuestionKind.MULTIPLE, [1, 3], True),
            (QuestionKind.MULTIPLE, [1], False),
            (QuestionKind.MULTIPLE, [1, 2, 3], False),
            (QuestionKind.MATCHING, {"1": "m1", "2": "m2", "3": "m3"}, True),
            (QuestionKind.MATCHING, {"1": "m2", "2": "m1", "3": "m3"}, False),
            (QuestionKind.MATCHING, {"1": "m1"}, False),
            (QuestionKind.SINGLE, None, False),
        ],
    )
    def test_all_or_nothing(self, kind: str, given: Any, right: bool) -> None:
        of = choices(True, False, kind == QuestionKind.MULTIPLE)
        assert marking.is_right(question(kind), of, given) is right

    @pytest.mark.parametrize(
        ("text", "right"), [("2.5", True), ("2,5", True), ("2.51", True), ("2.52", False), ("-2.5", False)]
    )
    def test_numbers_within_the_tolerance(self, text: str, right: bool) -> None:
        asked = question(QuestionKind.NUMERIC, number=Decimal("2.5"), tolerance=Decimal("0.01"))
        assert marking.is_right(asked, [], text) is right

    @pytest.mark.parametrize("text", ["two", "NaN", "Infinity", "1e400", "12 apples", "--1", "\0"])
    def test_what_is_no_number_is_said_so(self, text: str) -> None:
        with pytest.raises(ValidationError, match="number"):
            marking.given_in(question(QuestionKind.NUMERIC, number=Decimal(1)), [], [text])

    @pytest.mark.parametrize("kind", [QuestionKind.SINGLE, QuestionKind.MULTIPLE])
    def test_only_what_was_shown_can_be_chosen(self, kind: str) -> None:
        with pytest.raises(ValidationError, match="answers shown"):
            marking.given_in(question(kind), choices(True, False), ["99"])

    @given(st.integers(1, 200), st.data())
    def test_passing_agrees_with_the_number_needed(self, asked: int, data: st.DataObject) -> None:
        right, mark = data.draw(st.integers(0, asked)), data.draw(st.integers(1, FULL_MARKS))
        assert marking.is_passed(right, asked, mark) == (right >= marking.needed(asked, mark))

    def test_almost_is_not_passed(self) -> None:
        assert marking.marks(2, 3) == 6_666
        assert not marking.is_passed(2, 3, 6_667)
        assert marking.is_passed(2, 3, 6_666)

    @pytest.mark.parametrize(
        ("kind", "given", "fault"),
        [
            ("single", [("a", True, ""), ("b", True, "")], "exactly one"),
            ("single", [("a", True, "")], "two answers"),
            ("multiple", [("a", False, ""), ("b", False, "")], "at least one"),
            ("matching", [("a", False, "x"), ("b", False, "")], "both sides"),
            ("matching", [("a", False, "x"), ("b", False, "x")], "same"),
            ("single", [("A ", True, ""), ("a", False, "")], "same"),
            ("numeric", [], "right number"),
        ],
    )
    def test_a_question_that_cannot_be_asked_is_told(self, kind: str, given: Any, fault: str) -> None:
        rows = [dict(zip(("text", "is_right", "match"), row, strict=True)) for row in given]
        assert fault in marking.flaw(kind, rows, None)
