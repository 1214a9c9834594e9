"""The form of a manager who lets somebody move on without a unit."""

from django import forms

from enablement.cmi5.services import WaiveReason


class WaiveForm(forms.Form):
    reason = forms.ChoiceField(label="Why", choices=[("", "Choose"), *WaiveReason.choices])
