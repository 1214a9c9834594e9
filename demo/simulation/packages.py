"""A course that plays a real SCORM package: ours, packed from `demo/packages/charging`."""

import io
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.files.uploadedfile import SimpleUploadedFile

from enablement.courses.models import Course
from enablement.editor import services as editor
from enablement.packages import archive, services
from enablement.packages.manifest import manifest_of
from portal.tenancy.access import Actor

CHARGING = Path(__file__).parents[1] / "packages" / "charging"
SLUG = "charging-and-shifts"


def packed(folder: Path) -> bytes:
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as zipped:
        for path in sorted(folder.iterdir()):
            zipped.writestr(path.name, path.read_bytes())
    return made.getvalue()


def course_with_a_package(admin: Actor) -> Course:
    """Published, with one module. Under the vendor's system scope."""
    course = editor.course_create(
        actor=admin, title="Charging and shifts", slug=SLUG, role="", products=[],
        summary="Plan chargers and breaks so that robots work when the floor is busy.",
    )  # fmt: skip
    version = editor.draft_begin(actor=admin, course=course)
    module = editor.module_add(
        actor=admin, version=version, kind="scorm", title="Plan a two-shift day", minutes=15,
        is_required=True, body="",
    )  # fmt: skip
    file = SimpleUploadedFile("charging-and-shifts.zip", packed(CHARGING), content_type="application/zip")
    manifest = manifest_of(archive.checked(file))
    file.seek(0)
    package = services.package_add(actor=admin, course=course, file=file, manifest=manifest)
    services.module_play(actor=admin, module=module, package=package)
    editor.version_publish(actor=admin, version=version)
    return course
