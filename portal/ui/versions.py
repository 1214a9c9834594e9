"""Two open tabs: a form knows what it showed, and puts nothing back that was changed meanwhile.

A form of a record carries one hidden input with a short digest of every answer as it was shown; of a file,
of what `initial` says is kept. When it comes
back, the record is read again: an answer that is another one now, and not the one that was sent, is an error
beside its field. What the person typed is kept; what they had left alone shows the new value. Sent once more,
the form is saved: by then the other change was seen. The digests are not signed, as who forges them can only
overwrite what they may change anyway; a form without them is taken as it is.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal.ui.formatting import format_date

NAME: Final = "version"
CODE: Final = "changed_meanwhile"
#: Of a long text, so much is told.
_TOLD = 160
_DIGEST = 12


@dataclass(frozen=True, slots=True)
class Beside:
    """Answers that are asked next to the form's own fields, such as rows of products."""

    label: str
    now: Any
    sent: Any
    words: str


class VersionedForm(forms.BaseForm):
    """Mix into a form whose `initial` is the record as it is now, when it is bound as well."""

    #: Names of what was added by `watch`, changed meanwhile and left alone here: to be shown as it is now.
    left_alone: frozenset[str] = frozenset()

    @property
    def is_of_a_record(self) -> bool:
        """A form of something new has nothing to put back."""
        instance = getattr(self, "instance", None)
        return instance is None or instance.pk is not None

    def watch(self, name: str, label: str, *, now: Any, sent: Any, words: str) -> None:
        """Answers beside the fields, asked before `is_valid`; compared by their text, told in `words`."""
        self._watched[name] = Beside(label, now, sent, words)

    @property
    def version(self) -> SafeString | str:
        """The hidden input; "" where the form is of nothing yet."""
        if not self.is_of_a_record:
            return ""
        carried = "" if self.is_bound else str(self.initial.get(NAME, ""))
        value = carried or json.dumps(self._shown(), separators=(",", ":"))
        return format_html('<input type="hidden" name="{}" value="{}">', self.add_prefix(NAME), value)

    def full_clean(self) -> None:
        super().full_clean()
        seen = self._seen() if self.is_bound and self.is_of_a_record else {}
        if seen:
            self._compare(seen)

    @property
    def _watched(self) -> dict[str, Beside]:
        watched: dict[str, Beside] = self.__dict__.setdefault("_beside", {})
        return watched

    def _shown(self) -> dict[str, str]:
        fields = {name: _digest(_text(self._field(name), self._now(name))) for name in self._names()}
        files = {name: _digest(_file(self._now(name))) for name in self._file_names()}
        return fields | files | {name: _digest(one.now) for name, one in self._watched.items()}

    def _seen(self) -> dict[str, str]:
        """What the page showed; two forms of one page may send theirs under one name."""
        sent: Any = self.data
        name = self.add_prefix(NAME)
        texts = sent.getlist(name) if hasattr(sent, "getlist") else [sent.get(name)]
        return {key: digest for text in texts for key, digest in _digests(text).items()}

    def _names(self) -> list[str]:
        """What a person answers; files are compared by themselves, and what is hidden was not seen."""
        return [bound.name for bound in self.visible_fields() if not isinstance(bound.field, forms.FileField)]

    def _file_names(self) -> list[str]:
        return [bound.name for bound in self.visible_fields() if isinstance(bound.field, forms.FileField)]

    def _field(self, name: str) -> Any:
        return self.fields[name]

    def _now(self, name: str) -> Any:
        return self[name].initial

    def _compare(self, seen: dict[str, str]) -> None:
        for name in self._names():
            field, now = self._field(name), self._now(name)
            text, sent = _text(field, now), _text(field, self[name].value())
            if name in seen and _digest(text) not in (seen[name], _digest(sent)):
                self._object(name, _told(field, now), kept=_digest(sent) != seen[name])
        for name in self._file_names():
            now = _file(self._now(name))
            if name in seen and _digest(now) != seen[name] and self.files.get(self.add_prefix(name)):
                self._object_to_file(name, now)
        for name, one in self._watched.items():
            if name in seen and _digest(one.now) not in (seen[name], _digest(one.sent)):
                self._object_beside(name, one, kept=_digest(one.sent) != seen[name])

    def _object(self, name: str, now: str, *, kept: bool) -> None:
        if not kept:
            sent: Any = self.data
            self.data = sent.copy()
            _put(self.data, self.add_prefix(name), self._field(name).widget, self[name].initial)
        self.add_error(name, _objection("This", now, kept=kept))

    def _object_to_file(self, name: str, now: str) -> None:
        """Without a file of its own an older page changes none; and no browser sends one a second time."""
        text = f"This was changed after you opened this page: now {now or 'empty'}."
        self.add_error(name, ValidationError(f"{text} Choose your file again to replace it.", code=CODE))

    def _object_beside(self, name: str, one: Beside, *, kept: bool) -> None:
        if not kept:
            self.left_alone |= {name}
        self.add_error(None, _objection(one.label, one.words, kept=kept))


def _objection(what: str, now: str, *, kept: bool) -> ValidationError:
    then = "What you entered is kept: save again to replace it." if kept else "Save again to leave it so."
    text = f"{what} was changed after you opened this page: now {now or 'empty'}. {then}"
    return ValidationError(text, code=CODE)


def _digests(text: str | None) -> dict[str, str]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _digest(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:_DIGEST]


def _text(field: Any, value: Any) -> Any:
    """A value as the field shows it and as a browser sends it: a text, or several."""
    return _widget_text(field.widget, field.prepare_value(value))


def _widget_text(widget: Any, value: Any) -> Any:
    if isinstance(widget, forms.MultiWidget):
        parts = value if isinstance(value, list) else widget.decompress(value)
        pairs = zip(widget.widgets, parts or [None] * len(widget.widgets), strict=False)
        return [_widget_text(one, part) for one, part in pairs]
    if isinstance(widget, forms.CheckboxInput):
        return bool(value)
    shown = widget.format_value(value)
    if isinstance(shown, (list, tuple)):
        return sorted(str(one) for one in shown if one not in (None, ""))
    return "" if shown is None else str(shown).replace("\r\n", "\n").strip()


def _file(value: Any) -> str:
    """What is kept of a file, as `initial` names it: its name, or words of the page's own."""
    return str(value or "")


def _told(field: Any, value: Any) -> str:
    """A value as people read it."""
    if isinstance(field.widget, forms.CheckboxInput):
        return "on" if value else "off"
    if isinstance(value, date) and not isinstance(value, datetime):
        return format_date(value, "year")
    text = _text(field, value)
    parts = text if isinstance(text, list) else [text]
    words = ", ".join(filter(None, (_label(field, part) for part in parts)))
    return words if len(words) <= _TOLD else f"{words[:_TOLD].rstrip()} ..."


def _label(field: Any, value: str) -> str:
    labels = {str(key): str(label) for key, label in _flat(getattr(field, "choices", ()))}
    return labels.get(value, value)


def _flat(choices: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    for key, label in choices:
        yield from _flat(label) if isinstance(label, (list, tuple)) else [(key, label)]


def _put(data: Any, name: str, widget: Any, value: Any) -> None:
    """Write a value into what was sent, as the widget would have sent it."""
    if hasattr(widget, "widgets_names"):
        parts = widget.decompress(value)
        for suffix, one, part in zip(widget.widgets_names, widget.widgets, parts, strict=False):
            _put(data, f"{name}{suffix}", one, part)
        return
    text = _widget_text(widget, value)
    data.pop(name, None)
    if isinstance(text, list) and hasattr(data, "setlist"):
        data.setlist(name, text)
    elif text is not False:
        data[name] = "on" if text is True else text
