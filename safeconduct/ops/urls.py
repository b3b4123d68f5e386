"""Addresses of the desk, the organisation console and the health answer."""

from django.urls import path

from safeconduct.ops import views
from safeconduct.ops.desk import (
    centres,
    deliveries,
    mail,
    organisations,
    overview,
    sources,
    start,
    texts,
)
from safeconduct.ops.desk import (
    people as desk_people,
)
from safeconduct.ops.manage import overview as console
from safeconduct.ops.manage import people, settings_page, trips

app_name = "ops"

urlpatterns = [
    path("health", views.health_answer, name="health_answer"),
    path("desk/", overview.desk, name="desk"),
    path("desk/health/", overview.health_page, name="health"),
    path("desk/audit/", overview.audit, name="audit"),
    path("desk/people/", desk_people.desk_people, name="desk_people"),
    path("desk/people/<slug:public_id>/role/", desk_people.desk_person_role, name="desk_person_role"),
    path("desk/start/", start.start, name="start"),
    path("desk/start/done/", start.start_done, name="start_done"),
    path("desk/start/<slug:code>/", start.start_step, name="start_step"),
    path("desk/organisations/", organisations.organisations, name="organisations"),
    path("desk/organisations/add/", organisations.organisation_add, name="organisation_add"),
    path("desk/organisations/<slug:public_id>/", organisations.organisation, name="organisation"),
    path(
        "desk/organisations/<slug:public_id>/edit/", organisations.organisation_edit, name="organisation_edit"
    ),
    path(
        "desk/organisations/<slug:public_id>/programmes/<slug:programme_id>/",
        organisations.programme_edit,
        name="programme_edit",
    ),
    path(
        "desk/organisations/<slug:public_id>/numbers/<int:pk>/", organisations.number_edit, name="number_edit"
    ),
    path(
        "desk/organisations/<slug:public_id>/domains/<int:pk>/remove/",
        organisations.domain_remove,
        name="domain_remove",
    ),
    path(
        "desk/organisations/<slug:public_id>/invitations/<slug:invitation_id>/again/",
        organisations.invitation_again,
        name="manager_invitation_again",
    ),
    path("desk/centres/", centres.centres, name="centres"),
    path("desk/centres/add/", centres.centre_add, name="centre_add"),
    path("desk/centres/import/", centres.centre_import, name="centre_import"),
    path("desk/centres/import/template.csv", centres.centre_template, name="centre_template"),
    path("desk/centres/import/<slug:public_id>/", centres.centre_import_result, name="centre_import_result"),
    path("desk/centres/<slug:public_id>/", centres.centre_edit, name="centre_edit"),
    path("desk/centres/<slug:public_id>/switch/", centres.centre_switch, name="centre_switch"),
    path("desk/sources/", sources.sources, name="sources"),
    path("desk/sources/add/", sources.source_add, name="source_add"),
    path("desk/sources/ingest/", sources.ingest, name="ingest"),
    path("desk/sources/rejections/", sources.rejections, name="rejections"),
    path("desk/sources/documents/<int:pk>/", sources.document, name="document"),
    path("desk/sources/of/<slug:key>/", sources.source, name="source"),
    path("desk/sources/of/<slug:key>/edit/", sources.source_edit, name="source_edit"),
    path("desk/sources/of/<slug:key>/switch/", sources.source_switch, name="source_switch"),
    path("desk/deliveries/", deliveries.deliveries, name="deliveries"),
    path("desk/deliveries/<int:pk>/", deliveries.delivery, name="delivery"),
    path("desk/deliveries/<int:pk>/retry/", deliveries.delivery_retry, name="delivery_retry"),
    path("desk/deliveries/<int:pk>/cancel/", deliveries.delivery_cancel, name="delivery_cancel"),
    path("desk/mail/", mail.mail, name="mail"),
    path("desk/mail/test/", mail.mail_test, name="mail_test"),
    path("desk/texts/", texts.texts, name="texts"),
    path("desk/texts/<slug:slug>/new/", texts.text_new, name="text_new"),
    path("manage/", console.who_is_where, name="manage"),
    path("manage/alerts/<slug:public_id>/", console.alert, name="manage_alert"),
    path("manage/people/", people.people, name="people"),
    path("manage/people/<slug:public_id>/", people.person, name="person"),
    path("manage/people/<slug:public_id>/role/", people.role, name="person_role"),
    path("manage/people/<slug:public_id>/end/", people.end, name="person_end"),
    path("manage/invitations/", people.invitations, name="invitations"),
    path("manage/invitations/import/", people.import_people, name="people_import"),
    path("manage/invitations/import/template.csv", people.people_template, name="people_template"),
    path("manage/invitations/import/<slug:public_id>/", people.import_result, name="people_import_result"),
    path("manage/invitations/<slug:public_id>/again/", people.again, name="invitation_again"),
    path("manage/invitations/<slug:public_id>/withdraw/", people.withdraw, name="invitation_withdraw"),
    path("manage/trips/", trips.trip_list, name="manage_trips"),
    path("manage/trips/<slug:public_id>/", trips.trip, name="manage_trip"),
    path("manage/settings/", settings_page.settings_page, name="manage_settings"),
]
