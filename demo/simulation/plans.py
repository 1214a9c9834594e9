"""The vendors of the demo and the parameters of their channels."""

from dataclasses import dataclass, field

from partners.models import PartnerType

#: Length of the simulated past.
MONTHS = 18
#: Shares of registrations.
RETURNED, REJECTED, WITHDRAWN, STALLED = 0.07, 0.05, 0.05, 0.06
CLAIMED_ALREADY = 0.025  # registrations of a customer that another partner holds
DRAFTS = 0.08  # of the last weeks' registrations, still unsent
#: Working hours a vendor has for its decision; the default of `Vendor.decision_hours`.
DECISION_HOURS = 16
PEOPLE_PER_PARTNER, MOST_PEOPLE = 6, 20
DISTRIBUTORS = 0.06
#: Share of the large partners that stop signing in while their deals still close.
GOING_QUIET = 0.12

PARTNER_TYPES = {
    PartnerType.RESELLER: 48,
    PartnerType.SYSTEM_INTEGRATOR: 20,
    PartnerType.MSP: 14,
    PartnerType.ISV: 8,
    PartnerType.REFERRAL: 6,
    PartnerType.AGENCY: 4,
}
LOSS_REASONS = (
    "Price",
    "Chose a competitor",
    "No budget this year",
    "Project postponed",
    "No decision",
    "Missing feature",
    "Solved in-house",
)
REJECTIONS = (
    "Below the minimum deal size of the programme.",
    "The customer is served by our direct sales team.",
    "The partner is not authorised for this product.",
    "No contact at the customer and no project could be named.",
)
CLAIMED_REASON = "This customer is registered for the product already."
RETURNS = (
    "Please name the contact who decides and the expected start of the project.",
    "Please add the quantity per site.",
    "Which competitor is in the running? Please add it, then submit again.",
)
USE_CASES = (
    "Replaces a system that is no longer supported.",
    "New site, start-up planned with the first delivery.",
    "Pilot at one location, roll-out to the others if it succeeds.",
    "Extension of an installation we delivered two years ago.",
    "Tender; our offer is due at the end of the month.",
)
JOB_TITLES = (
    "Managing director",
    "Sales manager",
    "Account manager",
    "Presales engineer",
    "Consultant",
    "Sales representative",
)


@dataclass(frozen=True, slots=True)
class ProductPlan:
    code: str
    name: str
    family: str
    price: int  # major units of the vendor's currency
    weight: int = 10  # how often it is sold
    most: int = 12  # the largest usual quantity


@dataclass(frozen=True, slots=True)
class TierPlan:
    name: str
    share: int  # of the partners
    protection_days: int
    discount: int
    mdf_accrual: int
    bookings: int  # target of yearly bookings in major units
    win_rate: int  # target, per cent
    registrations: int  # target of quarterly registrations
    benefits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegionPlan:
    name: str
    code: str
    countries: dict[str, int]  # country code -> weight


@dataclass(frozen=True, slots=True)
class VendorPlan:
    slug: str
    name: str
    time_zone: str
    currency: str
    colour: str
    fiscal_year_start: int
    staff_country: str
    share: int  # of all partners and deals
    cycle_days: int  # median from approval to win
    deal_size: int  # target in major units
    win_rate: float  # of an ordinary partner
    summer_dip: tuple[int, float]  # month and factor
    regions: tuple[RegionPlan, ...]
    tiers: tuple[TierPlan, ...]
    products: tuple[ProductPlan, ...]
    stages: tuple[tuple[str, int], ...]
    competitors: tuple[str, ...]
    #: Other currencies deals are made in: code -> (rate to the vendor's currency, countries).
    currencies: dict[str, tuple[float, tuple[str, ...]]] = field(default_factory=dict)
    featured: str = ""  # name of the first partner
    mail_suffix: str = "example"  # under which the partners' mail addresses end; it belongs to nobody


_BENEFITS = (
    "Deal registration with protection",
    "Partner portal and product training",
    "Named channel manager",
    "Not-for-resale equipment",
    "Marketing development funds",
    "Vendor leads",
    "Joint account planning",
    "Early access to new products",
)


def _tiers(names: tuple[str, str, str, str], unit: int) -> tuple[TierPlan, ...]:
    """Four tiers; `unit` is the entry tier's bookings target in major units."""
    return (
        TierPlan(names[0], 44, 60, 5, 0, unit, 40, 9, _BENEFITS[:2]),
        TierPlan(names[1], 30, 90, 10, 1, 2 * unit, 50, 15, _BENEFITS[:4]),
        TierPlan(names[2], 18, 90, 15, 2, 3 * unit, 55, 22, _BENEFITS[:6]),
        TierPlan(names[3], 8, 120, 20, 3, 5 * unit, 60, 32, _BENEFITS),
    )


NORTHWIND = VendorPlan(
    slug="northwind",
    name="Northwind Robotics",
    time_zone="Europe/Vienna",
    currency="EUR",
    colour="#0b5cad",
    fiscal_year_start=1,
    staff_country="AT",
    share=110,
    cycle_days=54,
    deal_size=75_000,
    win_rate=0.42,
    summer_dip=(8, 0.55),
    regions=(
        RegionPlan("DACH", "DACH", {"AT": 5, "DE": 8, "CH": 3}),
        RegionPlan("France & Benelux", "FRBX", {"FR": 6, "BE": 3}),
        RegionPlan("Nordics", "NORD", {"SE": 3, "DK": 3}),
        RegionPlan("Southern Europe", "SOUTH", {"IT": 4, "ES": 3}),
        RegionPlan("UK & Ireland", "UKI", {"GB": 4, "IE": 1}),
    ),
    tiers=_tiers(("Member", "Silver", "Gold", "Platinum"), 700_000),
    products=(
        ProductPlan("ARM-5", "Arm 5 cobot", "Arms", 24_900, 14, 6),
        ProductPlan("ARM-12", "Arm 12 cobot", "Arms", 38_500, 10, 5),
        ProductPlan("ARM-30", "Arm 30 palletiser", "Arms", 61_000, 6, 3),
        ProductPlan("CELL-W", "Welding cell", "Cells", 94_000, 4, 2),
        ProductPlan("CELL-P", "Packing cell", "Cells", 79_500, 5, 2),
        ProductPlan("AMR-250", "Carrier 250 mobile robot", "Mobile", 31_200, 9, 8),
        ProductPlan("AMR-1000", "Carrier 1000 mobile robot", "Mobile", 52_800, 6, 5),
        ProductPlan("GRIP-V", "Vacuum gripper set", "Grippers", 3_900, 12, 12),
        ProductPlan("GRIP-S", "Servo gripper", "Grippers", 5_400, 9, 10),
        ProductPlan("VIS-3D", "3D vision kit", "Vision", 12_700, 8, 6),
        ProductPlan("FLEET", "Fleet control licence", "Software", 8_400, 8, 10),
        ProductPlan("CARE", "Care service plan", "Service", 4_800, 10, 8),
    ),
    stages=(("Qualified", 20), ("Site survey", 40), ("Offer made", 60), ("Contract", 85)),
    competitors=("Ferrobot", "Kinetik Nord", "Omnarm", "Tractica Systems"),
    currencies={"CHF": (1.05, ("CH",)), "GBP": (1.17, ("GB",)), "SEK": (0.088, ("SE",))},
    featured="Alpine Systems GmbH",
)

QUILLBRIDGE = VendorPlan(
    slug="quillbridge",
    name="Quillbridge Software",
    time_zone="America/Chicago",
    currency="USD",
    colour="#7a3b9a",
    fiscal_year_start=2,
    staff_country="US",
    share=85,
    cycle_days=38,
    deal_size=26_000,
    win_rate=0.36,
    summer_dip=(7, 0.8),
    regions=(
        RegionPlan("US East", "USE", {"US": 1}),
        RegionPlan("US Central", "USC", {"US": 1}),
        RegionPlan("US West", "USW", {"US": 1}),
        RegionPlan("Canada", "CAN", {"CA": 1}),
        RegionPlan("Mexico", "MEX", {"MX": 1}),
    ),
    tiers=_tiers(("Registered", "Advanced", "Premier", "Elite"), 250_000),
    products=(
        ProductPlan("QB-CORE", "Quill Core, per 100 users", "Platform", 14_000, 14, 8),
        ProductPlan("QB-DOCS", "Quill Documents, per 100 users", "Platform", 9_500, 12, 8),
        ProductPlan("QB-SIGN", "Quill Signatures", "Add-ons", 4_200, 10, 6),
        ProductPlan("QB-FLOW", "Quill Workflows", "Add-ons", 7_800, 10, 5),
        ProductPlan("QB-AUDIT", "Quill Audit Trail", "Add-ons", 6_100, 6, 4),
        ProductPlan("QB-API", "Integration pack", "Add-ons", 11_500, 6, 3),
        ProductPlan("QB-PREM", "Premium support, yearly", "Services", 8_900, 8, 2),
        ProductPlan("QB-ONB", "Onboarding package", "Services", 12_400, 7, 2),
    ),
    stages=(
        ("Discovery", 15),
        ("Demonstration", 35),
        ("Evaluation", 55),
        ("Proposal", 70),
        ("Negotiation", 85),
    ),
    competitors=("Docuvine", "Papertrail Nine", "Signatory One", "Flowmatter"),
    currencies={"CAD": (0.73, ("CA",)), "MXN": (0.055, ("MX",))},
    featured="Cedarbrook Managed Services LLC",
)

HOSHIMORI = VendorPlan(
    slug="hoshimori",
    name="Hoshimori Instruments",
    time_zone="Asia/Tokyo",
    currency="JPY",
    colour="#0f6b5c",
    fiscal_year_start=4,
    staff_country="JP",
    share=55,
    cycle_days=63,
    deal_size=2_800_000,
    win_rate=0.46,
    summer_dip=(8, 0.75),
    regions=(
        RegionPlan("East Japan", "EAST", {"JP": 1}),
        RegionPlan("West Japan", "WEST", {"JP": 1}),
        RegionPlan("Asia Pacific", "APAC", {"SG": 2, "AU": 2}),
    ),
    tiers=_tiers(("Associate", "Bronze", "Silver", "Gold"), 34_000_000),
    products=(
        ProductPlan("HM-SP1", "Bench spectrometer SP-1", "Spectrometry", 1_480_000, 10, 4),
        ProductPlan("HM-SP7", "Inline spectrometer SP-7", "Spectrometry", 3_250_000, 6, 3),
        ProductPlan("HM-TG2", "Thermogravimetric analyser TG-2", "Thermal", 2_860_000, 5, 2),
        ProductPlan("HM-VS4", "Viscometer VS-4", "Rheology", 640_000, 10, 6),
        ProductPlan("HM-PH9", "pH station PH-9", "Electrochemistry", 298_000, 12, 10),
        ProductPlan("HM-LIMS", "Laboratory data system", "Software", 920_000, 7, 3),
        ProductPlan("HM-CAL", "Yearly calibration contract", "Service", 360_000, 10, 6),
    ),
    stages=(("Inquiry", 20), ("Sample measurement", 45), ("Quotation", 65), ("Budget approval", 85)),
    competitors=("Kogane Labs", "Spectra Minato", "Teragraph"),
    currencies={"SGD": (113.0, ("SG",)), "AUD": (98.0, ("AU",))},
    featured="Hinokawa Keisoku K.K.",
)

VENDORS = (NORTHWIND, QUILLBRIDGE, HOSHIMORI)
