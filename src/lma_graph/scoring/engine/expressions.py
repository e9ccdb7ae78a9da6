"""SQL of single rules on a row of leads: whether a rule matches, and how many points it gives.

Enter at `points` and `matches`. Both take the table or an alias of it, the scope of stored criteria (`scope_of`), and
the moment as a column expression, such as a parameter; time zones and all else is in the rule.
"""

import sqlalchemy as sa

from lma_graph.activities.criteria import ACTIVITY, is_communication
from lma_graph.activities.models import ActivityRow
from lma_graph.kernel.criteria import clock
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.kernel.viewer import Viewer
from lma_graph.scoring.engine.rules import Rule
from lma_graph.scoring.models import RuleFrequency, RuleType

MOST_POINTS = 10_000_000
"""No rule gives or takes more, however many activities it counts: a score is a 32-bit number."""
_DAY_S = 86_400.0


def scope_of(viewer: Viewer) -> Scope:
    """The scope of stored criteria: every lead, and no private notes, whoever asks."""
    return Scope(indexed_fields=viewer.indexed_fields)


def matches(rule: Rule, lead: sa.FromClause, scope: Scope, at: sa.ColumnElement[object]) -> sa.ColumnElement[bool]:
    """Whether the rule's criteria hold at that moment. The rule must be valid."""
    assert rule.criteria is not None
    with clock.pinned(at):
        return rule.criteria.sql(lead, scope)


def points(rule: Rule, lead: sa.FromClause, scope: Scope, at: sa.ColumnElement[object]) -> sa.ColumnElement[int]:
    """How many points the rule gives at that moment; never null. The rule must be valid."""
    given = max(-MOST_POINTS, min(rule.score_points, MOST_POINTS))
    if rule.rule_type is RuleType.DECAY:
        return _decayed(rule, given, lead, scope, at)
    if rule.frequency is RuleFrequency.ONCE:
        return sa.case((matches(rule, lead, scope, at), given), else_=0)
    counted = sa.func.least(sa.func.greatest(_times(rule, lead, scope, at) * given, -MOST_POINTS), MOST_POINTS)
    whole = sa.cast(counted, sa.Integer())
    assert rule.criteria is not None
    if rule.criteria.tree.keys() == {"activities"} and "some" in rule.criteria.tree["activities"]:
        return whole  # none that counts, none that matches
    return sa.case((matches(rule, lead, scope, at), whole), else_=0)


def _times(rule: Rule, lead: sa.FromClause, scope: Scope, at: sa.ColumnElement[object]) -> sa.ColumnElement[int]:
    """How many activities count."""
    activity = table_of(ActivityRow).alias()
    assert rule.counted is not None
    with clock.pinned(at):
        wanted = ACTIVITY.compile(rule.counted, activity, scope)
    rows = sa.select().where(
        *conditions(activity, scope, child_of="lead_id"),
        activity.c.lead_id == lead.c.id,
        is_communication(activity),
        wanted,
    )
    if rule.frequency is RuleFrequency.EACH:
        every: sa.ColumnElement[int] = rows.with_only_columns(sa.func.count()).correlate(lead).scalar_subquery()
        return every
    assert rule.period is not None
    assert rule.limit is not None
    # When it happened, or is planned for.
    moment = sa.func.coalesce(activity.c.completed_at, activity.c.scheduled_at, activity.c.created_at)
    period = sa.func.date_trunc(rule.period.value.lower(), sa.func.timezone(rule.time_zone, moment))
    times = sa.cast(sa.func.least(sa.func.count(), rule.limit), sa.BigInteger()).label("times")
    periods = rows.with_only_columns(times).group_by(period).correlate(lead).subquery()
    total: sa.ColumnElement[int] = sa.select(
        sa.cast(sa.func.coalesce(sa.func.sum(periods.c.times), 0), sa.BigInteger())
    ).scalar_subquery()
    return total


def _decayed(
    rule: Rule, given: int, lead: sa.FromClause, scope: Scope, at: sa.ColumnElement[object]
) -> sa.ColumnElement[int]:
    """The part of the points that is left since the lead's last engagement, rounded toward zero."""
    assert rule.half_life_days is not None
    passed: sa.ColumnElement[float] = sa.cast(
        sa.extract("epoch", at) - sa.extract("epoch", lead.c.last_engagement_date), sa.Double()
    )
    days = sa.func.greatest(passed / sa.literal(_DAY_S, sa.Double()), sa.literal(0.0, sa.Double()))
    half_lives = days / sa.literal(float(rule.half_life_days), sa.Double())
    left: sa.ColumnElement[float] = sa.literal(float(given), sa.Double()) * sa.func.power(
        sa.literal(0.5, sa.Double()), half_lives
    )
    # Beyond a thousand half-lives nothing is left, and the power would be too small for a number.
    left = sa.case((half_lives < sa.literal(1000.0, sa.Double()), left), else_=sa.literal(0.0, sa.Double()))
    engaged = sa.and_(lead.c.last_engagement_date.is_not(None), matches(rule, lead, scope, at))
    return sa.case((engaged, sa.cast(sa.func.trunc(left), sa.Integer())), else_=0)
