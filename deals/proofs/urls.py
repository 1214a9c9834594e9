from django.urls import path

from deals.proofs import views

urlpatterns = [
    path("proofs/<id:pk>/accept/", views.proof_accept, name="proof_accept"),
    path("proofs/<id:pk>/refuse/", views.proof_refuse, name="proof_refuse"),
    path("proofs/files/<id:pk>/", views.proof_file, name="proof_file"),
]

#: Below a deal's own address.
deal_urlpatterns = [
    path("proof/", views.proof, name="proof"),
]
