"""Reads of learning packages."""

from collections.abc import Sequence
from typing import Any

from django.core import signing

from enablement.courses.models import Enrolment, Module
from enablement.packages.manifest import Part
from enablement.packages.models import Launch, ModulePackage, Package, PartState

_SALT = "enablement.packages.play"


def link_of(module: Module) -> ModulePackage | None:
    """What the module plays, with its package."""
    found: ModulePackage | None = (
        ModulePackage.objects.filter(module=module).select_related("package").first()
    )
    return found


def package_of(module: Module) -> Package | None:
    link = link_of(module)
    return link.package if link else None


def parts_of(package: Package) -> list[Part]:
    return [Part(**part) for part in package.parts]


def states_of(enrolment: Enrolment, module: Module) -> dict[str, PartState]:
    """Part id -> where its learner stands."""
    rows = PartState.objects.filter(enrolment=enrolment, module=module)
    return {row.part: row for row in rows}


def packages_of(course_id: int) -> Sequence[Package]:
    return list(Package.objects.filter(course=course_id))


def token_of(launch: Launch) -> str:
    """What opens this launch to its content, without a cookie: the vendor and the launch, signed."""
    return signing.dumps({"vendor": launch.vendor_id, "launch": launch.pk}, salt=_SALT)


def preview_token_of(package: Package) -> str:
    """The same for a look inside that leaves no trace."""
    return signing.dumps({"vendor": package.vendor_id, "package": package.pk}, salt=_SALT)


def told_by_token(token: str, most_seconds: int) -> dict[str, Any]:
    """Raises signing.BadSignature."""
    found: dict[str, Any] = signing.loads(token, salt=_SALT, max_age=most_seconds)
    return found
