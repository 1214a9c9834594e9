"""Assets, what they are about, and the collections they are put into."""

from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from enablement.audience import Audience, audience_constraints
from enablement.courses.models import Language
from enablement.library.full_text import WordsOf
from partners.models import Product, Region
from portal.files.uploads import StoredFile
from portal.tenancy.constraints import Rows, RowSecurity
from portal.tenancy.tables import PersonKey, TenantKey, TenantModel

#: Of a document's text as much is searched; a `tsvector` holds a megabyte.
LONGEST_TEXT = 200_000


class AssetType(models.TextChoices):
    CASE_STUDY = "case_study", "Case study"
    SLIDES = "slides", "Slides"
    DATA_SHEET = "data_sheet", "Data sheet"
    BROCHURE = "brochure", "Brochure"
    VIDEO = "video", "Video"
    TOOL = "tool", "Tool"
    TEMPLATE = "template", "Template"
    PRICE_LIST = "price_list", "Price list"
    OTHER = "other", "Other"


class AssetFile(StoredFile):
    """The file of an asset; a new version takes the place of the one before."""

    class Meta:
        ordering = ["id"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_assetfile_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_assetfile_key"),
        ]


class Asset(Audience, TenantModel):
    """A file or a link for those it is meant for, up to and including the day it ends."""

    title = models.CharField(max_length=160)
    summary = models.CharField(max_length=300, blank=True, help_text="What it is good for, in one sentence.")
    type = models.CharField(max_length=12, choices=AssetType.choices, default=AssetType.CASE_STUDY)
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.ENGLISH)
    region = TenantKey(
        Region,
        related_name="+",
        null=True,
        blank=True,
        help_text="Partners of this region only. Empty: any, and partners without one.",
    )
    products = models.ManyToManyField(Product, through="AssetProduct", related_name="+", blank=True)
    url = models.URLField("link", max_length=500, blank=True)
    file = TenantKey(AssetFile, related_name="+", null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    version_at = models.DateTimeField(default=timezone.now, editable=False)
    ends_on = models.DateField(
        "last day", null=True, blank=True, help_text="From the day after partners do not find it any more."
    )
    owner = PersonKey(null=True, blank=True, help_text="Who keeps it up to date.")
    text = models.TextField(blank=True, editable=False, help_text="The words inside, to be searched.")
    words = models.GeneratedField(
        expression=WordsOf("title", "summary", "text", "language"),
        output_field=SearchVectorField(),
        db_persist=True,
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["title", "id"]
        indexes = [models.Index(fields=["vendor", "ends_on"], name="enablement_asset_by_end")]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_asset_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_asset_key"),
            models.CheckConstraint(
                condition=Q(file__isnull=False, url="") | (Q(file__isnull=True) & ~Q(url="")),
                name="enablement_asset_content",
                violation_error_message="Give it either a file or a link.",
            ),
            models.CheckConstraint(condition=Q(type__in=AssetType.values), name="enablement_asset_type"),
            models.CheckConstraint(
                condition=Q(language__in=Language.values), name="enablement_asset_language"
            ),
            *audience_constraints("enablement_asset"),
        ]

    def __str__(self) -> str:
        return self.title


class AssetProduct(TenantModel):
    """A product the asset is about."""

    asset = TenantKey(Asset, models.CASCADE, related_name="product_links")
    product = TenantKey(Product, models.CASCADE, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["vendor", "product"], name="enablement_asset_by_product")]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_assetproduct_rows"),
            models.UniqueConstraint(
                fields=["vendor", "asset", "product"], name="enablement_assetproduct_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset}: {self.product}"


class Collection(TenantModel):
    """Assets for an occasion, in an order. Who looks sees those that are for them."""

    name = models.CharField(max_length=120)
    summary = models.CharField(max_length=300, blank=True, help_text="When one takes these.")
    position = models.PositiveSmallIntegerField(default=1, help_text="1 is listed first.")

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_collection_rows"),
            models.UniqueConstraint(fields=["vendor", "id"], name="enablement_collection_key"),
            models.UniqueConstraint(
                fields=["vendor", "name"],
                name="enablement_collection_name",
                violation_error_message="There is a collection of this name already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CollectionItem(TenantModel):
    """An asset in a collection."""

    collection = TenantKey(Collection, models.CASCADE, related_name="items")
    asset = TenantKey(Asset, models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            RowSecurity(rows=Rows.PROGRAMME, name="enablement_collectionitem_rows"),
            models.UniqueConstraint(
                fields=["vendor", "collection", "asset"], name="enablement_collectionitem_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.collection}: {self.asset}"
