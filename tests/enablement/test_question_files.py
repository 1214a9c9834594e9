"""Questions from spreadsheets, GIFT and QTI: what is taken, what is told, and files that mean harm."""

import io
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from enablement.editor import gift, question_files, services
from enablement.editor.question_drafts import Draft
from enablement.quizzes.models import Question, QuestionPool
from tests.enablement import school
from tests.support.worlds import VendorWorld, acting_as


def only(text: str) -> Draft:
    (draft,) = gift.read(text).drafts
    return draft


class TestGift:
    def test_one_right_answer(self) -> None:
        draft = only("// a comment\n::Grip:: Which grips? {\n=Vacuum #Because it is smooth.\n~Magnet\n~Hook}")
        assert (draft.kind, draft.text, draft.key) == ("single", "Which grips?", "Grip")
        assert [(one["text"], one["is_right"]) for one in draft.choices] == [
            ("Vacuum", True), ("Magnet", False), ("Hook", False),
        ]  # fmt: skip
        assert draft.explanation == "Because it is smooth."

    def test_several_right_answers_by_weight(self) -> None:
        draft = only("Which? {~%50%A ~%50%B ~%-100%C}")
        assert draft.kind == "multiple"
        assert [one["is_right"] for one in draft.choices] == [True, True, False]

    @pytest.mark.parametrize(
        ("answer", "number", "tolerance"),
        [("{#3:2}", "3", "2"), ("{#1..5}", "3", "2"), ("{#2.5}", "2.5", "0"), ("{#-1}", "-1", "0")],
    )
    def test_numbers(self, answer: str, number: str, tolerance: str) -> None:
        draft = only(f"How many? {answer}")
        assert (draft.kind, draft.number, draft.tolerance) == ("numeric", Decimal(number), Decimal(tolerance))

    def test_pairs_truths_and_escapes(self) -> None:
        pairs = only("Match. {=a -> 1 =b -> 2}")
        assert [(one["text"], one["match"]) for one in pairs.choices] == [("a", "1"), ("b", "2")]
        truth = only("A cobot stops. {T}")
        assert [one["is_right"] for one in truth.choices] == [True, False]
        assert only(r"Is 1\=1? {=yes \~ surely ~no}").choices[0]["text"] == "yes ~ surely"

    @pytest.mark.parametrize("text", ["Write freely. {}", "No answer here", "Short. {=one =two}", "N. {#x}"])
    def test_what_cannot_be_marked_is_told(self, text: str) -> None:
        read = gift.read(f"First? {{=a ~b}}\n\n{text}")
        assert len(read.drafts) == 1
        assert [fault.line for fault in read.faults] == [3]


QTI = """<?xml version="1.0"?>
<assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="i1" title="One">
<responseDeclaration identifier="R" cardinality="{cardinality}" baseType="identifier">
<correctResponse>{correct}</correctResponse></responseDeclaration>
<itemBody>{body}</itemBody></assessmentItem>"""
CHOICE = """<p>Which grips?</p><choiceInteraction responseIdentifier="R" maxChoices="1">
<prompt>Choose.</prompt>
<simpleChoice identifier="A">Vacuum</simpleChoice><simpleChoice identifier="B">Hook</simpleChoice>
</choiceInteraction>"""


def qti(body: str = CHOICE, correct: str = "<value>A</value>", cardinality: str = "single") -> bytes:
    return QTI.format(body=body, correct=correct, cardinality=cardinality).encode()


def packed(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.xml", content)
    return buffer.getvalue()


class TestQti:
    def test_a_choice(self) -> None:
        (draft,) = question_files.read("item.xml", qti()).drafts
        assert (draft.kind, draft.text, draft.key) == ("single", "Which grips? Choose.", "i1")
        assert [one["is_right"] for one in draft.choices] == [True, False]

    def test_pairs_and_numbers(self) -> None:
        body = """<matchInteraction responseIdentifier="R"><prompt>Match.</prompt><simpleMatchSet>
        <simpleAssociableChoice identifier="a">Arm</simpleAssociableChoice></simpleMatchSet><simpleMatchSet>
        <simpleAssociableChoice identifier="b">lifts</simpleAssociableChoice></simpleMatchSet>
        </matchInteraction>"""
        (draft,) = question_files.read("x.xml", qti(body, "<value>a b</value>", "multiple")).drafts
        assert draft.choices == [{"text": "Arm", "is_right": False, "match": "lifts"}]
        body = '<p>Pi? <textEntryInteraction responseIdentifier="R"/></p>'
        (draft,) = question_files.read("x.xml", qti(body, "<value>3.14</value>")).drafts
        assert (draft.kind, draft.number) == ("numeric", Decimal("3.14"))

    def test_a_package(self) -> None:
        read = question_files.read("all.zip", packed(a=qti(), manifest=b"<manifest/>"))
        assert len(read.drafts) == 1

    @pytest.mark.parametrize(
        "content",
        [
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>',
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
            b'<?xml version="1.0"?><x',
            b'<?xml version="1.0"?>\xff\xfe',
        ],
    )
    def test_hostile_and_broken_files_are_told(self, content: bytes) -> None:
        read = question_files.read("x.xml", content)
        assert read.drafts == []
        assert len(read.faults) == 1
        assert "passwd" not in read.faults[0].reason

    def test_a_bomb_is_refused(self) -> None:
        bomb = packed(a=b"<x>" + b"0" * 25_000_000 + b"</x>")
        with pytest.raises(ValidationError, match="too large"):
            question_files.read("bomb.zip", bomb)

    def test_other_kinds_of_question_are_told_by_title(self) -> None:
        read = question_files.read("x.xml", qti('<extendedTextInteraction responseIdentifier="R"/>'))
        assert "One: it asks in a way" in read.faults[0].reason


SHEET = """question;kind;right;wrong;reason;tolerance;key
Which grips?;;Vacuum;Magnet|Hook;Smooth.;;g1
How many?;numeric;2,5;;;0,1;
Match.;matching;a = 1|b = 2;;;;
Which are true?;multiple;A|B;C;;;
;single;A;B;;;
What?;magic;A;B;;;
Same answers?;single;A;A;;;
"""


@pytest.mark.django_db
class TestImport:
    def pool(self, world: VendorWorld) -> QuestionPool:
        with acting_as(world.people["program_admin"]):
            return school.course(world).pools.get()

    def load(self, world: VendorWorld, pool: QuestionPool, text: str = SHEET) -> Any:
        with acting_as(world.people["program_admin"]) as actor:
            read = question_files.read("questions.csv", text.encode())
            return question_files.questions_import(actor=actor, pool=pool, read=read)

    def test_takes_what_is_right_and_reports_the_rest(self, world: VendorWorld) -> None:
        report = self.load(world, self.pool(world))
        assert (report.added, report.unchanged) == (4, 0)
        assert [fault.line for fault in report.faults] == [6, 7, 8]

    def test_twice_changes_nothing(self, world: VendorWorld) -> None:
        pool = self.pool(world)
        self.load(world, pool)
        again = self.load(world, pool)
        assert (again.added, again.corrected, again.unchanged) == (0, 0, 4)

    def test_a_correction_replaces_what_was_asked(self, world: VendorWorld) -> None:
        rep, course = world.people["partner_rep"], school.course(world)
        with acting_as(world.people["program_admin"]):
            pool = course.pools.get()
        attempt = school.begin(rep, school.enrol(rep, course), school.quiz(world, course))
        report = self.load(world, pool, "question;right;wrong\nQuestion 1?;Better;Wrong|Worse\n")
        assert report.corrected == 1
        with acting_as(world.people["program_admin"]):
            old, new = Question.objects.filter(text="Question 1?").order_by("pk")
            assert old.retired_at is not None
            assert new.replaces == old
            assert attempt.questions.filter(question=old).exists()
            assert [one.text for one in old.choices.all()] == ["Right", "Wrong", "Worse"]

    @pytest.mark.parametrize(
        ("name", "data"),
        [("a.csv", b""), ("a.csv", b"a;b\n1;2\n"), ("a.xlsx", b"PK\x03\x04x"), ("a.pdf", b"%PDF-1.7")],
    )
    def test_files_without_questions(self, name: str, data: bytes) -> None:
        with pytest.raises(ValidationError):
            question_files.read(name, data)

    def test_only_admins(self, world: VendorWorld) -> None:
        pool = self.pool(world)
        choices = [{"text": text, "is_right": text == "a", "match": ""} for text in "ab"]
        with acting_as(world.people["manager"]) as actor, pytest.raises(PermissionDenied):
            services.question_save(
                actor=actor, pool=pool, answers={"kind": "single", "text": "?"}, choices=choices
            )
