"""A cmi5 package as what a module holds."""

from collections.abc import Mapping
from typing import Any

from enablement.cmi5 import presenters, selectors
from enablement.courses.content import Shown, register
from enablement.packages.forms import PackageForm
from enablement.packages.kinds import package_kind
from enablement.packages.manifest import CMI5
from enablement.packages.selectors import package_of, parts_of


class Cmi5Form(PackageForm):
    standards = (CMI5,)


def _context(shown: Shown) -> Mapping[str, Any]:
    package = package_of(shown.module)
    if package is None:
        return {"package": None}
    registration = (
        selectors.registration_of(shown.enrolment, shown.module) if shown.enrolment is not None else None
    )
    lines = selectors.lines_of(parts_of(package), registration)
    return {"package": package, "units": presenters.rows(lines), "is_begun": registration is not None}


register(
    package_kind(
        "cmi5",
        "Package (cmi5)",
        "A cmi5 package of an authoring tool, or its course structure alone.",
        Cmi5Form,
        template="enablement/cmi5/kind.html",
        context=_context,
    )
)
