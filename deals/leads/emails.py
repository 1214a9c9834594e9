"""The e-mails of leads."""

from portal.notifications.email_declarations import Email, declare_emails

declare_emails(
    lead_accepted=Email(
        subject="{{ partner }} accepted {{ customer }} ({{ reference }})",
        heading="{{ partner }} accepted {{ customer }}",
        preview="First contact due {{ due }}",
        text=(
            (
                "{{ by }} of {{ partner }} accepted the lead {{ customer }} ({{ reference }}). The "
                "first contact with the customer is due {{ due }}."
            ),
        ),
        action="Look at {{ reference }}",
    ),
    lead_contact_due=Email(
        subject="Overdue: your first contact with {{ customer }}",
        heading="Your first contact with {{ customer }} is overdue",
        preview="It was due {{ due }}",
        text=(
            (
                "You accepted the lead {{ customer }} ({{ reference }}). Your first contact with the "
                "customer was due {{ due }}, and none is logged yet."
            ),
            "Log it if you have been in touch; if not, now is the time.",
        ),
        action="Log a contact for {{ reference }}",
    ),
    lead_contact_overdue=Email(
        subject="{{ partner }} has not contacted {{ customer }} ({{ reference }})",
        heading="{{ partner }} has not contacted {{ customer }}",
        preview="It was due {{ due }}",
        text=(
            (
                "{{ partner }} accepted the lead {{ customer }} ({{ reference }}); the first contact "
                "with the customer was due {{ due }}, and none is logged. The partner is reminded as "
                "well."
            ),
            "You can take it back and offer it to somebody else.",
        ),
        action="Look at {{ reference }}",
    ),
    lead_declined=Email(
        subject="{{ partner }} declined {{ customer }} ({{ reference }})",
        heading="{{ partner }} declined {{ customer }}",
        preview="{{ reason|truncatewords:16 }}",
        text=(
            ("{{ by }} of {{ partner }} declined the lead {{ customer }} ({{ reference }}): “{{ reason }}”"),
            "Its page says who is asked next.",
        ),
        action="Look at {{ reference }}",
    ),
    lead_disqualified=Email(
        subject="{{ partner }} disqualified {{ customer }} ({{ reference }})",
        heading="{{ partner }} disqualified {{ customer }}",
        preview="{{ reason|truncatewords:16 }}",
        text=(
            (
                "{{ by }} of {{ partner }} disqualified the lead {{ customer }} ({{ reference }}): "
                "“{{ reason }}”"
            ),
        ),
        action="Look at {{ reference }}",
    ),
    lead_expired=Email(
        subject="Not answered in time: {{ customer }} ({{ reference }})",
        heading="{{ customer }} was not answered in time",
        preview="The lead is no longer yours to accept",
        text=(
            (
                "The lead {{ customer }} ({{ reference }}) was not answered in time and is no longer "
                "yours to accept."
            ),
        ),
        action="Look at {{ reference }}",
    ),
    lead_nobody_left=Email(
        subject="Nobody is left for {{ customer }} ({{ reference }})",
        heading="Nobody is left for {{ customer }}",
        preview="Your rules name no partner who could still take it",
        text=(
            (
                "Your rules name no partner who could still take the lead {{ customer }} "
                "({{ reference }}). Offer it to a partner you choose, or disqualify it."
            ),
        ),
        action="Find a partner for {{ reference }}",
    ),
    lead_offered=Email(
        subject="A lead for you: {{ customer }}, answer by {{ due }}",
        heading="A lead for you: {{ customer }}",
        preview="Answer by {{ due }}",
        text=(
            (
                "{{ vendor.name }} offers you a lead: {{ customer }} "
                "({{ reference }}){% if amount %}, about {{ amount }}{% endif %}. {{ reason }}"
            ),
            ("Please accept or decline it by {{ due }}. Once you have accepted, you see whom to talk to."),
        ),
        action="Accept or decline {{ reference }}",
    ),
    lead_timed_out=Email(
        subject="{{ partner }} did not answer {{ customer }} ({{ reference }}) in time",
        heading="{{ partner }} did not answer {{ customer }}",
        preview="Its page says who is asked next",
        text=(
            "{{ partner }} did not answer the lead {{ customer }} ({{ reference }}) in time.",
            "Its page says who is asked next.",
        ),
        action="Look at {{ reference }}",
    ),
    lead_withdrawn=Email(
        subject="Taken back: {{ customer }} ({{ reference }})",
        heading="{{ vendor.name }} took back {{ customer }}",
        preview="There is nothing left for you to do",
        text=(
            (
                "{{ vendor.name }} has taken back the lead {{ customer }} ({{ reference }}). There "
                "is nothing left for you to do."
            ),
        ),
        action="Look at {{ reference }}",
    ),
)
