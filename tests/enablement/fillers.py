"""A row in every table of learning records and packages, of a competitor of beta, for the wall's test."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from enablement.courses.models import Course, CourseVersion, Enrolment, Module
from enablement.packages.models import Launch, ModulePackage, Package, PartState
from enablement.records.models import (
    ActivityDefinition,
    ActivityLink,
    Attachment,
    Document,
    Learner,
    LearningResult,
    Statement,
    StatementMention,
    StatementReference,
    StoreKey,
    VerbMeaning,
)
from tests.enablement.records import COURSE, VERBS, agent, statement
from tests.support.worlds import VendorWorld


def one(model: Any, world: VendorWorld, **fields: Any) -> Any:
    """The first row of the table, or a new one."""
    return model.objects.order_by("pk").first() or model.objects.create(**fields)


def course(world: VendorWorld) -> Course:
    return one(Course, world, slug="fleet", title=f"Course of {world.vendor.slug}")


def module(world: VendorWorld) -> Module:
    version = one(CourseVersion, world, course=course(world), number=1)
    return one(Module, world, version=version, position=1, title="Charging", kind="scorm")


def theirs(world: VendorWorld) -> dict[str, Any]:
    return {"user": world.people["distributor_rep"].user, "partner": world.partners["alpha"]}


def enrolment(world: VendorWorld) -> Enrolment:
    found = Enrolment.objects.filter(partner=world.partners["alpha"]).first()
    step = module(world)
    return found or Enrolment.objects.create(course=course(world), version=step.version, **theirs(world))


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


FILLERS: dict[str, Callable[[VendorWorld], Any]] = {
    "Package": package,
    "ModulePackage": lambda world: one(ModulePackage, world, module=module(world), package=package(world)),
    "Launch": launch,
    "PartState": lambda world: one(
        PartState, world, enrolment=enrolment(world), module=module(world), part="x", launch=launch(world),
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
    "Attachment": lambda world: one(Attachment, world, sha2="a", content_type="text/plain", content=b"x"),
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
