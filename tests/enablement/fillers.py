"""A row in every table of learning records and packages, of a competitor of beta, for the wall's test."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from enablement.badges.models import Badge, IssuerKey
from enablement.certifications.models import (
    AccreditationRule,
    AccreditationVersion,
    Award,
    Certification,
    CertificationCourse,
)
from enablement.cmi5.models import Cmi5Registration, Cmi5Session, Cmi5Unit
from enablement.courses.models import Course, Enrolment, Module
from enablement.library.models import Asset, AssetFile, AssetProduct, Collection, CollectionItem
from enablement.packages.models import Launch, ModulePackage, Package, PartState
from enablement.quizzes.models import Attempt, AttemptVersion
from enablement.records.models import (
    ActivityDefinition,
    ActivityLink,
    Document,
    Learner,
    LearningResult,
    Statement,
    StatementAttachment,
    StatementMention,
    StatementReference,
    StoreKey,
    VerbMeaning,
)
from portal.files.uploads import checked
from tests.enablement import school
from tests.enablement.records import COURSE, VERBS, agent, statement
from tests.support.files import PDF
from tests.support.worlds import VendorWorld


def one(model: Any, world: VendorWorld, **fields: Any) -> Any:
    """The first row of the table, or a new one."""
    return model.objects.order_by("pk").first() or model.objects.create(**fields)


def course(world: VendorWorld) -> Course:
    school.one_of_each(world)
    return Course.objects.order_by("pk").first()


def module(world: VendorWorld) -> Module:
    return Module.objects.filter(version=course(world).published_id).order_by("pk").first()


def theirs(world: VendorWorld) -> dict[str, Any]:
    return {"user": world.people["distributor_rep"].user, "partner": world.partners["alpha"]}


def enrolment(world: VendorWorld) -> Enrolment:
    course(world)
    return Enrolment.objects.filter(partner=world.partners["alpha"]).order_by("pk").first()


def attempt(world: VendorWorld) -> Attempt:
    course(world)
    return Attempt.objects.filter(partner=world.partners["alpha"]).order_by("pk").first()


def package(world: VendorWorld) -> Package:
    return one(
        Package,
        world,
        course=course(world),
        standard="scorm12",
        identifier="x",
        title="Charging",
        size=1,
        file="x",
    )


def launch(world: VendorWorld) -> Launch:
    return one(
        Launch, world, enrolment=enrolment(world), module=module(world), package=package(world),
        ends_at=timezone.now() + timedelta(days=1), **theirs(world),
    )  # fmt: skip


def registration(world: VendorWorld) -> Cmi5Registration:
    return one(
        Cmi5Registration, world, enrolment=enrolment(world), module=module(world), package=package(world),
        iri="https://x.example/cmi5/1", actor={}, **theirs(world),
    )  # fmt: skip


def store_key(world: VendorWorld) -> StoreKey:
    return one(StoreKey, world, name=f"Tool of {world.vendor.slug}", secret_hash="x")


def kept_statement(world: VendorWorld) -> Statement:
    sent = statement(actor=agent(f"somebody@{world.vendor.slug}.example"))
    return one(
        Statement, world, source=store_key(world), statement_id=sent["id"], stored=timezone.now(),
        timestamp=timezone.now(), version="1.0.0",
        agent_key=f"mbox mailto:somebody@{world.vendor.slug}.example",
        verb=f"{VERBS}completed", activity=COURSE, body=sent, **theirs(world),
    )  # fmt: skip


def certification(world: VendorWorld) -> Certification:
    return one(Certification, world, name=f"Technician of {world.vendor.slug}")


def asset(world: VendorWorld) -> Asset:
    return one(Asset, world, title=f"Asset of {world.vendor.slug}", url="https://example.com/")


def collection(world: VendorWorld) -> Collection:
    return one(Collection, world, name=f"Collection of {world.vendor.slug}")


FILLERS: dict[str, Callable[[VendorWorld], Any]] = {
    "Certification": certification,
    "CertificationCourse": lambda world: one(
        CertificationCourse, world, certification=certification(world), course=course(world)
    ),
    "Award": lambda world: one(
        Award, world, certification=certification(world), reference=f"C-{world.vendor.slug}"[:20],
        awarded_at=timezone.now(), **theirs(world),
    ),
    "AccreditationRule": lambda world: one(
        AccreditationRule, world, certification=certification(world), tier=world.tiers[0]
    ),
    "AccreditationVersion": lambda world: one(
        AccreditationVersion, world, rule_id=1, certification=certification(world), tier=world.tiers[0],
        people=1, held_until=timezone.now(),
    ),
    "AttemptVersion": lambda world: one(
        AttemptVersion, world, attempt=attempt(world), partner=world.partners["alpha"], number=1,
        held_until=timezone.now(),
    ),
    "Asset": asset,
    "AssetFile": lambda world: one(AssetFile, world, **checked("data.pdf", PDF).as_fields(None)),
    "AssetProduct": lambda world: one(AssetProduct, world, asset=asset(world), product=world.products[0]),
    "Collection": collection,
    "CollectionItem": lambda world: one(
        CollectionItem, world, collection=collection(world), asset=asset(world), position=1
    ),
    "Package": package,
    "ModulePackage": lambda world: one(ModulePackage, world, module=module(world), package=package(world)),
    "Launch": launch,
    "PartState": lambda world: one(
        PartState, world, enrolment=enrolment(world), module=module(world), part="x", launch=launch(world),
        **theirs(world),
    ),
    "IssuerKey": lambda world: one(IssuerKey, world, number=1, public="z6Mk", sealed="x"),
    "Badge": lambda world: one(Badge, world, award=FILLERS["Award"](world), place=1),
    "Cmi5Registration": registration,
    "Cmi5Unit": lambda world: one(
        Cmi5Unit, world, registration=registration(world), unit="x", position=1, **theirs(world)
    ),
    "Cmi5Session": lambda world: one(
        Cmi5Session, world, registration=registration(world), launch=launch(world), position=1,
        **theirs(world),
    ),
    "StoreKey": store_key,
    "Statement": kept_statement,
    "StatementMention": lambda world: one(
        StatementMention, world, statement=kept_statement(world), kind="agent", value="x", is_direct=True
    ),
    "StatementReference": lambda world: one(
        StatementReference, world, statement=kept_statement(world), target=uuid4()
    ),
    "StatementAttachment": lambda world: one(
        StatementAttachment, world, sha2="a", content_type="text/plain", content=b"x"
    ),
    "ActivityDefinition": lambda world: one(ActivityDefinition, world, activity=COURSE, iri=COURSE),
    "Document": lambda world: one(
        Document, world, resource="state", name="x", full_name="x", content=b"x", content_type="text/plain",
        etag='"x"',
    ),
    "Learner": lambda world: one(
        Learner, world, agent_key=f"mbox mailto:somebody@{world.vendor.slug}.example",
        agent=agent(f"somebody@{world.vendor.slug}.example"),
    ),
    "VerbMeaning": lambda world: one(VerbMeaning, world, verb=f"{VERBS}passed", outcome="passed"),
    "ActivityLink": lambda world: one(ActivityLink, world, activity=COURSE, course=course(world)),
    "LearningResult": lambda world: one(
        LearningResult, world, statement=kept_statement(world), outcome="completed",
        partner=world.partners["alpha"],
    ),
}  # fmt: skip
