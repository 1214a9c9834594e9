"""Keeping the library: the program admin's pages. Parse, call, render."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from enablement.library import policies, presenters, selectors, services
from enablement.library.forms import AssetForm, CollectionForm
from enablement.library.models import Asset, Collection
from portal.tenancy.http import PortalRequest
from portal.ui.forms import place_objections

View = Callable[..., HttpResponseBase]


def for_editors(view: View) -> View:
    """Everybody else is told that this is the program admin's."""

    @wraps(view)
    def guarded(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not policies.may_edit(request.actor):
            raise PermissionDenied("The library is kept by program admins.")
        return view(request, *args, **kwargs)

    return guarded


# Assets ------------------------------------------------------------------------------------------------


@require_GET
@for_editors
def asset_list(request: PortalRequest) -> HttpResponse:
    rows = [presenters.row(asset) for asset in selectors.all_assets()]
    context = {"rows": rows, "today": request.actor.vendor.today}
    return render(request, "enablement/library/edit.html", context)


@require_http_methods(["GET", "POST"])
@for_editors
def asset_new(request: PortalRequest) -> HttpResponseBase:
    form = _asset_form(request, Asset(), {"owner": request.user.pk})
    if form.is_valid():
        try:
            services.asset_add(
                actor=request.actor, fields=form.changes, products=form.product_ids,
                upload=form.cleaned_data["upload"],
            )  # fmt: skip
        except ValidationError as error:
            return _asset_page(request, form, None, place_objections(form, error))
        messages.success(request, "Added.")
        return redirect("library:edit")
    return _asset_page(request, form, None)


@require_http_methods(["GET", "POST"])
@for_editors
def asset_edit(request: PortalRequest, pk: int) -> HttpResponseBase:
    asset = get_object_or_404(Asset.objects.select_related("file"), pk=pk)
    products = list(asset.product_links.values_list("product", flat=True))
    form = _asset_form(request, asset, {"products": products, "upload": _kept_file(asset)})
    if form.is_valid():
        try:
            services.asset_change(
                actor=request.actor, asset=asset, fields=form.changes, products=form.product_ids,
                upload=form.cleaned_data["upload"],
            )  # fmt: skip
        except ValidationError as error:
            return _asset_page(request, form, asset, place_objections(form, error))
        messages.success(request, "Saved.")
        return redirect("library:edit")
    return _asset_page(request, form, asset)


def _kept_file(asset: Asset) -> str:
    """Which file the asset has now: two of one name are two versions."""
    return f"{asset.file.name}, version {asset.version}" if asset.file else ""


def _asset_form(request: PortalRequest, asset: Asset, initial: dict[str, Any]) -> AssetForm:
    return AssetForm(
        request.POST or None, request.FILES or None, products=selectors.product_choices(),
        owners=selectors.owners(), instance=asset, initial=initial,
    )  # fmt: skip


def _asset_page(
    request: PortalRequest, form: AssetForm, asset: Asset | None, problems: list[str] | None = None
) -> HttpResponse:
    context = {"form": form, "asset": asset, "problems": problems or []}
    return render(
        request, "enablement/library/edit_asset.html", context, status=422 if form.is_bound else 200
    )


@require_POST
@for_editors
def asset_retire(request: PortalRequest, pk: int) -> HttpResponseBase:
    asset = get_object_or_404(Asset, pk=pk)
    retired = "offer" not in request.POST
    services.asset_retire(actor=request.actor, asset=asset, retired=retired)
    messages.success(request, "Taken out of the library." if retired else "Back in the library.")
    return redirect("library:edit")


# Collections -------------------------------------------------------------------------------------------


@require_GET
@for_editors
def collection_list(request: PortalRequest) -> HttpResponse:
    return render(request, "enablement/library/edit_collections.html", {"rows": selectors.all_collections()})


@require_http_methods(["GET", "POST"])
@for_editors
def collection_new(request: PortalRequest) -> HttpResponseBase:
    return _collection(request, None)


@require_http_methods(["GET", "POST"])
@for_editors
def collection_edit(request: PortalRequest, pk: int) -> HttpResponseBase:
    return _collection(request, get_object_or_404(Collection, pk=pk))


def _collection(request: PortalRequest, collection: Collection | None) -> HttpResponseBase:
    chosen = list(collection.items.values_list("asset", flat=True)) if collection else []
    form = CollectionForm(
        request.POST or None, assets=selectors.asset_choices(chosen), chosen=chosen,
        instance=collection or Collection(),
    )  # fmt: skip
    problems: list[str] = []
    if form.is_valid():
        try:
            services.collection_save(
                actor=request.actor, fields=form.changes, assets=form.asset_ids, collection=collection
            )
        except ValidationError as error:
            problems = place_objections(form, error)
        else:
            messages.success(request, "Saved.")
            return redirect("library:edit_collections")
    context = {"form": form, "collection": collection, "problems": problems}
    status = 422 if form.is_bound else 200
    return render(request, "enablement/library/edit_collection.html", context, status=status)


@require_POST
@for_editors
def collection_remove(request: PortalRequest, pk: int) -> HttpResponseBase:
    services.collection_remove(actor=request.actor, collection=get_object_or_404(Collection, pk=pk))
    messages.success(request, "Removed. Its assets stay in the library.")
    return redirect("library:edit_collections")
