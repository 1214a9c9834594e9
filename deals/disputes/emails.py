"""The e-mails of conflict cases; what partners are told names nobody but themselves."""

from portal.notifications.email_declarations import Email, declare_emails

declare_emails(
    deal_case_appealed=Email(
        subject="Appeal about {{ customer }}: answer by {{ due }}",
        heading="An appeal about {{ customer }}",
        preview="Answer by {{ due }}.",
        text=(
            (
                "{{ by }} appeals against the decision about {{ customer }} ({{ products }}). Please "
                "answer by {{ due }}."
            ),
        ),
        quote="{{ appeal }}",
        action="Look at the case",
    ),
    deal_case_closed=Email(
        subject="{% if won %}Your claim stands{% else %}Your claim does not stand{% endif %}: {{ customer }}",
        heading="{{ customer }}: your claim {% if won %}stands{% else %}does not stand{% endif %}",
        preview="{{ told }}",
        text=("The appeal about {{ customer }} ({{ reference }}) is answered. {{ told }}",),
        action="Open {{ reference }}",
    ),
    deal_case_compared=Email(
        subject="Claims on {{ customer }} are compared",
        preview="You hear the result by {{ due }}.",
        text=(
            (
                "There is more than one claim on {{ customer }} ({{ reference }}). {{ vendor.name }} "
                "compares them and answers by {{ due }}. If the customer has written that it wants "
                "to work with you, add that to the deal now."
            ),
        ),
        action="Open {{ reference }}",
    ),
    deal_case_decided=Email(
        subject="{% if won %}Decided for you{% else %}Decided against you{% endif %}: {{ customer }}",
        heading="{{ customer }}: decided {% if won %}for{% else %}against{% endif %} you",
        preview="{{ told }}",
        text=(
            "The claims on {{ customer }} ({{ reference }}) were compared. {{ told }}",
            "{% if appeal_until %}You may appeal once, until {{ appeal_until }}.{% endif %}",
        ),
        action="Open {{ reference }}",
    ),
    deal_case_late=Email(
        subject="Overdue: two claims to {{ customer }}",
        heading="Nobody has decided about {{ customer }}",
        preview="It was due {{ due }} and waits for {{ waits_for }}.",
        text=(
            (
                "The conflict case about {{ customer }} ({{ products }}) was due {{ due }} and waits "
                "for {{ waits_for }}. Nothing is decided by silence."
            ),
        ),
        action="Look at the case",
    ),
    deal_case_opened=Email(
        subject="Two claims to {{ customer }}: decide by {{ due }}",
        heading="Two claims to {{ customer }}",
        preview="Both claims side by side, decide by {{ due }}.",
        text=(
            (
                "{{ by }} has opened a conflict case about {{ customer }} ({{ products }}). Please "
                "compare both claims and decide by {{ due }}."
            ),
        ),
        action="Compare both claims",
    ),
)
