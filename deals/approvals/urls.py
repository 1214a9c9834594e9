from django.urls import path

from deals.approvals import views

#: Below a deal's own address.
deal_urlpatterns = [
    path("review/", views.start_review, name="review"),
    path("approve/", views.approve, name="approve"),
    path("return/", views.send_back, name="return"),
    path("reject/", views.reject, name="reject"),
]
