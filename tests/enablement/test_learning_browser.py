"""Learning in a real browser: every page readable and fitting, and nothing lost to a killed tab, a lost
network or a second tab."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from enablement.editor import services as editor
from enablement.quizzes.models import Attempt, AttemptQuestion
from enablement.quizzes.services import attempt_submit
from portal.sealed_ids import sealed
from tests.enablement import school
from tests.enablement.test_assignments import assign
from tests.support.worlds import VendorWorld, acting_as
from tests.test_browser_pages import BOTH, ONE_OF, Walk, window

__all__ = ["window"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def places(world: VendorWorld) -> dict[str, str]:
    """A course the rep is in with a failed try and an open one, a draft of it, a path, and what was asked."""
    rep, admin = world.people["partner_rep"], world.people["program_admin"]
    course = school.course(world, optional=1, questions=6, quiz={"page_size": 6, "attempt_limit": 3})
    with acting_as(admin) as actor:
        pool = course.pools.get()
        school.numeric(pool, "How many chargers?", "2")
        pairs = [{"text": f"left {n}", "is_right": False, "match": f"right {n}"} for n in (1, 2, 3)]
        editor.question_save(
            actor=actor, pool=pool, answers={"kind": "matching", "text": "Match them."}, choices=pairs
        )
        editor.path_save(actor=actor, fields={"name": "Way"}, steps=[(course.pk, False)])
        editor.draft_begin(actor=actor, course=course)
        test = course.versions.get(published_at=None).modules.get(kind="quiz")
    enrolment, quiz = school.enrol(rep, course), school.quiz(world, course)
    over = school.begin(rep, enrolment, quiz)
    with acting_as(rep) as actor:
        attempt_submit(actor=actor, attempt=over)
    attempt = school.begin(rep, enrolment, quiz)
    assign(world, course, due_on=timezone.localdate() + timedelta(days=3), note="Before the fair.")
    school.course(world, "other")
    return {
        "attempt": sealed(attempt.pk), "over": sealed(over.pk),
        "pool": sealed(pool.pk), "test": sealed(test.pk),
    }  # fmt: skip


LEARNER = {
    "home": "learning/",
    "catalogue": "learning/courses/",
    "overview": "learning/courses/other/",
    "player": "learning/courses/fleet/1/",
    "test": "learning/courses/fleet/4/",
    "questions": "learning/attempts/{attempt}/",
    "questions, second page": "learning/attempts/{attempt}/?page=2",
    "hand in": "learning/attempts/{attempt}/hand-in/",
    "result": "learning/attempts/{over}/result/",
    "record": "learning/record/",
    "paths": "learning/paths/",
    "path": "learning/paths/way/",
}
TEAM = {"team": "learning/team/beta/", "gaps": "learning/team/beta/gaps/"}
EDITOR = {
    "courses": "learning/edit/",
    "new course": "learning/edit/new/",
    "course": "learning/edit/courses/fleet/",
    "details": "learning/edit/courses/fleet/details/",
    "new text": "learning/edit/courses/fleet/add/text/",
    "rules": "learning/edit/courses/fleet/modules/{test}/test/",
    "pool": "learning/edit/pools/{pool}/",
    "new question": "learning/edit/pools/{pool}/questions/new/",
    "paths": "learning/edit/paths/",
    "path": "learning/edit/paths/way/",
    "preview": "learning/courses/fleet/preview/2/1/",
}


@pytest.mark.parametrize(
    ("name", "pages", "views"),
    [
        ("partner_rep", LEARNER, BOTH),
        ("partner_admin", TEAM, BOTH),
        ("program_admin", EDITOR, BOTH),
        ("manager", TEAM | {"catalogue": "learning/"}, ONE_OF),
    ],
)
def test_pages_are_readable_and_fit(
    name: str,
    pages: dict[str, str],
    views: list[tuple[int, str]],
    places: dict[str, str],
    window: Callable[[str], Walk],
) -> None:
    walk = window(name)
    for label, path in pages.items():
        walk.open(label, path.format(**places), views)
    assert not walk.wrong, "\n".join(walk.wrong)


def answered(world: VendorWorld) -> int:
    with acting_as(world.people["partner_rep"]):
        attempt = Attempt.objects.get(submitted_at=None)
        return sum(row.is_answered for row in AttemptQuestion.objects.filter(attempt=attempt))


def choose_first(page: Any, place: int) -> None:
    """The first answer of the place-th question with choices, and wait until it is kept."""
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.status == 200):
        page.locator(".q-set:has(input[type=radio])").nth(place).locator("input").first.check()


def test_a_killed_tab_loses_no_answer(
    world: VendorWorld, places: dict[str, str], window: Callable[[str], Walk]
) -> None:
    first = window("partner_rep")
    first.page.goto(first.root + f"learning/attempts/{places['attempt']}/")
    choose_first(first.page, 0)
    first.page.context.close()
    again = window("partner_rep")
    again.page.goto(again.root + f"learning/attempts/{places['attempt']}/")
    assert "1 of 8 answered" in again.page.locator("h1").inner_text()
    assert again.page.locator(".q-set input:checked").count() == 1


def test_two_tabs_keep_each_others_answers(
    world: VendorWorld, places: dict[str, str], window: Callable[[str], Walk]
) -> None:
    walk = window("partner_rep")
    one, two = walk.page, walk.page.context.new_page()
    one.goto(walk.root + f"learning/attempts/{places['attempt']}/?page=1")
    two.goto(walk.root + f"learning/attempts/{places['attempt']}/?page=2")
    choose_first(one, 0)
    number = two.locator(".q-set").locator("input[inputmode=decimal], select, input[type=radio]").first
    with two.expect_response(lambda answer: answer.request.method == "POST"):
        if number.get_attribute("type") == "radio":
            number.check()
        elif number.evaluate("one => one.tagName") == "SELECT":
            number.select_option(index=1)
        else:
            number.fill("2")
            number.blur()
    assert answered(world) == 2


def test_a_lost_network_is_told_and_the_answer_saved_afterwards(
    world: VendorWorld, places: dict[str, str], window: Callable[[str], Walk]
) -> None:
    walk = window("partner_rep")
    page = walk.page
    page.goto(walk.root + f"learning/attempts/{places['attempt']}/")
    page.context.set_offline(True)
    page.locator(".q-set:has(input[type=radio])").first.locator("input").first.check()
    page.get_by_text("No connection to the portal.").wait_for()
    assert answered(world) == 0
    page.context.set_offline(False)
    page.get_by_role("button", name="Save, go to").click()
    page.wait_for_url("**page=2")
    assert answered(world) == 1


def test_without_a_script(world: VendorWorld, places: dict[str, str], chromium: Any, window: Any) -> None:
    walk = window("partner_rep")
    cookies = walk.page.context.cookies()
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(walk.root + f"learning/attempts/{places['attempt']}/")
    page.locator(".q-set:has(input[type=radio])").first.locator("input").first.check()
    page.get_by_role("button", name="Save, go to").click()
    page.get_by_role("button", name="Hand in").click()
    page.get_by_role("button", name="Hand in for good").click()
    assert "and 80% pass" in page.locator("h1").inner_text()
    context.close()
