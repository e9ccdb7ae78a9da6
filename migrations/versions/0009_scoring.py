"""How often a rule counts, how its points decay, and which cap cut.

Revision 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

RULES = {
    "frequency": "frequency IN ('ONCE', 'EACH', 'AT_MOST')",
    "frequency_period": "frequency_period IN ('DAY', 'WEEK', 'MONTH')",
    "limit": (
        "(frequency = 'AT_MOST') = (frequency_limit IS NOT NULL)"
        " AND (frequency_limit IS NULL) = (frequency_period IS NULL) AND frequency_limit > 0"
    ),
    "decay": "(rule_type = 'DECAY') = (half_life_days IS NOT NULL) AND half_life_days > 0",
}
CAPS = "cap IN ('DEMOGRAPHIC', 'FIRMOGRAPHIC', 'BEHAVIORAL', 'ENGAGEMENT', 'NEGATIVE', 'DECAY', 'TOTAL')"


def upgrade() -> None:
    op.add_column("lead_scoring_rules", sa.Column("frequency", sa.Text(), server_default="ONCE", nullable=False))
    op.add_column("lead_scoring_rules", sa.Column("frequency_limit", sa.Integer(), nullable=True))
    op.add_column("lead_scoring_rules", sa.Column("frequency_period", sa.Text(), nullable=True))
    op.add_column("lead_scoring_rules", sa.Column("half_life_days", sa.Integer(), nullable=True))
    op.add_column("lead_score_history", sa.Column("cap", sa.Text(), nullable=True))
    op.execute("UPDATE lead_scoring_rules SET half_life_days = 30 WHERE rule_type = 'DECAY'")
    for name, condition in RULES.items():
        # An organization has a few dozen rules: nobody waits while they are looked at.
        op.execute(
            "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE lead_scoring_rules"
            f" ADD CONSTRAINT ck_lead_scoring_rules_{name} CHECK ({condition})"
        )
    op.execute(f"ALTER TABLE lead_score_history ADD CONSTRAINT ck_lead_score_history_cap CHECK ({CAPS}) NOT VALID")
    # In a transaction of its own, so that nobody waits while the rows are looked at.
    with op.get_context().autocommit_block():
        op.execute(
            "-- squawk-ignore prefer-robust-stmts\nALTER TABLE lead_score_history VALIDATE CONSTRAINT"
            " ck_lead_score_history_cap"
        )


def downgrade() -> None:
    op.drop_column("lead_score_history", "cap")
    for name in ("half_life_days", "frequency_period", "frequency_limit", "frequency"):
        op.drop_column("lead_scoring_rules", name)
