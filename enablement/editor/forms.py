"""Forms of the editor. They read and check; services write."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django import forms

from enablement.courses.content import ContentKind
from enablement.courses.models import FULL_MARKS, Course, CourseFile, Language, Module
from enablement.paths.models import LearningPath
from enablement.quizzes.models import Question, QuestionKind, QuestionPool, Quiz
from portal.files.uploads import UploadField
from portal.ui.forms import VendorModelForm
from portal.ui.versions import VersionedForm

Choices = Iterable[tuple[Any, str]]
#: Rows for answers of a new question; more come with each save.
ROWS: Final = 6
STEPS: Final = 12


class CourseForm(VendorModelForm):
    products = forms.MultipleChoiceField(
        label="Products", required=False, widget=forms.CheckboxSelectMultiple, help_text="What it is about."
    )

    class Meta:
        model = Course
        fields = ["title", "summary", "language", "role", "partner_type", "least_tier"]
        widgets = {"summary": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, products: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["products"].choices = list(products)  # type: ignore[attr-defined]
        self.fields["role"].choices = [("", "Everybody at a partner"), *_rest(self, "role")]  # type: ignore[attr-defined]
        self.fields["partner_type"].choices = [("", "Any type"), *_rest(self, "partner_type")]  # type: ignore[attr-defined]
        self.fields["least_tier"].empty_label = "Any tier"  # type: ignore[attr-defined]
        self.fields["language"].choices = Language.choices  # type: ignore[attr-defined]

    @property
    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    @property
    def product_ids(self) -> list[int]:
        return [int(pk) for pk in self.cleaned_data["products"]]


def _rest(form: forms.Form | forms.ModelForm, name: str) -> list[tuple[Any, str]]:
    return [choice for choice in form.fields[name].choices if choice[0]]  # type: ignore[attr-defined]


class ModuleForm(VersionedForm, forms.ModelForm):
    """The fields every module has and those its kind asks for, labelled as the kind calls them."""

    class Meta:
        model = Module
        fields = ["title", "minutes", "is_required", "url", "file", "captions", "body"]
        widgets = {"body": forms.Textarea(attrs={"rows": 18, "spellcheck": "true"})}

    def __init__(self, *args: Any, kind: ContentKind, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = {field.name: field for field in kind.fields}
        for name in ("url", "file", "captions", "body"):
            if name not in asked:
                del self.fields[name]
                continue
            self.fields[name].label, self.fields[name].help_text = asked[name].label, asked[name].help
            self.fields[name].required = asked[name].required
        for name in ("file", "captions"):
            if name in self.fields:
                files = CourseFile.objects.filter(course=course)
                only = files.filter(content_type="text/vtt") if name == "captions" else files
                self.fields[name].queryset = only  # type: ignore[attr-defined]
                self.fields[name].empty_label = "None"  # type: ignore[attr-defined]
        self.fields["minutes"].label = "Minutes"
        if "url" in self.fields:
            self.fields["url"].assume_scheme = "https"  # type: ignore[attr-defined]

    @property
    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.fields if name in self.cleaned_data}

    def _post_clean(self) -> None:
        """The service checks the row; this form must not change the one at hand."""


class FileForm(forms.Form):
    upload = UploadField(label="File")


class PublishForm(forms.Form):
    changes = forms.CharField(
        label="What is new",
        required=False,
        max_length=300,
        help_text="Learners of the version before read it.",
    )


class QuizForm(VersionedForm, forms.ModelForm):
    percent = forms.IntegerField(
        label="Pass mark", min_value=1, max_value=100, help_text="Per cent of the questions."
    )

    class Meta:
        model = Quiz
        fields = ["attempt_limit", "wait_hours", "page_size"]

    def __init__(self, *args: Any, pools: Sequence[tuple[QuestionPool, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["percent"].initial = (self.instance.pass_mark or 8_000) * 100 // FULL_MARKS
        self.order_fields(["percent", "attempt_limit", "wait_hours", "page_size"])
        self.pools = pools
        counts = dict(self.instance.draws.values_list("pool", "count")) if self.instance.pk else {}
        for pool, size in pools:
            self.fields[f"use_{pool.pk}"] = forms.BooleanField(
                label=f"{pool}, {size} question{'' if size == 1 else 's'}", required=False,
                initial=pool.pk in counts,
            )  # fmt: skip
            self.fields[f"count_{pool.pk}"] = forms.IntegerField(
                label=f"How many of {pool}", required=False, min_value=1, max_value=200,
                initial=counts.get(pool.pk), help_text="Empty: all of them.",
            )  # fmt: skip

    def _post_clean(self) -> None:
        """The service checks the row."""

    @property
    def rules(self) -> dict[str, Any]:
        answers = self.cleaned_data
        named = {name: answers[name] for name in self.Meta.fields}
        return {**named, "pass_mark": answers["percent"] * FULL_MARKS // 100}

    @property
    def draws(self) -> dict[int, int | None]:
        answers = self.cleaned_data
        return {pool.pk: answers[f"count_{pool.pk}"] for pool, _ in self.pools if answers[f"use_{pool.pk}"]}

    @property
    def pool_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"use_{pool.pk}"], self[f"count_{pool.pk}"]) for pool, _ in self.pools]


class PoolForm(VersionedForm, forms.Form):
    name = forms.CharField(label="Name", max_length=120)
    module_key = forms.TypedChoiceField(
        label="Explained in module",
        required=False,
        empty_value=None,
        help_text="Wrong answers lead back there.",
    )

    def __init__(self, *args: Any, modules: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["module_key"].choices = [("", "No single one"), *modules]  # type: ignore[attr-defined]


class QuestionForm(VersionedForm, forms.ModelForm):
    """Every kind on one form, so that it works without a script; rows left empty are no answers."""

    class Meta:
        model = Question
        fields = ["kind", "text", "explanation", "number", "tolerance", "unit"]
        widgets = {
            "text": forms.Textarea(attrs={"rows": 2}),
            "explanation": forms.Textarea(attrs={"rows": 2}),
            "number": forms.TextInput(attrs={"inputmode": "decimal"}),
            "tolerance": forms.TextInput(attrs={"inputmode": "decimal"}),
        }

    def __init__(self, *args: Any, choices: Sequence[Mapping[str, Any]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = QuestionKind.choices  # type: ignore[attr-defined]
        for name in ("number", "tolerance"):
            value = self.initial.get(name)
            if value is not None:
                self.initial[name] = f"{value.normalize():f}"
        self.fields["tolerance"].required = False
        count = max(ROWS, len(choices) + 2)
        if self.is_bound:
            count = max(ROWS, sum(str(key).startswith("text_") for key in self.data))
        self.count = min(count, 30)
        for place in range(1, self.count + 1):
            known = choices[place - 1] if place <= len(choices) else {}
            self.fields[f"right_{place}"] = forms.BooleanField(
                label=f"Answer {place} is right", required=False, initial=known.get("is_right", False)
            )
            self.fields[f"text_{place}"] = forms.CharField(
                label=f"Answer {place}", required=False, max_length=500, initial=known.get("text", "")
            )
            self.fields[f"match_{place}"] = forms.CharField(
                label=f"Match of answer {place}",
                required=False,
                max_length=500,
                initial=known.get("match", ""),
            )

    def _post_clean(self) -> None:
        """The service checks the row."""

    @property
    def answers(self) -> dict[str, Any]:
        answers = {name: self.cleaned_data[name] for name in self.Meta.fields}
        return {**answers, "tolerance": answers["tolerance"] or 0}

    @property
    def choices(self) -> list[dict[str, Any]]:
        """Rows that hold a text; of the other kinds' columns nothing is kept."""
        kind, answers = self.cleaned_data["kind"], self.cleaned_data
        if kind == QuestionKind.NUMERIC:
            return []
        pairs = kind == QuestionKind.MATCHING
        return [
            {
                "text": answers[f"text_{place}"],
                "is_right": not pairs and answers[f"right_{place}"],
                "match": answers[f"match_{place}"] if pairs else "",
            }
            for place in range(1, self.count + 1)
            if answers[f"text_{place}"]
        ]

    @property
    def choice_rows(self) -> list[tuple[forms.BoundField, forms.BoundField, forms.BoundField]]:
        return [
            (self[f"right_{place}"], self[f"text_{place}"], self[f"match_{place}"])
            for place in range(1, self.count + 1)
        ]


class PathForm(VendorModelForm):
    class Meta:
        model = LearningPath
        fields = ["name", "summary", "role", "partner_type", "least_tier", "product", "position"]
        widgets = {"summary": forms.Textarea(attrs={"rows": 2})}

    def __init__(
        self, *args: Any, courses: Choices, steps: Sequence[tuple[int, bool]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [("", "Everybody at a partner"), *_rest(self, "role")]  # type: ignore[attr-defined]
        self.fields["partner_type"].choices = [("", "Any type"), *_rest(self, "partner_type")]  # type: ignore[attr-defined]
        self.fields["least_tier"].empty_label = "Any tier"  # type: ignore[attr-defined]
        self.fields["product"].empty_label = "No single one"  # type: ignore[attr-defined]
        listed = [("", "No course"), *courses]
        for place in range(1, STEPS + 1):
            course, optional = steps[place - 1] if place <= len(steps) else ("", False)
            self.fields[f"course_{place}"] = forms.ChoiceField(
                label=f"Step {place}", required=False, choices=listed, initial=course
            )
            self.fields[f"optional_{place}"] = forms.BooleanField(
                label=f"Step {place} is optional", required=False, initial=optional
            )

    def _post_clean(self) -> None:
        """The service checks the row."""

    @property
    def changes(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}

    @property
    def steps(self) -> list[tuple[int, bool]]:
        answers = self.cleaned_data
        return [
            (int(answers[f"course_{place}"]), answers[f"optional_{place}"])
            for place in range(1, STEPS + 1)
            if answers[f"course_{place}"]
        ]

    @property
    def step_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"course_{place}"], self[f"optional_{place}"]) for place in range(1, STEPS + 1)]


class RefresherForm(forms.Form):
    module_key = forms.ChoiceField(label="Module")
    suggests = forms.ChoiceField(label="Suggest")
    when_failed = forms.BooleanField(label="When failed", required=False, initial=True)
    when_skipped = forms.BooleanField(label="When skipped", required=False, initial=True)

    def __init__(self, *args: Any, modules: Choices, courses: Choices, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["module_key"].choices = [("", "Choose a module"), *modules]  # type: ignore[attr-defined]
        self.fields["suggests"].choices = [("", "Choose a course"), *courses]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("when_failed") and not cleaned.get("when_skipped"):
            self.add_error("when_failed", "Say when it is suggested.")
        return cleaned


class QuestionFileForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="CSV, XLSX, GIFT, or QTI 2 (an item or a package). At most 5 MB.",
    )
