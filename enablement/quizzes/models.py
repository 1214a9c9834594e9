"""Tests: what may be asked, what was asked, and what was answered."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from enablement.courses.models import FULL_MARKS, Course, Enrolment, Module, Source
from partners.keys import PartnerKey
from portal.history.constraints import KeepsHistory, NotesLateFacts
from portal.history.models import Version
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel


class QuestionPool(TenantModel):
    """Questions of a course on one subject; tests draw from pools.

    `module_key` says which module explains them, in whatever version: wrong answers lead back there.
    """

    course = TenantKey(Course, models.CASCADE, related_name="pools")
    name = models.CharField(max_length=120)
    module_key = models.UUIDField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_questionpool_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_questionpool_key"),
            models.UniqueConstraint(
                fields=["vendor", "course", "name"],
                name="enablement_questionpool_name",
                violation_error_message="This course has a pool of this name already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class QuestionKind(models.TextChoices):
    SINGLE = "single", "One right answer"
    MULTIPLE = "multiple", "Several right answers"
    NUMERIC = "numeric", "A number"
    MATCHING = "matching", "Matching pairs"


class Question(TenantModel):
    """A question. Once it was asked it never changes: a correction is a new one that replaces it."""

    pool = TenantKey(QuestionPool, models.CASCADE, related_name="questions")
    kind = models.CharField(max_length=8, choices=QuestionKind.choices, default=QuestionKind.SINGLE)
    text = models.CharField(max_length=1000)
    explanation = models.TextField(
        "reason", max_length=2000, blank=True, help_text="Shown with the right answer after the try."
    )
    number = models.DecimalField("right number", max_digits=18, decimal_places=6, null=True, blank=True)
    tolerance = models.DecimalField(
        max_digits=18,
        decimal_places=6,
        default=0,
        validators=[MinValueValidator(0)],
        help_text="How far off still counts as right.",
    )
    unit = models.CharField(
        max_length=80, blank=True, help_text="What is asked for, such as Number of chargers."
    )
    replaces = TenantKey("self", related_name="+", null=True, blank=True, editable=False)
    external_key = models.CharField(max_length=120, null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["vendor", "pool"], name="enablement_question_by_pool")]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_question_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_question_key"),
            models.UniqueConstraint(
                fields=["vendor", "pool", "external_key"],
                condition=Q(retired_at__isnull=True),
                name="enablement_question_external_key",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=QuestionKind.values), name="enablement_question_kind"
            ),
            models.CheckConstraint(
                condition=~Q(kind=QuestionKind.NUMERIC) | Q(number__isnull=False),
                name="enablement_question_number",
            ),
            models.CheckConstraint(condition=Q(tolerance__gte=0), name="enablement_question_tolerance"),
        ]

    def __str__(self) -> str:
        return self.text


class Choice(TenantModel):
    """An answer to choose, or the left side of a pair whose right side is `match`."""

    question = TenantKey(Question, models.CASCADE, related_name="choices")
    position = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=500)
    is_right = models.BooleanField("right", default=False)
    match = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_choice_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_choice_key"),
            models.UniqueConstraint(
                fields=["vendor", "question", "position"], name="enablement_choice_position"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Quiz(TenantModel):
    """The test of a module: of how it is passed and how often it may be tried."""

    module = TenantKey(Module, models.CASCADE, related_name="quizzes")
    pass_mark = models.PositiveSmallIntegerField(
        default=8_000,
        validators=[MinValueValidator(1), MaxValueValidator(FULL_MARKS)],
        help_text="Basis points.",
    )
    attempt_limit = models.PositiveSmallIntegerField(
        "tries",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(50)],
        help_text="Empty: as many as one likes.",
    )
    wait_hours = models.PositiveSmallIntegerField(
        "hours between tries", default=0, validators=[MaxValueValidator(2_160)]
    )
    page_size = models.PositiveSmallIntegerField(
        "questions on a page", default=4, validators=[MinValueValidator(1), MaxValueValidator(50)]
    )

    class Meta:
        verbose_name_plural = "quizzes"
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_quiz_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_quiz_key"),
            models.UniqueConstraint(fields=["vendor", "module"], name="enablement_quiz_once"),
            models.CheckConstraint(
                condition=Q(pass_mark__range=(1, FULL_MARKS)), name="enablement_quiz_pass_mark"
            ),
            models.CheckConstraint(
                condition=Q(attempt_limit__isnull=True) | Q(attempt_limit__gte=1),
                name="enablement_quiz_attempt_limit",
            ),
            models.CheckConstraint(condition=Q(page_size__gte=1), name="enablement_quiz_page_size"),
        ]

    def __str__(self) -> str:
        return f"test of {self.module}"


class QuizDraw(TenantModel):
    """How many questions a test draws from a pool; without a number it asks them all."""

    quiz = TenantKey(Quiz, models.CASCADE, related_name="draws")
    pool = TenantKey(QuestionPool, related_name="+")
    count = models.PositiveSmallIntegerField(
        "questions", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(200)]
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_quizdraw_rows"),
            models.UniqueConstraint(fields=["vendor", "quiz", "pool"], name="enablement_quizdraw_once"),
            models.CheckConstraint(
                condition=Q(count__isnull=True) | Q(count__gte=1), name="enablement_quizdraw_count"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count or 'all'} of {self.pool}"


class Attempt(TenantModel):
    """One try at a test, for ever. `number` 1 is the first; `allowed` how many there could be at that time.

    `quiz` is the portal's own test; a score that a package, a record or a file tells of has none, and
    without a `module` it is of the course as a whole. Marks are basis points, exact.
    """

    user = PersonKey()
    partner = PartnerKey()
    enrolment = TenantKey(Enrolment, related_name="attempts")
    module = TenantKey(Module, related_name="+", null=True)
    quiz = TenantKey(Quiz, related_name="+", null=True)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.PORTAL)
    number = models.PositiveSmallIntegerField()
    allowed = models.PositiveSmallIntegerField(null=True)
    started_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True)
    asked = models.PositiveSmallIntegerField(default=0)
    right = models.PositiveSmallIntegerField(null=True)
    score = models.PositiveSmallIntegerField(null=True, help_text="Basis points.")
    pass_mark = models.PositiveSmallIntegerField(null=True, help_text="Basis points, at that time.")
    passed = models.BooleanField(null=True)
    external_key = models.CharField(max_length=120, null=True, blank=True)

    class Meta:
        ordering = ["number"]
        indexes = [
            models.Index(fields=["vendor", "partner", "submitted_at"], name="enablement_attempt_by_partner"),
            models.Index(fields=["vendor", "module", "number"], name="enablement_attempt_by_module"),
            models.Index(fields=["vendor", "user"], name="enablement_attempt_by_user"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_attempt_rows"),
            KeepsHistory(
                name="enablement_attempt_history",
                into="enablement_attemptversion",
                key="attempt_id",
                edited=["partner_id", "number"],
                dated=["submitted_at"],
                told_with={"score": "submitted_at", "passed": "submitted_at"},
            ),
            NotesLateFacts(name="enablement_attempt_late", dated=["submitted_at"]),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_attempt_key"),
            # However many requests arrive at once: a number is given once, and none beyond what is allowed.
            models.UniqueConstraint(
                fields=["vendor", "enrolment", "module", "number"],
                nulls_distinct=False,
                name="enablement_attempt_number",
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1) & (Q(allowed__isnull=True) | Q(number__lte=F("allowed"))),
                name="enablement_attempt_allowed",
            ),
            models.UniqueConstraint(
                fields=["vendor", "enrolment", "module"],
                condition=Q(submitted_at__isnull=True),
                nulls_distinct=False,
                name="enablement_attempt_one_open",
            ),
            models.UniqueConstraint(
                fields=["vendor", "external_key"], name="enablement_attempt_external_key"
            ),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="enablement_attempt_source"),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__lte=FULL_MARKS), name="enablement_attempt_score"
            ),
            models.CheckConstraint(
                condition=Q(right__isnull=True) | Q(right__lte=F("asked")), name="enablement_attempt_right"
            ),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True, score__isnull=True, passed__isnull=True)
                | Q(submitted_at__isnull=False, score__isnull=False)
                | Q(submitted_at__isnull=False, passed__isnull=False),
                name="enablement_attempt_result",
            ),
        ]

    def __str__(self) -> str:
        return f"try {self.number} of {self.user}"

    @property
    def is_open(self) -> bool:
        return self.submitted_at is None


class AttemptVersion(Version):
    """A try as it stood until its result was corrected by another import, or its place among the tries."""

    attempt = TenantKey(Attempt, models.CASCADE, related_name="versions")
    partner = PartnerKey()
    number = models.PositiveSmallIntegerField()
    submitted_at = models.DateTimeField(null=True)
    score = models.PositiveSmallIntegerField(null=True)
    passed = models.BooleanField(null=True)

    class Meta:
        ordering = ["held_until"]
        indexes = [
            models.Index(fields=["vendor", "attempt", "held_until"], name="enablement_attemptversion_row"),
            models.Index(fields=["vendor", "partner"], name="enablement_attemptversion_part"),
        ]
        constraints = [RowSecurity(rows=Rows.PARTNER, name="enablement_attemptversion_rows")]

    def __str__(self) -> str:
        return f"{self.attempt_id} until {self.held_until:%Y-%m-%d}"


class AttemptQuestion(TenantModel):
    """A question as it was put in one try, and what was answered so far.

    `order` are the ids of the choices as shown. `given` is what was answered: ids of choices, a number as
    text, or {id of the choice: text of its match}; null while open.
    """

    user = PersonKey()
    partner = PartnerKey()
    attempt = TenantKey(Attempt, models.CASCADE, related_name="questions")
    question = TenantKey(Question, related_name="+")
    position = models.PositiveSmallIntegerField()
    order = models.JSONField(default=list)
    given = models.JSONField(null=True)
    is_marked = models.BooleanField(default=False)
    saved_at = models.DateTimeField(null=True)
    is_right = models.BooleanField(null=True)

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(fields=["vendor", "question"], name="enablement_asked_by_question"),
            models.Index(fields=["vendor", "partner"], name="enablement_asked_by_partner"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_attemptquestion_rows"),
            models.UniqueConstraint(
                fields=["vendor", "attempt", "position"], name="enablement_attemptquestion_position"
            ),
            models.UniqueConstraint(
                fields=["vendor", "attempt", "question"], name="enablement_attemptquestion_once"
            ),
        ]

    def __str__(self) -> str:
        return f"question {self.position}"

    @property
    def is_answered(self) -> bool:
        return self.given is not None


class AttemptGrant(TenantModel):
    """One more try than the test allows, given by a partner admin or the vendor. Pressed twice it is one."""

    user = PersonKey()
    partner = PartnerKey()
    enrolment = TenantKey(Enrolment, related_name="+")
    module = TenantKey(Module, related_name="+")
    number = models.PositiveSmallIntegerField(help_text="The try that it allows.")
    granted_by = PersonKey()
    granted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        indexes = [models.Index(fields=["vendor", "partner"], name="enablement_grant_by_partner")]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_attemptgrant_rows"),
            models.UniqueConstraint(
                fields=["vendor", "enrolment", "module", "number"], name="enablement_attemptgrant_once"
            ),
        ]

    def __str__(self) -> str:
        return f"try {self.number} for {self.user}"
