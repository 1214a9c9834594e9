"""What learning tools send: statements, documents, and the keys they come with."""

import secrets

from django.db import models
from django.utils import timezone

from enablement.courses.models import Course, Module
from partners.keys import PartnerKey
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel


class KeyScope(models.TextChoices):
    """What a key opens; the words are OAuth's in the specification (part 3, section 4)."""

    ALL = "all", "Read and write everything"
    WRITE = "statements/write", "Write statements, read back its own"
    READ = "all/read", "Read everything"


#: Name of the key that the portal's own statements come with.
OWN_KEY = "portal"


def new_key() -> str:
    return secrets.token_hex(10)


class StoreKey(TenantModel):
    """A key of the learning record store: name and secret of one tool. Only the secret's hash is kept.

    A key with a `registration` was made for one launch of a learning package: it writes for that learner
    and that registration only, and ends.
    """

    name = models.CharField(max_length=80, help_text="The tool it is for, for example our LMS.")
    key = models.CharField("user name", max_length=40, default=new_key, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scope = models.CharField("may", max_length=20, choices=KeyScope.choices, default=KeyScope.WRITE)
    registration = models.UUIDField(null=True, editable=False)
    agent_key = models.CharField(max_length=300, blank=True, editable=False)
    created_by = PersonKey(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    version = models.CharField(
        max_length=10, default="2.0.0", editable=False, help_text="Version of xAPI its tool spoke last."
    )

    class Meta:
        ordering = ["name", "id"]
        verbose_name = "learning record key"
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="enablement_storekey_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_storekey_key"),
            models.UniqueConstraint(fields=["vendor", "key"], name="enablement_storekey_name"),
            models.CheckConstraint(
                condition=models.Q(scope__in=KeyScope.values), name="enablement_storekey_scope"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_of_launches(self) -> bool:
        """What comes with it belongs to a launch of a learning package, which counts it."""
        return self.registration is not None or self.key == OWN_KEY

    @property
    def is_open(self) -> bool:
        ended = self.expires_at is not None and self.expires_at <= timezone.now()
        return self.revoked_at is None and not ended


class Learner(TenantModel):
    """Somebody statements speak of. Known when `user` is set; else listed until an admin says who it is."""

    agent_key = models.CharField(max_length=300, editable=False)
    agent = models.JSONField(editable=False, help_text="The agent as it was sent first.")
    user = PersonKey(on_delete=models.SET_NULL, null=True, blank=True, verbose_name="person")
    first_seen_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-first_seen_at", "-id"]
        indexes = [
            models.Index(
                fields=["vendor", "-first_seen_at"],
                name="enablement_learner_unknown",
                condition=models.Q(user__isnull=True),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="enablement_learner_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_learner_key"),
            models.UniqueConstraint(fields=["vendor", "agent_key"], name="enablement_learner_agent"),
        ]

    def __str__(self) -> str:
        return self.shown

    @property
    def shown(self) -> str:
        """The name a tool gave, and what it knows the person by."""
        name, known_as = self.agent.get("name", ""), self.agent_key.partition(" ")[2]
        return f"{name} ({known_as})" if name else known_as


class Statement(TenantModel):
    """One statement as it was sent, and the columns it is found by.

    `activity`, `verb` and `agent_key` hold `grammar.indexed` texts. `partner` is the one the learner sat in
    when it came; empty while nobody knows the learner, and for the vendor's own people.
    """

    partner = PartnerKey(null=True)
    user = PersonKey(on_delete=models.SET_NULL, null=True)
    source = TenantKey(StoreKey, related_name="+")
    statement_id = models.UUIDField()
    stored = models.DateTimeField()
    timestamp = models.DateTimeField(help_text="When it happened, as the tool says.")
    version = models.CharField(max_length=10)
    agent_key = models.CharField(max_length=300, blank=True)
    verb = models.CharField(max_length=300)
    activity = models.CharField(max_length=300, blank=True)
    registration = models.UUIDField(null=True)
    target = models.UUIDField(null=True, help_text="The statement this one is about.")
    is_voided = models.BooleanField(default=False)
    body = models.JSONField()

    class Meta:
        ordering = ["-stored", "-id"]
        indexes = [
            models.Index(fields=["vendor", "-stored", "-id"], name="enablement_stmt_by_time"),
            models.Index(fields=["vendor", "verb", "-stored"], name="enablement_stmt_by_verb"),
            models.Index(fields=["vendor", "activity", "-stored"], name="enablement_stmt_by_activity"),
            models.Index(fields=["vendor", "agent_key", "-stored"], name="enablement_stmt_by_agent"),
            models.Index(
                fields=["vendor", "registration", "-stored"],
                name="enablement_stmt_by_reg",
                condition=models.Q(registration__isnull=False),
            ),
            models.Index(
                fields=["vendor", "target"],
                name="enablement_stmt_by_target",
                condition=models.Q(target__isnull=False),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="enablement_statement_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_statement_key"),
            models.UniqueConstraint(fields=["vendor", "statement_id"], name="enablement_statement_id"),
        ]

    def __str__(self) -> str:
        return str(self.statement_id)


class StatementMention(TenantModel):
    """An agent or activity that a statement names, so that it is found by it."""

    statement = TenantKey(Statement, models.CASCADE, related_name="mentions")
    kind = models.CharField(max_length=8)
    value = models.CharField(max_length=300)
    is_direct = models.BooleanField(help_text="As actor or object, not further inside.")

    class Meta:
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="enablement_mention_rows"),
            models.UniqueConstraint(
                fields=["vendor", "kind", "value", "statement"], name="enablement_mention_once"
            ),
        ]
        indexes = [models.Index(fields=["vendor", "statement"], name="enablement_mention_by_stmt")]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class StatementReference(TenantModel):
    """The statements one statement is about: its target, the target's target, and so on to the end."""

    statement = TenantKey(Statement, models.CASCADE, related_name="references")
    target = models.UUIDField()

    class Meta:
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="enablement_reference_rows"),
            models.UniqueConstraint(
                fields=["vendor", "statement", "target"], name="enablement_reference_once"
            ),
        ]
        indexes = [models.Index(fields=["vendor", "target"], name="enablement_ref_by_target")]

    def __str__(self) -> str:
        return str(self.target)


class StatementAttachment(TenantModel):
    """What was sent along with statements, kept once under its digest."""

    sha2 = models.CharField(max_length=128)
    content_type = models.CharField(max_length=255)
    content = models.BinaryField()
    stored = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="enablement_stmtattachment_rows"),
            models.UniqueConstraint(fields=["vendor", "sha2"], name="enablement_stmtattachment_once"),
        ]

    def __str__(self) -> str:
        return self.sha2


class ActivityDefinition(TenantModel):
    """What statements told of an activity, put together."""

    activity = models.CharField(max_length=300)
    iri = models.TextField()
    definition = models.JSONField(default=dict)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["activity"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="enablement_definition_rows"),
            models.UniqueConstraint(fields=["vendor", "activity"], name="enablement_definition_once"),
        ]

    def __str__(self) -> str:
        return self.iri


class Resource(models.TextChoices):
    STATE = "state", "State"
    ACTIVITY_PROFILE = "activity_profile", "Activity profile"
    AGENT_PROFILE = "agent_profile", "Agent profile"


class Document(TenantModel):
    """A document of a tool: its bookmark for one learner (state), or what it keeps of an activity or agent.

    `activity`, `agent_key` and `name` hold `grammar.indexed` texts, "" where the resource has none.
    """

    resource = models.CharField(max_length=16, choices=Resource.choices)
    activity = models.CharField(max_length=300, blank=True)
    agent_key = models.CharField(max_length=300, blank=True)
    registration = models.UUIDField(null=True)
    name = models.CharField(max_length=300)
    full_name = models.TextField(help_text="The document's id as the tool wrote it.")
    content = models.BinaryField()
    content_type = models.CharField(max_length=255)
    etag = models.CharField(max_length=42)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-updated_at", "-id"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, name="enablement_document_rows"),
            models.UniqueConstraint(
                fields=["vendor", "resource", "activity", "agent_key", "registration", "name"],
                nulls_distinct=False,
                name="enablement_document_once",
            ),
            models.CheckConstraint(
                condition=models.Q(resource__in=Resource.values), name="enablement_document_resource"
            ),
        ]

    def __str__(self) -> str:
        return self.full_name


# What statements mean for courses ---------------------------------------------------------------------------


class Outcome(models.TextChoices):
    COMPLETED = "completed", "Completed"
    PASSED = "passed", "Passed"
    FAILED = "failed", "Failed"
    SCORED = "scored", "Scored"


class VerbMeaning(TenantModel):
    """What a verb says about a learner's result. A verb without a meaning is kept and changes nothing."""

    verb = models.CharField(max_length=300, help_text="The verb's IRI, as tools send it.")
    outcome = models.CharField("means", max_length=9, choices=Outcome.choices)

    class Meta:
        ordering = ["outcome", "verb"]
        verbose_name = "meaning of a verb"
        verbose_name_plural = "meanings of verbs"
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_verbmeaning_rows"),
            models.UniqueConstraint(
                fields=["vendor", "verb"],
                name="enablement_verbmeaning_once",
                violation_error_message="This verb has a meaning already.",
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=Outcome.values), name="enablement_verbmeaning_outcome"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verb} means {self.get_outcome_display().lower()}"


class ActivityLink(TenantModel):
    """The course, or one module of it, that an activity of another tool stands for.

    `module_key` stays the same from version to version of the course; empty: the course as a whole.
    """

    activity = models.CharField(max_length=300, help_text="The activity's id (an IRI), as the tool sends it.")
    course = TenantKey(Course, models.CASCADE, related_name="+")
    module_key = models.UUIDField("module", null=True, blank=True)

    class Meta:
        ordering = ["activity"]
        verbose_name = "activity of a course"
        verbose_name_plural = "activities of courses"
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_activitylink_rows"),
            models.UniqueConstraint(
                fields=["vendor", "activity"],
                name="enablement_activitylink_once",
                violation_error_message="This activity stands for something already.",
            ),
        ]
        indexes = [models.Index(fields=["vendor", "course"], name="enablement_link_by_course")]

    def __str__(self) -> str:
        return self.activity


class ResultState(models.TextChoices):
    WAITING = "waiting", "Being worked in"
    APPLIED = "applied", "Counted"
    UNKNOWN_PERSON = "unknown_person", "Nobody knows the learner"
    UNKNOWN_ACTIVITY = "unknown_activity", "The activity stands for no course"
    NOT_OFFERED = "not_offered", "The course is not offered to the learner"
    VOIDED = "voided", "Taken back by its tool"


class LearningResult(TenantModel):
    """What one statement meant for somebody's course, or why it could not count yet."""

    partner = PartnerKey(null=True)
    statement = TenantKey(Statement, models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=9, choices=Outcome.choices)
    state = models.CharField(max_length=16, choices=ResultState.choices, default=ResultState.WAITING)
    score = models.PositiveSmallIntegerField(null=True, help_text="Basis points.")
    course = TenantKey(Course, models.CASCADE, related_name="+", null=True)
    module = TenantKey(Module, models.CASCADE, related_name="+", null=True)
    received_at = models.DateTimeField(default=timezone.now)
    applied_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-received_at", "-id"]
        verbose_name = "result from learning records"
        verbose_name_plural = "results from learning records"
        indexes = [
            models.Index(fields=["vendor", "-received_at"], name="enablement_result_by_time"),
            models.Index(
                fields=["vendor", "state"],
                name="enablement_result_open",
                condition=~models.Q(state="applied"),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="enablement_learningresult_rows"),
            models.UniqueConstraint(fields=["vendor", "statement"], name="enablement_learningresult_once"),
            models.CheckConstraint(
                condition=models.Q(outcome__in=Outcome.values), name="enablement_learningresult_outcome"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=ResultState.values), name="enablement_learningresult_state"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.get_state_display()}"
