from django.urls import path

from deals.disputes import views

urlpatterns = [
    path("cases/", views.case_list, name="cases"),
    path("cases/<int:pk>/", views.case, name="case"),
    path("cases/<int:pk>/files/<int:file>/", views.case_paper, name="case_paper"),
    path("cases/<int:pk>/decide/", views.case_decide, name="case_decide"),
    path("cases/<int:pk>/close/", views.case_close, name="case_close"),
]

#: Below a deal's own address.
deal_urlpatterns = [
    path("claims/open/", views.case_open, name="case_open"),
    path("conflict/<int:pk>/appeal/", views.case_appeal, name="case_appeal"),
    path("conflict/<int:pk>/attach/", views.case_attach, name="case_attach"),
    path("conflict/files/<int:pk>/", views.case_file, name="case_file"),
]
