"""Partner organisations, their place in the programme, and the people who sit in them."""

from django.contrib.auth.models import Group
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from django_countries.fields import CountryField
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from partners.keys import PartnerKey
from portal.history.constraints import KeepsHistory
from portal.history.models import Version
from portal.metrics.declarations import called
from portal.people.models import Invitation, Membership
from portal.tenancy.constraints import ReadThrough, Rows, RowSecurity, SharesRow
from portal.tenancy.lookups import FoldedName
from portal.tenancy.tables import PersonKey, Retirable, TenantKey, TenantModel, TenantOneToOne

#: Partner keys become path segments and file names; /partners/people/ is a page of its own.
PARTNER_SLUG = RegexValidator(
    r"^(?!people$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$",
    "Use lower-case letters, digits and hyphens, and not the word people alone.",
)


class PartnerType(models.TextChoices):
    RESELLER = "reseller", "Reseller"
    DISTRIBUTOR = "distributor", "Distributor"
    MSP = "msp", "Managed service provider"
    SYSTEM_INTEGRATOR = "system_integrator", "System integrator"
    ISV = "isv", "Independent software vendor"
    REFERRAL = "referral", "Referral partner"
    AGENCY = "agency", "Agency"


class PartnerStatus(models.TextChoices):
    PROSPECT = "prospect", "Prospect"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    ENDED = "ended", "Ended"


#: Its people read, as far as the vendor lets them, and change nothing.
STOPPED = (PartnerStatus.SUSPENDED, PartnerStatus.ENDED)


class Tier(Retirable, TenantModel):
    """A level of the partner programme; a higher rank is a higher tier."""

    name = models.CharField(max_length=60)
    rank = models.PositiveSmallIntegerField(help_text="1 is the entry tier.")
    description = models.TextField(blank=True)
    protection_days = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(730)],
        help_text="Days a registration is protected; empty: the vendor's default.",
    )
    deal_discount = models.DecimalField(
        "deal registration discount",
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Per cent.",
    )
    mdf_accrual = models.DecimalField(
        "MDF accrual",
        max_digits=5,
        decimal_places=2,
        default=0,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text="Per cent of bookings.",
    )
    lead_priority = models.PositiveSmallIntegerField(
        default=0, help_text="A higher number is offered leads earlier."
    )

    class Meta:
        ordering = ["rank"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="partners_tier_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="partners_tier_key"),
            models.UniqueConstraint(
                fields=["vendor", "name"],
                name="partners_tier_name",
                violation_error_message="There is a tier of this name already.",
            ),
            models.UniqueConstraint(
                fields=["vendor", "rank"],
                name="partners_tier_rank",
                violation_error_message="Another tier has this rank already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TierBenefit(TenantModel):
    """One line of what a tier gives, shown to partners in this order."""

    tier = TenantKey(Tier, models.CASCADE, related_name="benefits")
    text = models.CharField(max_length=200)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="partners_tierbenefit_rows"),
        ]
        indexes = [models.Index(fields=["vendor", "tier"], name="partners_benefit_by_tier")]

    def __str__(self) -> str:
        return self.text


class TierRequirement(TenantModel):
    """A threshold on a metric that a partner must meet to hold the tier."""

    tier = TenantKey(Tier, models.CASCADE, related_name="requirements")
    metric = models.CharField(max_length=60, help_text="Key of the metric, for example bookings.")
    minimum = models.DecimalField(
        max_digits=18, decimal_places=4, help_text="In the unit of the metric; money in major units."
    )

    class Meta:
        ordering = ["metric"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="partners_tierrequirement_rows"),
            models.UniqueConstraint(
                fields=["vendor", "tier", "metric"],
                name="partners_tierrequirement_once",
                violation_error_message="This tier has a requirement on this metric already.",
            ),
        ]

    def __str__(self) -> str:
        return f"{called(self.metric)} at least {self.minimum.normalize():f}"


class Region(Retirable, TenantModel):
    """A sales region. Members of its group manage every partner in it."""

    name = models.CharField(max_length=80)
    code = models.CharField(max_length=20, blank=True)
    group = models.OneToOneField(Group, on_delete=models.PROTECT, related_name="region", editable=False)

    class Meta:
        ordering = ["name"]
        permissions = [("manage_region_partners", "Can manage the partners of this region")]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="partners_region_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="partners_region_key"),
            models.UniqueConstraint(
                fields=["vendor", "name"],
                name="partners_region_name",
                violation_error_message="There is a region of this name already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Partner(TenantModel):
    """An organisation in the vendor's programme."""

    slug = models.CharField("key", max_length=80, validators=[PARTNER_SLUG])
    name = models.CharField(max_length=160)
    name_key = models.GeneratedField(
        expression=FoldedName("name", length=160),
        output_field=models.CharField(max_length=160),
        db_persist=True,
    )
    type = models.CharField(max_length=20, choices=PartnerType.choices, default=PartnerType.RESELLER)
    status = models.CharField(max_length=12, choices=PartnerStatus.choices, default=PartnerStatus.ACTIVE)
    status_since = models.DateTimeField(default=timezone.now, editable=False)
    tier = TenantKey(Tier, related_name="partners", null=True, blank=True)
    region = TenantKey(Region, related_name="partners", null=True, blank=True)
    parent = TenantKey(
        "self",
        related_name="sub_partners",
        null=True,
        blank=True,
        help_text="The distributor it buys through.",
    )
    country = CountryField(blank=True)
    city = models.CharField(max_length=80, blank=True)
    website = models.URLField(blank=True)
    external_key = models.CharField(
        max_length=80,
        null=True,
        blank=True,
        help_text="The partner's key in the system it was imported from.",
    )
    joined_on = models.DateField(default=timezone.localdate)
    own_deals_only = models.BooleanField(
        "reps see only their own deals", default=False, help_text="Set by the partner's own admin."
    )

    class Meta:
        ordering = ["name"]
        permissions = [("manage_partner", "Can manage this partner as its channel manager")]
        indexes = [
            models.Index(fields=["vendor", "name"], name="partners_partner_by_name"),
            models.Index(fields=["vendor", "name_key", "id"], name="partners_partner_listed"),
            # Serves searching by prefix (^@), the one text search that works under row security.
            models.Index(
                fields=["vendor", "name_key"],
                opclasses=["int8_ops", "varchar_pattern_ops"],
                name="partners_partner_by_name_key",
            ),
            models.Index(fields=["vendor", "parent"], name="partners_partner_by_parent"),
            models.Index(fields=["vendor", "region"], name="partners_partner_by_region"),
            models.Index(fields=["vendor", "tier"], name="partners_partner_by_tier"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, partner="id", name="partners_partner_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="partners_partner_key"),
            models.UniqueConstraint(
                fields=["vendor", "slug"],
                name="partners_partner_slug",
                violation_error_message="Another partner has this key already.",
            ),
            models.UniqueConstraint(
                fields=["vendor", "external_key"],
                name="partners_partner_external_key",
                violation_error_message="Another partner has this external key already.",
            ),
            models.CheckConstraint(
                condition=models.Q(type__in=PartnerType.values), name="partners_partner_type"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=PartnerStatus.values), name="partners_partner_status"
            ),
            KeepsHistory(
                name="partners_partner_history",
                into="partners_partnerversion",
                key="partner_id",
                edited=["tier_id", "region_id"],
            ),
            models.CheckConstraint(
                condition=~models.Q(parent=models.F("id")),
                name="partners_partner_parent_other",
                violation_error_message="A partner cannot be its own distributor.",
            ),
        ]

    @property
    def is_stopped(self) -> bool:
        """Suspended or ended: nothing new is given to it."""
        return self.status in STOPPED

    def __str__(self) -> str:
        return self.name


class PartnerVersion(Version):
    """What a partner was until it changed: the tier it is measured by, and the region of its peers."""

    partner = PartnerKey(on_delete=models.CASCADE, related_name="versions")
    tier = TenantKey(Tier, related_name="+", null=True)
    region = TenantKey(Region, related_name="+", null=True)

    class Meta:
        ordering = ["held_until"]
        indexes = [models.Index(fields=["vendor", "held_until"], name="partners_version_by_end")]
        constraints = [RowSecurity(rows=Rows.PARTNER, name="partners_partnerversion_rows")]

    def __str__(self) -> str:
        return f"{self.partner_id} until {self.held_until:%Y-%m-%d}"


class Seat(TenantModel):
    """Seats a member in a partner: this is what makes a person a partner person."""

    partner = PartnerKey(related_name="seats")
    membership = TenantOneToOne(Membership, on_delete=models.CASCADE, related_name="seat")
    user = PersonKey(on_delete=models.CASCADE, related_name="seats")
    job_title = models.CharField(max_length=80, blank=True)
    since = models.DateTimeField(default=timezone.now, editable=False)
    left_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["vendor", "partner"], name="partners_seat_by_partner"),
            models.Index(fields=["vendor", "user"], name="partners_seat_by_user"),
        ]
        constraints = [
            RowSecurity(rows=Rows.PARTNER, own="user_id", name="partners_seat_rows"),
            SharesRow(field="membership", writes=True, name="partners_seat_membership"),
            models.UniqueConstraint(fields=["vendor", "id"], name="partners_seat_key"),
            models.UniqueConstraint(fields=["vendor", "membership"], name="partners_seat_once"),
            KeepsHistory(
                name="partners_seat_history",
                into="partners_seatversion",
                key="seat_id",
                edited=["partner_id", "user_id", "membership_id", "since", "left_at"],
            ),
            # Who sees a colleague's seat may know since when they had access, as of the membership itself.
            ReadThrough(
                name="partners_seat_membership_versions",
                table="portal_membershipversion",
                link="partners_seat",
                on=("membership_id", "membership_id"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.partner}"


class SeatVersion(Version):
    """Where somebody sat until they moved, left or came back; it belongs to the partner of that time.

    Person and membership never change; they are told again for those who no longer see the seat itself.
    """

    seat = TenantKey(Seat, models.CASCADE, related_name="versions")
    partner = PartnerKey()
    user = PersonKey(on_delete=models.CASCADE)
    membership = TenantKey(Membership, models.CASCADE, related_name="+")
    since = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["held_until"]
        indexes = [
            models.Index(fields=["vendor", "seat", "held_until"], name="partners_seatversion_by_seat"),
            models.Index(fields=["vendor", "partner", "held_until"], name="partners_seatversion_by_part"),
        ]
        constraints = [RowSecurity(rows=Rows.PARTNER, own="user_id", name="partners_seatversion_rows")]

    def __str__(self) -> str:
        return f"{self.seat_id} until {self.held_until:%Y-%m-%d}"


class SeatInvitation(TenantModel):
    """The partner a kernel invitation leads to."""

    invitation = TenantOneToOne(Invitation, on_delete=models.CASCADE, related_name="seat_invitation")
    partner = PartnerKey(related_name="invitations")

    class Meta:
        constraints = [
            RowSecurity(rows=Rows.PARTNER, name="partners_seatinvitation_rows"),
            SharesRow(field="invitation", writes=True, name="partners_seatinvitation_invitation"),
            models.UniqueConstraint(fields=["vendor", "invitation"], name="partners_seatinvitation_once"),
        ]
        indexes = [models.Index(fields=["vendor", "partner"], name="partners_seatinv_by_partner")]

    def __str__(self) -> str:
        return f"{self.invitation} for {self.partner}"


# guardian's grants, with a direct foreign key each: one query answers "which partners are granted?"


class PartnerUserGrant(UserObjectPermissionBase):
    content_object = models.ForeignKey(Partner, on_delete=models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        pass


class RegionGroupGrant(GroupObjectPermissionBase):
    content_object = models.ForeignKey(Region, on_delete=models.CASCADE)

    class Meta(GroupObjectPermissionBase.Meta):
        pass


class Product(Retirable, TenantModel):
    """What the vendor sells, and what partners sell, learn and plan campaigns for."""

    name = models.CharField(max_length=120)
    code = models.CharField(max_length=60, help_text="Short key, unique for the vendor.")
    family = models.CharField(max_length=60, blank=True)
    list_price = models.BigIntegerField(
        null=True, blank=True, help_text="In minor units of the vendor's currency (cents)."
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="partners_product_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="partners_product_key"),
            models.UniqueConstraint(
                fields=["vendor", "code"],
                name="partners_product_code",
                violation_error_message="Another product has this code already.",
            ),
            models.CheckConstraint(
                condition=models.Q(list_price__isnull=True) | models.Q(list_price__gte=0),
                name="partners_product_price",
            ),
        ]

    def __str__(self) -> str:
        return self.name
