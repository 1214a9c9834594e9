"""What each person was told, and how they want to be told."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.notifications.moments import read_now
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import TenantModel


class Mail(models.TextChoices):
    """How a person wants to hear of one kind of thing by e-mail."""

    NOW = "now", "At once"
    DIGEST = "digest", "In the daily digest"
    NONE = "none", "Not at all"


class Notification(TenantModel):
    """Something one person should know, in the portal's inbox, by e-mail, or both.

    `page` and `target` name the page it leads to; `key` says what it is about: the same key for the same
    person is one notification.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    title = models.CharField(max_length=300, help_text="With its moments as they are kept; see `wording`.")
    page = models.CharField(max_length=60)
    target = models.CharField(max_length=120, blank=True)
    to_staff = models.BooleanField(default=False, help_text="Told to one of the vendor's people, as such.")
    partner_id = models.BigIntegerField(null=True, help_text="Where the reader sat when it was told.")
    in_app = models.BooleanField(default=True)
    mail = models.CharField(max_length=6, choices=Mail.choices, default=Mail.NOW)
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    digested_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["vendor", "user", "-created_at"],
                name="portal_notification_inbox",
                condition=models.Q(in_app=True),
            ),
            models.Index(
                fields=["vendor", "user"],
                name="portal_notification_unread",
                condition=models.Q(in_app=True, read_at__isnull=True),
            ),
            models.Index(
                fields=["vendor", "created_at"],
                name="portal_notification_digest",
                condition=models.Q(mail="digest", digested_at__isnull=True),
            ),
        ]
        constraints = [
            RowSecurity(rows=Rows.PERSONAL, own="user_id", name="portal_notification_rows"),
            models.UniqueConstraint(fields=["vendor", "user", "key"], name="portal_notification_once"),
            models.CheckConstraint(condition=models.Q(mail__in=Mail.values), name="portal_notification_mail"),
        ]

    def __str__(self) -> str:
        return self.wording

    @property
    def wording(self) -> str:
        """The title as of now: what is due tomorrow is due today the day after."""
        return read_now(self.title)


class NotificationPreference(TenantModel):
    """How a person wants to hear of one kind of thing; without a row, as the kind itself says."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=60)
    mail = models.CharField(max_length=6, choices=Mail.choices, default=Mail.NOW)
    in_app = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind"]
        constraints = [
            RowSecurity(rows=Rows.PERSONAL, own="user_id", name="portal_preference_rows"),
            models.UniqueConstraint(fields=["vendor", "user", "kind"], name="portal_preference_once"),
            models.CheckConstraint(condition=models.Q(mail__in=Mail.values), name="portal_preference_mail"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.mail}"
