"""A person's notifications: the inbox, and how they want to be told."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.notifications import selectors as reads
from portal.notifications import services
from portal.notifications.models import Mail, Notification
from portal.notifications.services import NotificationKind, Wish
from portal.tenancy.http import PortalRequest


@require_GET
def inbox(request: PortalRequest) -> HttpResponse:
    services.inbox_tidy(actor=request.actor)
    paginator = Paginator(reads.inbox_of(request.user), reads.PAGE)
    page = paginator.get_page(request.GET.get("page"))
    return render(request, "portal/notifications.html", {"page": page})


@require_POST
def open_one(request: PortalRequest, pk: int) -> HttpResponseBase:
    """Marks as read and goes where it leads."""
    notification = get_object_or_404(Notification, pk=pk, user=request.user)
    services.notification_read(actor=request.actor, notification=notification)
    return redirect(notification.page, *([notification.target] if notification.target else []))


@require_POST
def read_all(request: PortalRequest) -> HttpResponseBase:
    count = services.notifications_read(actor=request.actor)
    messages.success(request, "All marked as read." if count else "Everything was read already.")
    return redirect("notifications")


class PreferencesForm(forms.Form):
    """Two answers per kind; fields are numbered, because keys have dots."""

    def __init__(
        self, *args: Any, kinds: list[NotificationKind], wishes: dict[str, Wish], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = kinds
        for number, kind in enumerate(kinds):
            wish = wishes[kind.key]
            self.fields[f"mail_{number}"] = forms.ChoiceField(
                label=f"E-mail: {kind.label}",
                choices=Mail.choices,
                initial=wish.mail,
                widget=forms.Select(attrs={"class": "form-select"}),
            )
            self.fields[f"in_app_{number}"] = forms.BooleanField(
                label=f"In the portal: {kind.label}",
                required=False,
                initial=wish.in_app,
                widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
            )

    def rows(self) -> list[tuple[NotificationKind, forms.BoundField, forms.BoundField]]:
        return [(kind, self[f"mail_{n}"], self[f"in_app_{n}"]) for n, kind in enumerate(self.kinds)]

    def wishes(self) -> dict[str, Wish]:
        answers = self.cleaned_data
        return {
            kind.key: Wish(answers[f"mail_{n}"], answers[f"in_app_{n}"]) for n, kind in enumerate(self.kinds)
        }


@require_http_methods(["GET", "POST"])
def preferences(request: PortalRequest) -> HttpResponseBase:
    kinds, wishes = services.kinds_for(request.actor), services.wishes_of(request.actor)
    form = PreferencesForm(request.POST or None, kinds=kinds, wishes=wishes)
    if form.is_valid():
        services.preferences_set(actor=request.actor, wishes=form.wishes())
        messages.success(request, "Kept. It counts from now on.")
        return redirect("notification_preferences")
    status = 422 if form.is_bound else 200
    return render(request, "portal/notification_preferences.html", {"form": form}, status=status)
