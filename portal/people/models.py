"""People, what they are to a vendor, and invitations."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from portal.fields import AddressField
from portal.history.constraints import KeepsHistory
from portal.history.models import Version
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.models import _changeable_only
from portal.tenancy.roles import PARTNER_ROLES, STAFF_ROLES, Role
from portal.tenancy.tables import TenantKey, TenantModel
from portal.text import email_address


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=email_address(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email=email_address(email or ""))


class User(AbstractUser):
    """One person, known by e-mail; what they may do is decided by their memberships."""

    username = None  # type: ignore[assignment]
    email = AddressField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[assignment,misc]

    class Meta:
        ordering = ["email"]
        constraints = [models.UniqueConstraint(Lower("email"), name="portal_user_email_ci")]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Rights over the platform are given at creation, or by the owner of the tables."""
        _changeable_only(self, kwargs, {"is_superuser", "is_staff", "date_joined"})
        super().save(*args, **kwargs)

    @property
    def initials(self) -> str:
        names = [self.first_name[:1], self.last_name[:1]]
        return "".join(names).upper() or self.email[:1].upper()


class Membership(TenantModel):
    """Ties a person to a vendor with one role. Where a partner person sits is the partners app's matter."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)
    left_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["id"]
        # The vendor's few managers and admins among tens of thousands of partner people.
        indexes = [models.Index(fields=["vendor", "role"], name="portal_membership_by_role")]
        constraints = [
            RowSecurity(rows=Rows.STAFF, own="user_id", everywhere=True, name="portal_membership_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="portal_membership_key"),
            models.UniqueConstraint(
                fields=["vendor", "user"],
                name="portal_membership_once",
                violation_error_message="This person already belongs to the vendor.",
            ),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="portal_membership_role"),
            KeepsHistory(
                name="portal_membership_history",
                into="portal_membershipversion",
                key="membership_id",
                edited=["is_active"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"

    @property
    def is_partner_person(self) -> bool:
        return self.role in PARTNER_ROLES

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF_ROLES


class MembershipVersion(Version):
    """Whether somebody had access until that was changed."""

    membership = TenantKey(Membership, models.CASCADE, related_name="versions")
    is_active = models.BooleanField()

    class Meta:
        ordering = ["held_until"]
        indexes = [
            models.Index(fields=["vendor", "membership", "held_until"], name="portal_memberversion_by_row")
        ]
        constraints = [RowSecurity(rows=Rows.STAFF, name="portal_membershipversion_rows")]

    def __str__(self) -> str:
        return f"{self.membership_id} until {self.held_until:%Y-%m-%d}"


class Invitation(TenantModel):
    """An invitation to join a vendor; only the hash of its token is kept."""

    email = AddressField()
    role = models.CharField(max_length=20, choices=Role.choices)
    token_hash = models.CharField(max_length=64, editable=False)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False, null=True
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(editable=False)
    accepted_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            RowSecurity(rows=Rows.STAFF, own="invited_by_id", name="portal_invitation_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="portal_invitation_key"),
            models.UniqueConstraint(fields=["vendor", "token_hash"], name="portal_invitation_token"),
        ]

    def __str__(self) -> str:
        return f"{self.email} ({self.get_role_display()})"

    @property
    def is_open(self) -> bool:
        return not self.accepted_at and not self.revoked_at and self.expires_at > timezone.now()
