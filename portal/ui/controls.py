"""How form fields are drawn: their kind, their attributes, and the list of what is wrong with a form."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from portal.ui.forms import AmountField, amount_currency

Attrs = dict[str, str | bool]
SELECTED = SafeString(" selected")


def control_of(widget: forms.Widget) -> str:
    """How a widget is laid out: hidden, tick, choices, file or plain."""
    if widget.is_hidden:
        return "hidden"
    if isinstance(widget, forms.CheckboxInput):
        return "tick"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    return "file" if isinstance(widget, forms.FileInput) else "plain"


def css_of(widget: forms.Widget) -> str:
    kind = control_of(widget)
    if kind in ("tick", "choices"):
        return "form-check-input"
    if kind == "file":
        return ""
    return "form-select" if isinstance(widget, forms.Select) else "form-control"


def described_by(bound: forms.BoundField, help_text: str) -> str:
    """Ids of what stands beside a field (error, amount in words, help), for aria-describedby."""
    stands = {"e": bound.errors, "w": isinstance(bound.field, AmountField), "h": help_text}
    return " ".join(f"{bound.auto_id}-{name}" for name, there in stands.items() if there)


def control(bound: forms.BoundField, described: str) -> SafeString:
    """The field's widget with its classes, its state and what describes it."""
    widget = bound.field.widget
    label, placeholder = str(bound.label).lower(), str(widget.attrs.get("placeholder", "")).lower()
    if label and label in placeholder:
        del widget.attrs["placeholder"]  # the label says it already, and stays when one types
    classes = [widget.attrs.get("class", ""), css_of(widget), "is-invalid" if bound.errors else ""]
    attrs: Attrs = {"class": " ".join(filter(None, classes))}
    if described:
        attrs["aria-describedby"] = described
    if isinstance(bound.field, AmountField):
        attrs |= _echoed(bound)
    return bound.as_widget(attrs=attrs)


def _echoed(bound: forms.BoundField) -> Attrs:
    """An amount says beside itself how it is read, while one types."""
    values = {"field": bound.html_name}
    trigger, included = "input changed delay:300ms", "this"
    if "currency" in bound.form.fields and not getattr(bound.field, "currency", ""):
        choice = bound.form["currency"]
        values["choice"] = choice.html_name
        trigger, included = f"{trigger}, change from:#{choice.auto_id}", f"this, #{choice.auto_id}"
    else:
        values["in"] = amount_currency(bound)
    return {
        "hx-get": reverse("amount"), "hx-vals": json.dumps(values), "hx-trigger": trigger,
        "hx-include": included, "hx-target": f"#{bound.auto_id}-w", "hx-swap": "innerHTML",
        "hx-sync": "this:replace",
    }  # fmt: skip


def filter_control(bound: forms.BoundField) -> tuple[SafeString, bool]:
    """(widget, does it name itself?): a select says "Any tier" when empty, a text field holds its label."""
    widget, label = bound.field.widget, str(bound.label)
    attrs: Attrs = {"class": css_of(widget)}
    choices = list(getattr(widget, "choices", []))
    if choices and choices[0][0] in ("", None):
        return _select(bound, [("", f"Any {label[:1].lower()}{label[1:]}"), *choices[1:]]), True
    if getattr(widget, "input_type", "") in ("text", "search"):
        return _input(bound, attrs | {"placeholder": label}), True
    return bound.as_widget(attrs=attrs), False


def _input(bound: forms.BoundField, attrs: Attrs) -> SafeString:
    """A plain input, as `as_widget` draws it, without the three templates it takes for that."""
    attrs = bound.build_widget_attrs({**attrs, "id": bound.auto_id})
    drawn = bound.field.widget.get_context(bound.html_name, bound.value(), attrs)["widget"]
    value = {} if drawn["value"] is None else {"value": drawn["value"]}
    return format_html(
        "<input{}>", flatatt({"type": drawn["type"], "name": drawn["name"], **value, **drawn["attrs"]})
    )


def _select(bound: forms.BoundField, choices: Iterable[tuple[object, object]]) -> SafeString:
    """A plain select. Django draws every option through a template of its own, and a list has dozens."""
    chosen = str(bound.value() or "")
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, SELECTED if str(value) == chosen else "", text) for value, text in choices),
    )
    return format_html(
        '<select name="{}" class="form-select" id="{}">{}</select>', bound.html_name, bound.auto_id, options
    )


def problems(part: Any) -> Iterator[tuple[str, str, str]]:
    """(link, label, text) for every error of a form or formset; no link and label for those of the whole."""
    if isinstance(part, forms.BaseFormSet):
        yield from (("", "", str(text)) for text in part.non_form_errors())
        for form in part.forms:
            yield from problems(form)
        return
    yield from (("", "", str(text)) for text in part.non_field_errors())
    for bound in part:
        target = f"#{bound.id_for_label or bound.auto_id}"
        yield from ((target, str(bound.label).rstrip("?:"), str(text)) for text in bound.errors)
