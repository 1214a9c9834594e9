"""The tables a simulated channel fills, and the columns it gives. The order is the order of loading."""

from dataclasses import dataclass

from django.apps import apps
from django.db import models


@dataclass(frozen=True, slots=True)
class Table:
    """A model and the columns of its simulated rows; other columns take their field's default."""

    label: str
    columns: tuple[str, ...]

    @property
    def model(self) -> type[models.Model]:
        return apps.get_model(self.label)


def _table(label: str, columns: str) -> Table:
    return Table(label, tuple(columns.split()))


#: One row: its table and its values in the order of the columns. Moments are text already.
Row = tuple[Table, tuple[object, ...]]

USER = _table("portal.User", "id email first_name last_name password date_joined")
MEMBERSHIP = _table("portal.Membership", "id vendor_id user_id role joined_at")
RATE = _table("portal.ExchangeRate", "vendor_id currency day rate")
EVENT = _table(
    "portal.PortalEvent",
    "vendor_id partner_id actor_id type subject_type subject_id occurred_at recorded_at data",
)
TIER = _table(
    "partners.Tier", "id vendor_id name rank protection_days deal_discount mdf_accrual lead_priority"
)
BENEFIT = _table("partners.TierBenefit", "vendor_id tier_id text position")
REQUIREMENT = _table("partners.TierRequirement", "vendor_id tier_id metric minimum")
GROUP = _table("auth.Group", "id name")
REGION = _table("partners.Region", "id vendor_id name code group_id")
PARTNER = _table(
    "partners.Partner",
    "id vendor_id slug name type status tier_id region_id parent_id country city website joined_on",
)
USER_GROUP = _table("portal.User_groups", "user_id group_id")
REGION_GRANT = _table("partners.RegionGroupGrant", "permission_id group_id content_object_id")
PARTNER_GRANT = _table("partners.PartnerUserGrant", "permission_id user_id content_object_id")
SEAT = _table("partners.Seat", "vendor_id partner_id membership_id user_id job_title since")
PRODUCT = _table("partners.Product", "id vendor_id name code family list_price")
STAGE = _table("deals.Stage", "id vendor_id name position probability")
CUSTOMER = _table(
    "deals.Customer", "id vendor_id name normalised_name spelling heard_as domain country sector created_at"
)
DEAL = _table(
    "deals.Deal",
    "id vendor_id partner_id reference registered_by_id customer_id customer_name customer_domain "
    "customer_country contact_name contact_email amount currency amount_vendor won_amount "
    "won_amount_vendor expected_close source use_case competitor status stage_id assigned_to_id "
    "decision_reason loss_reason created_at updated_at submitted_at pending_since decision_due_at "
    "returned_at rejected_at approved_at expires_at won_at lost_at withdrawn_at",
)
LINE = _table("deals.DealLine", "vendor_id partner_id deal_id product_id quantity")
STAGE_CHANGE = _table("deals.StageChange", "vendor_id partner_id deal_id stage_id changed_by_id changed_at")
PROTECTION = _table(
    "deals.Protection",
    "vendor_id partner_id deal_id customer_id product_id starts_at expires_at released_at",
)
TARGET = _table("scorecards.MetricTarget", "vendor_id metric tier_id floor target weight")

TABLES = (
    USER,
    MEMBERSHIP,
    RATE,
    TIER,
    BENEFIT,
    REQUIREMENT,
    GROUP,
    REGION,
    USER_GROUP,
    REGION_GRANT,
    PARTNER,
    PARTNER_GRANT,
    SEAT,
    PRODUCT,
    STAGE,
    CUSTOMER,
    DEAL,
    LINE,
    STAGE_CHANGE,
    PROTECTION,
    TARGET,
    EVENT,
)
