"""A year of learning behind the demo vendors: courses of their trade, and people who took them.

People who win more have learned more, so that the pages that compare them have something to show. The
featured partner's people are in the middle of things: a test failed, a course half done, something asked for.
"""

import random
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db.models import Count, Q
from django.utils import timezone

from deals.deal.models import Deal
from demo.simulation.certifications import certificates_shared, certifications
from demo.simulation.packages import course_with_a_package
from enablement.assignments.services import course_assign
from enablement.courses import services as learning
from enablement.courses.models import Course, CourseVersion, Enrolment, Module, ModuleProgress, Source
from enablement.editor import services as editor
from enablement.quizzes import marking
from enablement.quizzes import services as trying
from enablement.quizzes.models import Attempt, AttemptQuestion, Choice, Question, QuestionPool, Quiz
from enablement.quizzes.services import first_tries_recount
from partners.models import Partner, PartnerStatus, Product, Seat
from portal.events.log import Fact, record_many
from portal.history.moments import made_at
from portal.people.models import Membership
from portal.tenancy.access import Actor
from portal.tenancy.models import Vendor
from portal.tenancy.roles import Role

COURSES = Path(__file__).with_name("courses.toml")
#: How far back people learned, in days, and the longest a course takes them.
PAST, LONGEST = 365, 40
#: Of what was begun.
FINISHED, GIVEN_UP = 0.72, 0.08
#: More began in the first half of that time than in the second, so that deals were closed since.
EARLY = 1.6
ActorOf = Callable[[Vendor, Membership], Actor]


@dataclass(slots=True)
class _Test:
    """The test at the end of a course, with what it asks."""

    quiz: Quiz
    questions: list[Question]
    choices: dict[int, list[Choice]]


@dataclass(slots=True)
class _Taught:
    course: Course
    modules: list[Module]
    test: _Test


@dataclass(slots=True)
class _Rows:
    """What is written at the end, table by table."""

    enrolments: list[Enrolment] = field(default_factory=list)
    progress: list[ModuleProgress] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    asked: list[AttemptQuestion] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)


def courses_and_learners(slug: str, vendor: Vendor, featured: Partner, actor_of: ActorOf) -> None:
    """Under the vendor's system scope. Does nothing where there are courses already."""
    if Course.objects.exists():
        return
    admin = Membership.objects.filter(role=Role.PROGRAM_ADMIN, is_active=True).order_by("pk").first()
    if admin is None:
        return
    taught = _write(actor_of(vendor, admin), tomllib.loads(COURSES.read_text())[slug])
    _refreshers(actor_of(vendor, admin), slug, taught)
    _paths(actor_of(vendor, admin), slug, taught)
    # What the years before brought: published well before anybody enrolled.
    since = timezone.now() - timedelta(days=PAST + 60)
    certifications(slug, {key: one.course for key, one in taught.items()}, since)
    CourseVersion.objects.update(published_at=since)
    _history(vendor, featured, list(taught.values()), random.Random(f"learning:{slug}"))  # noqa: S311
    _busy(vendor, featured, list(taught.values()), actor_of)
    certificates_shared(vendor, actor_of)
    if slug == "northwind":
        course_with_a_package(actor_of(vendor, admin))


# The courses ---------------------------------------------------------------------------------------------


def _write(admin: Actor, plans: Iterable[Mapping[str, Any]]) -> dict[str, _Taught]:
    products = dict(Product.objects.values_list("code", "pk"))
    taught = {}
    for plan in plans:
        course = editor.course_create(
            actor=admin, title=plan["title"], slug=plan["slug"], summary=plan["summary"],
            role=plan.get("role", ""), products=[products[code] for code in plan["products"]],
        )  # fmt: skip
        version = editor.draft_begin(actor=admin, course=course)
        pools = [pool for one in plan["modules"] if (pool := _module(admin, course, version, one, plan))]
        test = Module.objects.get(version=version, kind="quiz")
        draws: dict[int, int | None] = {pool.pk: (size - 1 if size > 2 else None) for pool, size in pools}
        rules = {"pass_mark": plan["pass"], "attempt_limit": plan["tries"] or None,
                 "wait_hours": plan.get("wait", 0), "page_size": 4}  # fmt: skip
        editor.quiz_set(actor=admin, module=test, rules=rules, draws=draws)
        editor.version_publish(actor=admin, version=version)
        taught[plan["slug"]] = _taught(course, test)
    return taught


def _module(
    admin: Actor, course: Course, version: CourseVersion, one: Mapping[str, Any], plan: Mapping[str, Any]
) -> tuple[QuestionPool, int] | None:
    kind = one.get("kind", "text")
    module = editor.module_add(
        actor=admin, version=version, kind=kind, title=one["title"], minutes=one["minutes"],
        is_required=not one.get("optional", False), body=one.get("body", "").strip(),
    )  # fmt: skip
    if not one.get("ask"):
        return None
    pool = editor.pool_save(actor=admin, course=course, name=one["title"], module_key=module.key)
    for asked in one["ask"]:
        _question(admin, pool, *asked)
    return pool, len(one["ask"])


def _question(
    admin: Actor, pool: QuestionPool, kind: str, text: str, right: list[str], wrong: list[str], reason: str
) -> None:
    pairs = [part.split(" = ") for part in right] if kind == "matching" else []
    choices = [{"text": a, "is_right": False, "match": b} for a, b in pairs] or [
        {"text": part, "is_right": part in right, "match": ""} for part in [*right, *wrong]
    ]
    answers = {
        "kind": kind, "text": text, "explanation": reason, "tolerance": Decimal(0), "unit": "",
        "number": Decimal(right[0]) if kind == "numeric" else None,
    }  # fmt: skip
    editor.question_save(
        actor=admin, pool=pool, answers=answers, choices=[] if kind == "numeric" else choices
    )


def _taught(course: Course, test: Module) -> _Taught:
    course.refresh_from_db()
    quiz = Quiz.objects.get(module=test)
    questions = list(Question.objects.filter(pool__course=course).order_by("pk"))
    choices: dict[int, list[Choice]] = {question.pk: [] for question in questions}
    for choice in Choice.objects.filter(question__in=questions).order_by("position"):
        choices[choice.question_id].append(choice)
    modules = list(Module.objects.filter(version=course.published_id).order_by("position"))
    return _Taught(course, modules, _Test(quiz, questions, choices))


def _refreshers(admin: Actor, slug: str, taught: Mapping[str, _Taught]) -> None:
    for plan in tomllib.loads(COURSES.read_text())[slug]:
        if "helps" in plan:
            course, title = plan["helps"]
            key = next(module.key for module in taught[course].modules if module.title == title)
            editor.refresher_add(
                actor=admin, course=taught[course].course, module_key=key,
                suggests=taught[plan["slug"]].course, when_failed=True, when_skipped=True,
            )  # fmt: skip


def _paths(admin: Actor, slug: str, taught: Mapping[str, _Taught]) -> None:
    steps: dict[str, list[tuple[int, bool]]] = {}
    for plan in tomllib.loads(COURSES.read_text())[slug]:
        if "path" in plan:
            steps.setdefault(plan["path"], []).append((taught[plan["slug"]].course.pk, False))
    for position, (name, courses) in enumerate(steps.items(), start=1):
        editor.path_save(actor=admin, fields={"name": name, "position": position}, steps=courses)


# A year of it ----------------------------------------------------------------------------------------------


def _history(vendor: Vendor, featured: Partner, taught: list[_Taught], chance: random.Random) -> None:
    seats = Seat.objects.filter(left_at=None, partner__status=PartnerStatus.ACTIVE).select_related("partner")
    keen, rows, now = _keenness(), _Rows(), timezone.now()
    for seat in seats.order_by("pk"):
        if seat.partner_id == featured.pk:
            continue
        share = keen.get(seat.user_id, 0.25)
        for one in taught:
            since = max(seat.since, now - timedelta(days=PAST))
            if chance.random() < share and since < now - timedelta(days=3):
                begun = since + (now - since) * chance.random() ** EARLY * 0.98
                _take(rows, one, seat, begun, share, chance, now)
    # Told as it happened: nothing of it came late.
    with made_at(now - timedelta(days=PAST + 60)):
        _keep(rows)
    first_tries_recount([one.course.pk for one in taught])


def _keenness() -> dict[int, float]:
    """{person: how likely they are to take a course}: who wins more has learned more, and nothing else.

    Training changes no deal here: beside others certified people win more, like for like they hardly do.
    """
    won, lost = Count("pk", filter=Q(won_at__isnull=False)), Count("pk", filter=Q(lost_at__isnull=False))
    rows = Deal.objects.order_by().values("registered_by").annotate(won=won, lost=lost)
    return {
        row["registered_by"]: min(max(2 * row["won"] / (row["won"] + row["lost"]) - 0.45, 0.05), 0.9)
        for row in rows
        if row["won"] + row["lost"] >= 5
    }


def _take(
    rows: _Rows,
    taught: _Taught,
    seat: Seat,
    begun: datetime,
    share: float,
    chance: random.Random,
    now: datetime,
) -> None:
    enrolment = Enrolment(
        user_id=seat.user_id, partner_id=seat.partner_id, course=taught.course,
        version=taught.course.published, source=Source.PORTAL, enrolled_at=begun,
        saved_on=chance.choice(["phone", "computer", "computer"]),
    )  # fmt: skip
    rows.enrolments.append(enrolment)
    _record(rows, "enrolled", enrolment, begun, str(taught.course))
    fate, at = chance.random(), begun
    reach = len(taught.modules) if fate < FINISHED else chance.randrange(1, len(taught.modules))
    for module in taught.modules[:reach]:
        at += timedelta(days=LONGEST / len(taught.modules) * chance.random() ** 2, hours=chance.random() * 5)
        if at >= now:
            return
        if module.kind == "quiz":
            at = _tests(rows, taught, enrolment, at, share, chance, now)
        elif module.is_required or chance.random() < 0.5:
            _progress(rows, enrolment, module, at, done=True)
        elif fate < FINISHED:
            _progress(rows, enrolment, module, at, done=False)
        enrolment.module, enrolment.saved_at = module, min(at, now)
    if fate > 1 - GIVEN_UP:
        enrolment.left_at = at
    _finish(rows, taught, enrolment, at)


def _tests(
    rows: _Rows,
    taught: _Taught,
    enrolment: Enrolment,
    at: datetime,
    share: float,
    chance: random.Random,
    now: datetime,
) -> datetime:
    """Tries until one passes, the tries are used up or today comes; returns when the last one ended."""
    limit = taught.test.quiz.attempt_limit or 5
    for number in range(1, limit + 1):
        if at >= now:
            break
        skill = 0.78 + 0.2 * share + 0.06 * (number - 1)
        if _try(rows, taught, enrolment, number, at, skill, chance):
            _progress(rows, enrolment, taught.test.quiz.module, at, done=True)
            break
        if chance.random() < 0.3:
            break
        at += timedelta(hours=taught.test.quiz.wait_hours + 4 + 60 * chance.random())
    return at


def _try(
    rows: _Rows,
    taught: _Taught,
    enrolment: Enrolment,
    number: int,
    at: datetime,
    skill: float,
    chance: random.Random,
) -> bool:
    quiz, questions = taught.test.quiz, taught.test.questions
    drawn = chance.sample(questions, max(len(questions) - 1, 1)) if len(questions) > 3 else questions
    attempt = Attempt(
        user_id=enrolment.user_id, partner_id=enrolment.partner_id, enrolment=enrolment,
        module_id=quiz.module_id, quiz=quiz, number=number, allowed=quiz.attempt_limit,
        started_at=at - timedelta(minutes=12), submitted_at=at, asked=len(drawn), pass_mark=quiz.pass_mark,
    )  # fmt: skip
    # What is hardest is the same for everybody: the third subject on.
    hard = {question.pool_id for question in questions[len(questions) // 2 :]}
    rights = [chance.random() < skill - (0.12 if one.pool_id in hard else 0) for one in drawn]
    for position, (question, right) in enumerate(zip(drawn, rights, strict=True), start=1):
        rows.asked.append(_answer(attempt, question, position, right, taught.test.choices[question.pk]))
    attempt.right = sum(rights)
    attempt.score = marking.marks(attempt.right, attempt.asked)
    attempt.passed = marking.is_passed(attempt.right, attempt.asked, quiz.pass_mark)
    rows.attempts.append(attempt)
    return attempt.passed


def _answer(
    attempt: Attempt, question: Question, position: int, right: bool, choices: list[Choice]
) -> AttemptQuestion:
    given: marking.Given
    if question.kind == "numeric":
        given = f"{question.number:f}" if right else f"{(question.number or 0) + 1:f}"
    elif question.kind == "matching":
        turn = 0 if right else 1
        matches = [choice.match for choice in choices]
        given = {str(one.pk): matches[(place + turn) % len(matches)] for place, one in enumerate(choices)}
    else:
        given = [one.pk for one in choices if one.is_right is right][: None if right else 1]
    return AttemptQuestion(
        user_id=attempt.user_id, partner_id=attempt.partner_id, attempt=attempt, question=question,
        position=position, order=[choice.pk for choice in choices], given=given,
        saved_at=attempt.submitted_at, is_right=right,
    )  # fmt: skip


def _progress(rows: _Rows, enrolment: Enrolment, module: Module, at: datetime, *, done: bool) -> None:
    rows.progress.append(
        ModuleProgress(
            user_id=enrolment.user_id, partner_id=enrolment.partner_id, enrolment=enrolment, module=module,
            opened_at=at, saved_at=at, done_at=at if done else None, skipped_at=None if done else at,
        )
    )  # fmt: skip


def _finish(rows: _Rows, taught: _Taught, enrolment: Enrolment, at: datetime) -> None:
    """When every required module is done."""
    done = {row.module_id for row in rows.progress[-len(taught.modules) :] if row.enrolment is enrolment
            and row.done_at}  # fmt: skip
    if enrolment.left_at or any(one.is_required and one.pk not in done for one in taught.modules):
        return
    enrolment.completed_at = at
    _record(rows, "course_completed", enrolment, at, str(taught.course))


def _record(rows: _Rows, what: str, enrolment: Enrolment, at: datetime, title: str) -> None:
    data = {"title": title, "course": enrolment.course_id, "user": enrolment.user_id}
    rows.facts.append(Fact(f"enablement.{what}", enrolment.partner_id, enrolment, at, data))


def _keep(rows: _Rows) -> None:
    Enrolment.objects.bulk_create(rows.enrolments, batch_size=2000)
    for row in rows.progress:
        row.enrolment_id = row.enrolment.pk
    for attempt in rows.attempts:
        attempt.enrolment_id = attempt.enrolment.pk
    ModuleProgress.objects.bulk_create(rows.progress, batch_size=2000)
    Attempt.objects.bulk_create(rows.attempts, batch_size=2000)
    for asked in rows.asked:
        asked.attempt_id = asked.attempt.pk
    AttemptQuestion.objects.bulk_create(rows.asked, batch_size=2000)
    record_many(rows.facts)


# The featured partner, in the middle of things ---------------------------------------------------------


def _busy(vendor: Vendor, featured: Partner, taught: list[_Taught], actor_of: ActorOf) -> None:
    """Its first rep failed a test and is half through a course; the admin and the vendor asked for more."""
    there = Seat.objects.filter(partner=featured, left_at=None, membership__is_active=True)
    seats = list(there.select_related("user", "membership").order_by("pk"))
    reps = [seat for seat in seats if seat.membership.role == Role.PARTNER_REP]
    admins = [seat for seat in seats if seat.membership.role == Role.PARTNER_ADMIN]
    if not reps or not admins:
        return
    rep, admin = actor_of(vendor, reps[0].membership), actor_of(vendor, admins[0].membership)
    first, second = taught[0], taught[1]
    _through(rep, first, wrong=0)
    _half(rep, second)
    others = [actor_of(vendor, seat.membership) for seat in reps[1:4]]
    for place, other in enumerate(others):
        _through(other, first, wrong=place)
    today = timezone.localdate(timezone=vendor.zone)
    course_assign(
        actor=admin, partner=featured, course=second.course, user_ids=[seat.user_id for seat in reps[:3]],
        due_on=today + timedelta(days=18), note="With you we reach what the next tier asks for.",
    )  # fmt: skip
    manager = Membership.objects.filter(role=Role.CHANNEL_MANAGER, user__groups__region=featured.region)
    asked_by = manager.filter(is_active=True).order_by("pk").first()
    if asked_by and len(taught) > 2:
        course_assign(
            actor=actor_of(vendor, asked_by), partner=featured, course=taught[-1].course,
            user_ids=[reps[0].user_id], due_on=today + timedelta(days=5),
        )  # fmt: skip


def _through(learner: Actor, taught: _Taught, *, wrong: int) -> None:
    """The texts read and the test handed in with so many wrong answers."""
    enrolment = learning.enrol(actor=learner, course=taught.course)
    for module in taught.modules:
        if module.kind == "text":
            learning.module_open(actor=learner, enrolment=enrolment, module=module, device="computer")
            learning.module_done(actor=learner, enrolment=enrolment, module=module)
    _hand_in(learner, enrolment, taught, wrong)


def _half(learner: Actor, taught: _Taught) -> None:
    """The test tried too early, the modules read up to the one where most went wrong."""
    enrolment = learning.enrol(actor=learner, course=taught.course)
    texts = [module for module in taught.modules if module.kind == "text"]
    learning.module_done(actor=learner, enrolment=enrolment, module=texts[0])
    _hand_in(learner, enrolment, taught, wrong=3)
    stopped = texts[min(1, len(texts) - 1)]
    learning.module_open(actor=learner, enrolment=enrolment, module=stopped, place="1", device="phone")


def _hand_in(learner: Actor, enrolment: Enrolment, taught: _Taught, wrong: int) -> None:
    attempt = trying.attempt_begin(actor=learner, enrolment=enrolment, quiz=taught.test.quiz)
    asked = list(AttemptQuestion.objects.filter(attempt=attempt).select_related("question"))
    # The last of the questions as they were written: those of the later modules.
    asked.sort(key=lambda row: -row.question_id)
    answers = {
        row.position: _answer(
            attempt, row.question, row.position, place >= wrong, taught.test.choices[row.question_id]
        ).given
        for place, row in enumerate(asked)
    }
    trying.answers_save(actor=learner, attempt=attempt, answers=answers, marked={})
    trying.attempt_submit(actor=learner, attempt=attempt)
