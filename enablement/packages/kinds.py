"""Packages as what a module holds."""

from collections.abc import Callable, Mapping
from typing import Any

from django.forms import BaseForm

from enablement.courses.content import Completion, ContentKind, Shown, register
from enablement.courses.models import Module
from enablement.packages import selectors, services
from enablement.packages.forms import PackageForm
from enablement.packages.manifest import SCORM_12, SCORM_2004
from enablement.packages.models import ModulePackage
from portal.tenancy.access import Actor


class ScormForm(PackageForm):
    standards = (SCORM_12, SCORM_2004)


def _context(shown: Shown) -> Mapping[str, Any]:
    link = selectors.link_of(shown.module)
    if link is None:
        return {"package": None}
    package = link.package
    states = selectors.states_of(shown.enrolment, shown.module) if shown.enrolment else {}
    parts = [(part.title, states.get(part.id)) for part in selectors.parts_of(package)]
    place = shown.progress.place if shown.progress else ""
    return {
        "package": package,
        "parts": parts,
        "is_begun": bool(states),
        "place": place,
        **_look(shown, link.pk),
    }


def _look(shown: Shown, link_id: int) -> Mapping[str, Any]:
    return {"look": link_id} if shown.enrolment is None and shown.actor.is_staff else {}


def _saved(actor: Actor, module: Module, form: BaseForm) -> None:
    file, kept = form.cleaned_data["package"], form.cleaned_data["kept"]
    if file:
        manifest = form.manifest  # type: ignore[attr-defined]
        kept = services.package_add(actor=actor, course=module.version.course, file=file, manifest=manifest)
    if kept:
        services.module_play(actor=actor, module=module, package=kept)


def _missing(module: Module) -> str:
    return "" if selectors.package_of(module) else "has no package yet"


def _copied(source: Module, target: Module) -> None:
    package = selectors.package_of(source)
    if package:
        ModulePackage.objects.create(module=target, package=package)


def _place(module: Module, place: str) -> str:
    return f"page {place}" if place.isdecimal() else ""


def package_kind(
    key: str,
    label: str,
    description: str,
    form: Callable[..., BaseForm],
    *,
    template: str = "enablement/packages/kind.html",
    context: Callable[[Shown], Mapping[str, Any]] = _context,
) -> ContentKind:
    """A kind of module that plays a package of the standards its `form` takes."""
    return ContentKind(
        key,
        label,
        "player-play",
        template,
        completion=Completion.CONTENT,
        description=description,
        form=form,
        saved=_saved,
        context=context,
        missing=_missing,
        copied=_copied,
        place=_place,
    )


register(
    package_kind(
        "scorm", "Simulation (SCORM)", "A SCORM 1.2 or 2004 package of an authoring tool.", ScormForm
    ),
)
