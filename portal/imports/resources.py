"""What all imports have in common, on top of django-import-export: one vendor, no query per row.

A subclass names its model in Meta, declares `Cell`s, and says which attributes of the instance are
compared and written (`tracked`). Everything that refers to other rows is loaded before the first row and
written after the last one of a batch.
"""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import cached_property
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import ModelResource
from tablib import Dataset

from portal.imports.cells import Cell, Context, Refused
from portal.imports.maps import BadMap, ImportMap
from portal.imports.records import Record
from portal.imports.report import Change
from portal.tenancy.access import Actor
from portal.text import Ambiguous, KeyIndex, Unknown

ZEROS = "Write it as it is there, or say that leading zeros tell keys apart."
#: Changes kept for a preview.
SHOWN_CHANGES = 50


@dataclass(frozen=True, slots=True)
class Saved:
    """An accepted record that differs from what was here; `before` is None for a new one."""

    instance: Any
    before: Any
    record: Record


class Preloaded(BaseInstanceLoader):
    """Existing rows of all keys of the file, read at once."""

    def __init__(self, resource: "VendorResource", dataset: Dataset) -> None:
        super().__init__(resource, dataset)
        keys: dict[str, set[Hashable]] = {}
        for row in dataset.dict:
            for field, identity in filter(None, [resource.key_in(row)]):
                keys.setdefault(field, set()).add(identity)
        self.found = {field: resource.existing(field, wanted) for field, wanted in keys.items()}

    def get_instance(self, row: Mapping[str, Any]) -> Any:
        key = self.resource.key_in(row)
        found = self.found[key[0]].get(key[1]) if key else None
        if isinstance(found, Refused):
            raise ValidationError({key[0]: found})
        return found


class NoDiff:
    """The library's field-by-field HTML difference is not shown anywhere, so none is computed."""

    def __init__(self, resource: Any, instance: Any, new: bool) -> None:
        pass

    def compare_with(self, resource: Any, instance: Any) -> None:
        pass


class VendorResource(ModelResource):
    """Imports rows of the scope's vendor. Must run inside a scope and a transaction.

    `keys`: the fields that can identify a record; the first one that the file fills does, unless the map
    says otherwise; for a line without it the next one of them does, and then `namely`. `tracked`: attributes
    compared to tell "unchanged"; those of the model are written. `stamped`: attributes written with every
    change and not compared. `reported_as`: the field under which people know an attribute that is no field
    itself, or one that the file does not fill.
    """

    keys: ClassVar[tuple[str, ...]]
    namely: ClassVar[str] = ""
    #: What a person who writes a map should know of this kind.
    about: ClassVar[str] = ""
    tracked: ClassVar[tuple[str, ...]]
    stamped: ClassVar[tuple[str, ...]] = ()
    reported_as: ClassVar[Mapping[str, str]] = {}

    class Meta:
        use_bulk = True
        batch_size = 1000
        skip_unchanged = True
        report_skipped = True
        skip_html_diff = True
        instance_loader_class = Preloaded

    def __init__(
        self, context: Context, mapping: ImportMap, *, actor: Actor | None = None, dry_run: bool = False
    ) -> None:
        super().__init__()
        self.context, self.mapping, self.actor, self.dry_run = context, mapping, actor, dry_run
        self.advance: Callable[[int], Any] = lambda lines: None
        self.now = timezone.now()
        self.key = ""
        self.records: list[Record] = []
        self.saved: list[Saved] = []
        self.changes: list[Change] = []
        self.notes: list[str] = []
        self._seen: dict[Hashable, int] = {}
        #: {(field, identity): line} of what lines with a key are called.
        self._keyed: dict[Hashable, int] = {}
        self._before: Any = None

    # What a subclass says

    def load_lookups(self) -> None:
        """Fill `self.context.lookups`: everything cells refer to, in one query each."""

    def prepare(self, records: list[Record]) -> list[Record]:
        """Put the records into the order in which they can be written, and add what can be derived."""
        return records

    def identity(self, field: str, value: Any) -> Any:
        """How two values of a field that identifies are compared: something hashable."""
        return value

    def existing(self, field: str, keys: Collection[Hashable]) -> dict[Hashable, Any]:
        """{identity: row} of the rows that are here already, with the attributes of `tracked`.

        Refused instead of a row where a key may mean two of them, or might be another one's.
        """
        attribute = self.fields[field].attribute
        rows = self._meta.model.objects.filter(**{f"{attribute}__in": keys})
        found = {self.identity(field, getattr(row, attribute)): row for row in rows}
        return found | self._nearly(attribute, [str(key) for key in keys if key not in found], found)

    def _nearly(self, attribute: str, keys: list[str], taken: Collection[Hashable]) -> dict[Hashable, Any]:
        """Rows whose key is written a little differently; those that the file means exactly are not asked."""
        every = self._meta.model.objects.exclude(**{attribute: None}).values_list(attribute, "pk")
        pairs: list[tuple[str, int]] = list(every) if keys else []
        index = KeyIndex((key, pk) for key, pk in pairs if key not in taken)
        numbers = _numbers({*keys, *(key for key, _ in pairs)})
        meant: dict[Hashable, Any] = {}
        for key in keys:
            try:
                meant[key] = index.find(key)
            except Unknown:
                others = sorted(numbers.get(key.lstrip("0"), set()) - {key})
                if others and key.isdigit() and not self.mapping.zeros:
                    meant[key] = Refused(f"There is {others[0]}, too. {ZEROS}")
            except Ambiguous:
                meant[key] = Refused("Several keys are written nearly like this, and none exactly.")
        asked = Counter(pk for pk in meant.values() if isinstance(pk, int))
        rows = self._meta.model.objects.in_bulk(asked)
        twice = {pk: Refused("Several lines mean this key, and none is written like it.") for pk in asked}
        single = {pk: rows[pk] if count == 1 else twice[pk] for pk, count in asked.items()}
        return {key: single[pk] if isinstance(pk, int) else pk for key, pk in meant.items()}

    def complete(self, instance: Any, before: Any) -> None:
        """Derive what follows from the cells; raise ValidationError {field: reason} for what cannot be.

        `before` is the row as it was, None for a new one.
        """

    def before_writing(self, instances: list[Any]) -> None:
        """Create what a batch of rows refers to."""

    def after_writing(self) -> None:
        """Write what refers to the rows in `self.saved`: lines, grants, events (last of all)."""

    def label(self, instance: Any) -> str:
        return str(instance)

    # What the loader calls

    @classmethod
    def cells(cls) -> dict[str, Cell]:
        """In the order of Meta.fields, which is how people read them."""
        return {name: cls.fields[name] for name in cls._meta.fields}

    def use_key(self, filled: Collection[str]) -> None:
        """Choose the field that identifies a record, given the fields the file fills. Raises BadMap."""
        self.key = self.mapping.key or next((name for name in self.keys if name in filled), self.keys[-1])
        if self.key not in self.keys:
            raise BadMap(f"{self.key} cannot be the key; these can: {', '.join(self.keys)}.")

    def dataset(self, records: list[Record]) -> Dataset:
        self.records = records
        headers = list(records[0].texts) if records else [self.key]
        return Dataset(*([record.texts[name] for name in headers] for record in records), headers=headers)

    def place_of(self, name: str, record: Record) -> str:
        """The field of the file that a reason about the field or attribute `name` belongs to."""
        field = name if name in self.fields else self._field_of(name)
        return field if field in record.texts else self.reported_as.get(name, field)

    def changed_fields(self, instance: Any, before: Any) -> list[str]:
        """The fields whose values differ, as people know them."""
        return list(dict.fromkeys(self._field_of(name) for name in self.differences(instance, before)))

    def _field_of(self, attribute: str) -> str:
        fields = {cell.attribute: field for field, cell in self.cells().items()}
        return fields.get(attribute) or self.reported_as.get(attribute, attribute)

    # How django-import-export goes about it

    @classmethod
    def get_diff_class(cls) -> type[NoDiff]:
        return NoDiff

    def get_import_id_fields(self) -> list[str]:
        return [self.key]

    def key_in(self, row: Mapping[str, Any]) -> tuple[str, Hashable] | None:
        """(field, identity) that tells which record a row is; None where none can be read, which is then
        reported with the row."""
        for field in self._identifying:
            if field not in row:
                continue
            try:
                value = self.fields[field].clean(row, context=self.context)
            except Refused:
                return None
            if value not in (None, ""):
                return field, self.identity(field, value)
        return None

    @cached_property
    def _identifying(self) -> list[str]:
        """The key, then what else can tell a record, in the order in which it is asked."""
        later = self.keys[self.keys.index(self.key) + 1 :]
        return [*dict.fromkeys((self.key, *later, self.namely))] if self.namely else [self.key, *later]

    def before_import_row(self, row: Mapping[str, Any], **kwargs: Any) -> None:
        self.record = self.records[kwargs["row_number"] - 1]

    def get_or_init_instance(self, instance_loader: Preloaded, row: Mapping[str, Any]) -> tuple[Any, bool]:
        key = self.key_in(row)
        if key is not None:
            self._refuse_seen(key, row)
        instance, is_new = super().get_or_init_instance(instance_loader, row)
        return instance, is_new

    def _refuse_seen(self, key: tuple[str, Hashable], row: Mapping[str, Any]) -> None:
        """One line a record; and a line without a key is not told from one that has this name and a key."""
        here = self.record.lines[0]
        line = self._seen.setdefault(key, here)
        if line != here:
            raise ValidationError({key[0]: Refused(f"Line {line} has the same key.")})
        for field in self._identifying[1:] if key[0] == self.key else ():
            if row.get(field):
                self._keyed.setdefault((field, self.identity(field, row[field])), here)
        keyed = self._keyed.get(key) if key[0] != self.key else None
        if keyed:
            what = f"Line {keyed} is called the same and has a key. Give this line its key, too."
            raise ValidationError({self.key: Refused(what)})

    def import_instance(self, instance: Any, row: Mapping[str, Any], **kwargs: Any) -> None:
        """Empty cells change nothing in what exists, nor does another spelling of its key."""
        if instance.pk is not None:
            for name in self.record.empties - self.mapping.empties:
                self.record.texts.pop(name, None)
        errors: dict[str, Any] = {}
        for name in self.record.texts:
            if instance.pk is not None and name == self.key and name != "name":
                continue
            try:
                self.fields[name].save(instance, row, context=self.context)
            except ValidationError as refused:
                errors[name] = refused
        if errors:
            raise ValidationError(errors)

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        self._before = None if original.pk is None else original
        if import_validation_errors:
            return False
        self.complete(instance, self._before)
        return self._before is not None and not self.differences(instance, self._before)

    def differences(self, instance: Any, before: Any) -> list[str]:
        """What of `tracked` is not as it was; an attribute the file does not fill is absent on both sides."""
        return [name for name in self.tracked if getattr(instance, name, None) != getattr(before, name, None)]

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """Lengths, formats and choices of the fields; keys and references were checked without a query."""
        if import_validation_errors:
            raise ValidationError(import_validation_errors)
        checked = {
            field.name
            for field in self._model_fields()
            if not field.is_relation and getattr(instance, field.name) is not None
        }
        instance.clean_fields(exclude={field.name for field in instance._meta.fields} - checked)

    def after_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        self.saved.append(Saved(instance, self._before, self.record))
        if len(self.changes) >= SHOWN_CHANGES:
            return
        what = "updated" if self._before else "created"
        names = self.changed_fields(instance, self._before) if self._before else []
        self.changes.append(Change(self.record.lines[0], what, self.label(instance), names))

    def bulk_create(self, *args: Any, **kwargs: Any) -> None:
        self.before_writing(self.create_instances)
        super().bulk_create(*args, **kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> None:
        self.before_writing(self.update_instances)
        super().bulk_update(*args, **kwargs)

    def get_bulk_update_fields(self) -> list[str]:
        return [field.name for field in self._model_fields()]

    def after_import(self, dataset: Dataset, result: Any, **kwargs: Any) -> None:
        if self.saved:
            self.after_writing()

    def import_row(self, row: Any, instance_loader: Any, **kwargs: Any) -> Any:
        result = super().import_row(row, instance_loader, **kwargs)
        if result.errors:  # a defect of ours, not of the row
            raise result.errors[0].error
        self.advance(len(self.record.lines))
        return result

    def handle_import_error(self, result: Any, error: Exception, raise_errors: bool = False) -> None:
        raise error

    def _model_fields(self) -> list[Any]:
        names = {*self.tracked, *self.stamped}
        concrete = self._meta.model._meta.concrete_fields
        return [field for field in concrete if field.attname in names]


def _numbers(keys: Collection[str]) -> dict[str, set[str]]:
    """{digits without the zeros in front: the keys of these digits}"""
    numbers: dict[str, set[str]] = {}
    for key in keys:
        if key.isdigit():
            numbers.setdefault(key.lstrip("0"), set()).add(key)
    return numbers
