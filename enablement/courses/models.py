"""A course, its versions and modules, and one person's way through it."""

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Deferrable, F, Q
from django.utils import timezone

from enablement.audience import Audience, audience_constraints
from partners.keys import PartnerKey
from partners.models import Product
from portal.files.uploads import StoredFile
from portal.history.constraints import NotesLateFacts
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel

#: Keys become path segments; "new" and "files" are pages of their own.
COURSE_SLUG = RegexValidator(
    r"^(?!(?:new|files)$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$",
    "Use lower-case letters, digits and hyphens, and neither the word new nor files alone.",
)
#: Marks are exact: basis points, 10000 is everything.
FULL_MARKS = 10_000


class Language(models.TextChoices):
    ENGLISH = "en", "English"
    GERMAN = "de", "German"
    FRENCH = "fr", "French"
    ITALIAN = "it", "Italian"
    SPANISH = "es", "Spanish"
    PORTUGUESE = "pt", "Portuguese"
    DUTCH = "nl", "Dutch"
    POLISH = "pl", "Polish"
    JAPANESE = "ja", "Japanese"
    CHINESE = "zh", "Chinese"


class Course(Audience, TenantModel):
    """Something to learn. What it consists of stands in its versions; new people get the published one."""

    slug = models.CharField("key", max_length=80, validators=[COURSE_SLUG])
    title = models.CharField(max_length=160)
    summary = models.CharField(
        max_length=300, blank=True, help_text="One or two sentences: what one can do afterwards."
    )
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.ENGLISH)
    products = models.ManyToManyField(Product, through="CourseProduct", related_name="+", blank=True)
    published = TenantKey(
        "CourseVersion", related_name="+", null=True, blank=True, editable=False, on_delete=models.SET_NULL
    )
    external_key = models.CharField(
        max_length=80, null=True, blank=True, help_text="Its key in the system it was imported from."
    )
    # Of everybody's first tries at its tests, kept here because a partner does not read other partners' rows.
    first_tries = models.PositiveIntegerField(default=0, editable=False)
    first_passes = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["title", "id"]
        indexes = [models.Index(fields=["vendor", "title"], name="enablement_course_by_title")]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_course_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_course_key"),
            models.UniqueConstraint(
                fields=["vendor", "slug"],
                name="enablement_course_slug",
                violation_error_message="Another course has this key already.",
            ),
            models.UniqueConstraint(
                fields=["vendor", "external_key"],
                name="enablement_course_external_key",
                violation_error_message="Another course has this external key already.",
            ),
            models.CheckConstraint(
                condition=Q(language__in=Language.values), name="enablement_course_language"
            ),
            *audience_constraints("enablement_course"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_offered(self) -> bool:
        """People can enrol."""
        return self.published_id is not None and self.retired_at is None


class CourseProduct(TenantModel):
    """A product the course is about."""

    course = TenantKey(Course, models.CASCADE, related_name="product_links")
    product = TenantKey(Product, models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_courseproduct_rows"),
            models.UniqueConstraint(
                fields=["vendor", "course", "product"], name="enablement_courseproduct_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course}: {self.product}"


class CourseVersion(TenantModel):
    """What a course consists of. A draft until it is published, and never changed after that."""

    course = TenantKey(Course, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    changes = models.CharField(
        "what is new", max_length=300, blank=True, help_text="Learners of the version before read it."
    )
    minutes = models.PositiveIntegerField(default=0, editable=False, help_text="Of all modules together.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    published_at = models.DateTimeField(null=True, editable=False)
    published_by = PersonKey(null=True, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_courseversion_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_courseversion_key"),
            models.UniqueConstraint(
                fields=["vendor", "course", "number"], name="enablement_courseversion_number"
            ),
            models.UniqueConstraint(
                fields=["vendor", "course"],
                condition=Q(published_at__isnull=True),
                name="enablement_courseversion_one_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def is_draft(self) -> bool:
        return self.published_at is None


class CourseFile(StoredFile):
    """A file of a course: a module's download, its captions, or a picture in its text.

    It belongs to the course and not to a version, so that a new version shows it without copying it.
    """

    course = TenantKey(Course, models.CASCADE, related_name="files")

    class Meta:
        ordering = ["name", "id"]
        indexes = [models.Index(fields=["vendor", "course"], name="enablement_file_by_course")]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_coursefile_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_coursefile_key"),
        ]


class Module(TenantModel):
    """One step of a version. `kind` is a registered content kind; what it needs beyond this hangs on it.

    `key` stays the same from version to version, so that one can say which module somebody failed.
    """

    version = TenantKey(CourseVersion, models.CASCADE, related_name="modules")
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=160)
    kind = models.CharField(max_length=20)
    minutes = models.PositiveSmallIntegerField(
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(1_440)],
        help_text="About how long it takes.",
    )
    is_required = models.BooleanField("required", default=True, help_text="Others may be skipped.")
    body = models.TextField("text", max_length=60_000, blank=True)
    url = models.URLField("link", max_length=500, blank=True)
    file = TenantKey(CourseFile, related_name="+", null=True, blank=True)
    captions = TenantKey(CourseFile, related_name="+", null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_module_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_module_key"),
            # Checked at commit: two modules may change places.
            models.UniqueConstraint(
                fields=["vendor", "version", "position"],
                deferrable=Deferrable.DEFERRED,
                name="enablement_module_position",
            ),
            models.UniqueConstraint(fields=["vendor", "version", "key"], name="enablement_module_once"),
            models.CheckConstraint(condition=~Q(kind=""), name="enablement_module_kind"),
        ]

    def __str__(self) -> str:
        return self.title


class Source(models.TextChoices):
    """Where an enrolment or an attempt comes from."""

    PORTAL = "portal", "In the portal"
    ASSIGNED = "assigned", "Assigned"
    SCORM = "scorm", "SCORM package"
    CMI5 = "cmi5", "cmi5 package"
    XAPI = "xapi", "Learning record"
    IMPORT = "import", "Imported"


class Enrolment(TenantModel):
    """One person taking one course, in the version they began with. Taking it again is another enrolment.

    `partner` is where the person sat when they enrolled, and stays theirs when the person moves on.
    """

    user = PersonKey()
    partner = PartnerKey()
    course = TenantKey(Course, related_name="enrolments")
    version = TenantKey(CourseVersion, related_name="enrolments")
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.PORTAL)
    enrolled_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True)
    left_at = models.DateTimeField(null=True)
    # Where the person stopped, to take it up again on any device.
    module = TenantKey(Module, related_name="+", null=True)
    saved_at = models.DateTimeField(null=True)
    saved_on = models.CharField(max_length=20, blank=True, help_text="phone, tablet or computer")
    external_key = models.CharField(max_length=120, null=True, blank=True)

    class Meta:
        ordering = ["-enrolled_at", "-id"]
        indexes = [
            models.Index(fields=["vendor", "user", "course"], name="enablement_enrolment_by_user"),
            models.Index(fields=["vendor", "partner", "enrolled_at"], name="enablement_enrolment_partner"),
            models.Index(fields=["vendor", "course", "enrolled_at"], name="enablement_enrolment_course"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_enrolment_rows"),
            NotesLateFacts(name="enablement_enrolment_late", dated=["enrolled_at", "completed_at"]),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_enrolment_key"),
            models.UniqueConstraint(
                fields=["vendor", "user", "course"],
                condition=Q(completed_at__isnull=True, left_at__isnull=True),
                name="enablement_enrolment_one_open",
            ),
            models.UniqueConstraint(
                fields=["vendor", "external_key"], name="enablement_enrolment_external_key"
            ),
            models.CheckConstraint(condition=Q(source__in=Source.values), name="enablement_enrolment_source"),
            models.CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(completed_at__gte=F("enrolled_at")),
                name="enablement_enrolment_order",
            ),
            models.CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(left_at__isnull=True),
                name="enablement_enrolment_one_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.course}"

    @property
    def is_open(self) -> bool:
        return self.completed_at is None and self.left_at is None


class ModuleProgress(TenantModel):
    """How far a person has come in one module. `place` is what its kind understands: a page, a second."""

    user = PersonKey()
    partner = PartnerKey()
    enrolment = TenantKey(Enrolment, related_name="progress")
    module = TenantKey(Module, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    place = models.CharField(max_length=40, blank=True)
    saved_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)
    skipped_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["vendor", "module"], name="enablement_progress_by_module"),
            models.Index(fields=["vendor", "partner"], name="enablement_progress_by_partner"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="enablement_moduleprogress_rows"),
            models.UniqueConstraint(
                fields=["vendor", "enrolment", "module"], name="enablement_moduleprogress_once"
            ),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(skipped_at__isnull=True),
                name="enablement_moduleprogress_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.module}: {'done' if self.done_at else 'begun'}"
