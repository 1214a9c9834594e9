"""An app as a row of feature packages, and everything it registers, in one declaration."""

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import ClassVar

from django.apps import AppConfig
from django.utils.module_loading import import_string, module_has_submodule

#: Modules that register what they declare when they are imported.
DECLARING = (
    "events",
    "metrics",
    "facts",
    "emails",
    "notifications",
    "navigation",
    "requests",
    "queue",
    "admin",
    "tasks",
)


class FeatureConfig(AppConfig):
    """Base of our app configurations.

    `features` are the packages of the app, in the order of their keys. Each has its own `models` and any of
    `DECLARING`; the app itself may have them too. Everything else is named by its dotted path.
    """

    #: Django picks the configuration of an app by this; every subclass is one, this base is none.
    default = False

    features: ClassVar[tuple[str, ...]] = ()
    #: What can be imported: name -> (dotted path of the resource, position in the order of loading).
    imports: ClassVar[dict[str, tuple[str, int]]] = {}
    #: Called with each new vendor, inside its scope.
    new_vendor: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.default = True

    def import_models(self) -> None:
        super().import_models()
        for package in self._packages():
            if package.__name__ != self.name and module_has_submodule(package, "models"):
                self.models_module = import_module(f"{package.__name__}.models")

    def ready(self) -> None:
        # Models exist from here on: these two need them.
        from portal.imports import kinds
        from portal.tenancy.new_vendor import on_new_vendor

        for package in self._packages():
            for name in DECLARING:
                if module_has_submodule(package, name):
                    import_module(f"{package.__name__}.{name}")
        kinds.register(
            kinds.ImportKind(name, path, position) for name, (path, position) in self.imports.items()
        )
        for path in self.new_vendor:
            on_new_vendor(import_string(path))

    def _packages(self) -> Iterator[ModuleType]:
        yield import_module(self.name)
        for feature in self.features:
            yield import_module(f"{self.name}.{feature}")
