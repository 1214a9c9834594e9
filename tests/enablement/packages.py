"""Packages for tests: ours of the demo, small ones of each standard, and a module that plays one."""

import io
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from enablement.courses.models import Course, CourseVersion, Module
from enablement.packages import archive, services
from enablement.packages.manifest import manifest_of
from enablement.packages.models import ModulePackage
from portal.tenancy.scope import entered, system_scope
from tests.enablement import school
from tests.support.worlds import VendorWorld, acting_as

CHARGING = Path(settings.BASE_DIR) / "demo" / "packages" / "charging"


def zipped(files: dict[str, bytes | str]) -> bytes:
    made = io.BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def charging() -> bytes:
    """The demo's own SCORM 1.2 package."""
    return zipped({path.name: path.read_bytes() for path in sorted(CHARGING.iterdir())})


def scorm_2004(*parts: str, more: str = "") -> bytes:
    """A SCORM 2004 package of empty pages; `more` stands inside every item."""
    items = "".join(
        f'<item identifier="{one}" identifierref="r-{one}"><title>{one}</title>{more}</item>' for one in parts
    )
    resources = "".join(
        f'<resource identifier="r-{one}" type="webcontent" adlcp:scormType="sco" href="{one}.html"/>'
        for one in parts
    )
    manifest = (
        '<manifest identifier="m" xmlns="http://www.imsglobal.org/xsd/imscp_v1p1" '
        'xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_v1p3" '
        'xmlns:imsss="http://www.imsglobal.org/xsd/imsss">'
        "<metadata><schema>ADL SCORM</schema><schemaversion>2004 4th Edition</schemaversion></metadata>"
        f'<organizations default="o"><organization identifier="o"><title>Course</title>{items}'
        f"</organization></organizations><resources>{resources}</resources></manifest>"
    )
    pages: dict[str, bytes | str] = {f"{one}.html": PAGE_2004 for one in parts}
    return zipped({"imsmanifest.xml": manifest, **pages})


#: A page that finds the API as every course does, and hands it to whoever tests.
PAGE_2004 = """<!doctype html><html><head><title>Part</title></head><body><p id="said">no API</p><script>
let win = window, api = null;
while (win && !api) { api = win.API_1484_11 || null; if (win === win.parent) break; win = win.parent; }
window.api = api;
if (api) {
  api.Initialize("");
  document.getElementById("said").textContent = "at " + api.GetValue("cmi.location");
}
</script></body></html>"""


def file(content: bytes, name: str = "course.zip") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="application/zip")


def course_with(
    world: VendorWorld, content: bytes, *, slug: str = "charging", kind: str = "scorm", **fields: Any
) -> Course:
    """A published course of one module that plays the package."""
    with entered(system_scope(world.vendor.pk)), transaction.atomic():
        course = school.course(world, slug, texts=0, questions=0, **fields)
        version = CourseVersion.objects.get(course=course)
        module = Module.objects.create(version=version, position=1, title="Charging", kind=kind, minutes=20)
    with acting_as(world.people["program_admin"]) as actor:
        upload = file(content)
        manifest = manifest_of(archive.checked(upload))
        upload.seek(0)
        package = services.package_add(actor=actor, course=course, file=upload, manifest=manifest)
        ModulePackage.objects.create(module=module, package=package)
    return course
