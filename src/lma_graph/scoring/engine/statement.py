"""The statement that scores a chunk of leads: what the rules give, what they have given, and what makes up for it.

Enter at `prepared`. Its parts, each building on those before: `point` is the points of every rule; `entry` what each
rule and cap has given so far, by the ledger, and `given` the same in the order of the rules; `weighed` to `tempered`
what caps leave of it and how warm that is; `changed` the leads where something differs; `change` what goes into the
ledger. Whatever writes reads `changed`, so where nothing differs nothing is written. Entries bear the time of the
statement, which begins when the leads are held: those who held them before may have begun later than this transaction.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from lma_graph.kernel.outbox import IDS_OF_ONE_EVENT
from lma_graph.kernel.scope import Scope, conditions, table_of
from lma_graph.leads.models import LeadRow
from lma_graph.scoring.engine.expressions import points
from lma_graph.scoring.engine.rules import RuleSet
from lma_graph.scoring.models import RuleType, ScoreCap

_DIALECT = PGDialect_asyncpg(paramstyle="pyformat")  # type: ignore[no-untyped-call]
_AT: sa.BindParameter[Any] = sa.bindparam("at", type_=sa.TIMESTAMP(timezone=True))
_KEYS: sa.BindParameter[Any] = sa.bindparam("keys", type_=sa.ARRAY(sa.BigInteger()))
_PARAMETER = re.compile(r"%\((\w+)\)s")

# A rule that does not count any more has given what is taken back; an entry whose cap is not set any more, too.
_SQL = Template(f"""
WITH point AS MATERIALIZED (
$point
), entry AS MATERIALIZED (
    SELECT h.lead_id, h.kind, h.rule_id, h.cap, sum(h.score_change)::int AS points,
        CASE h.kind WHEN 'RULE' THEN h.rule_id IS NULL OR h.rule_id <> ALL(%(rules)s::bigint[])
            WHEN 'CAP' THEN h.cap IS NULL OR h.cap <> ALL(%(caps)s::text[]) ELSE false END AS over
    FROM lead_score_history h
    WHERE h.organization_id = %(organization_id)s AND h.lead_id = ANY(%(keys)s::bigint[]) AND h.kind <> 'MANUAL'
    GROUP BY h.lead_id, h.kind, h.rule_id, h.cap HAVING sum(h.score_change) <> 0
), given AS (
    SELECT e.lead_id, bool_or(e.over) AS over,
        coalesce(sum(e.points) FILTER (WHERE e.kind = 'OPENING'), 0)::int AS opening,
        coalesce(sum(e.points) FILTER (WHERE e.kind <> 'OPENING'), 0)::int AS total,
        $was AS was, $was_cut AS was_cut
    FROM entry e GROUP BY e.lead_id
), weighed AS (
    SELECT p.id, p.score, p.lead_temperature, coalesce(g.over, false) AS over, coalesce(g.opening, 0) AS opening,
        coalesce(g.total, 0) AS total, coalesce(g.was, $nothing) AS was, coalesce(g.was_cut, $uncut) AS was_cut,
        $now AS now, $sums
    FROM point p LEFT JOIN given g ON g.lead_id = p.id
), capped AS (
    SELECT w.*, $cuts AS cut, $left AS rest FROM weighed w
), judged AS (
    SELECT c.id, c.score, c.lead_temperature, c.over, c.was, c.was_cut, c.now, $all_cuts AS cut,
        c.score - c.total + c.rest + $total_cut AS new_score
    FROM capped c
), tempered AS (
    SELECT j.*, CASE WHEN j.new_score = j.score AND NOT %(judge)s::boolean THEN j.lead_temperature
        WHEN j.new_score >= %(hot)s::int - CASE j.lead_temperature WHEN 'HOT' THEN %(hysteresis)s::int ELSE 0 END
        THEN 'HOT'
        WHEN j.new_score >= %(warm)s::int - CASE j.lead_temperature WHEN 'COLD' THEN 0 ELSE %(hysteresis)s::int END
        THEN 'WARM' ELSE 'COLD' END AS temperature
    FROM judged j
), changed AS MATERIALIZED (
    SELECT t.*, t.new_score <> t.score AS moved,
        t.new_score <> t.score OR t.temperature IS DISTINCT FROM t.lead_temperature AS differs
    FROM tempered t
    WHERE t.over OR t.now <> t.was OR t.cut <> t.was_cut OR t.temperature IS DISTINCT FROM t.lead_temperature
), change AS (
    SELECT c.id AS lead_id, c.score, 1 AS part, d.place, 'RULE' AS kind, d.rule_id, NULL AS cap, d.reason,
        d.now - d.was AS points
    FROM changed c CROSS JOIN LATERAL unnest(%(rules)s::bigint[], %(names)s::text[], c.now, c.was) WITH ORDINALITY
        AS d(rule_id, reason, now, was, place)
    WHERE d.now <> d.was
    UNION ALL
    SELECT c.id, c.score, CASE e.kind WHEN 'RULE' THEN 2 ELSE 3 END, coalesce(r.priority, 0), e.kind, e.rule_id, e.cap,
        CASE e.kind WHEN 'RULE' THEN concat(r.name, ' (does not count any more)') ELSE 'The cap is gone' END, -e.points
    FROM changed c JOIN entry e ON e.lead_id = c.id AND e.over
    LEFT JOIN lead_scoring_rules r ON r.organization_id = %(organization_id)s AND r.id = e.rule_id
    WHERE c.over
    UNION ALL
    SELECT c.id, c.score, 4, d.place, 'CAP', NULL, d.cap, d.reason, d.now - d.was
    FROM changed c CROSS JOIN LATERAL unnest(%(caps)s::text[], %(cap_names)s::text[], c.cut, c.was_cut) WITH ORDINALITY
        AS d(cap, reason, now, was, place)
    WHERE d.now <> d.was
), chained AS (
    SELECT c.*, (c.score + sum(c.points) OVER (
        PARTITION BY c.lead_id ORDER BY c.part, c.place, c.rule_id, c.cap ROWS UNBOUNDED PRECEDING))::int AS new_score
    FROM change c
), history AS (
    INSERT INTO lead_score_history
        (organization_id, lead_id, previous_score, new_score, score_change, reason, rule_id, kind, cap, created_at)
    SELECT %(organization_id)s, c.lead_id, c.new_score - c.points, c.new_score, c.points, c.reason, c.rule_id, c.kind,
        c.cap, statement_timestamp()
    FROM chained c ORDER BY c.lead_id, c.part, c.place, c.rule_id, c.cap
), lead AS (
    UPDATE leads AS l SET score = c.new_score, lead_temperature = c.temperature, updated_at = now()
    FROM changed c WHERE c.differs AND l.organization_id = %(organization_id)s AND l.id = c.id
), activity AS (
    INSERT INTO activities (organization_id, lead_id, user_id, activity_type, metadata, completed_at)
    SELECT %(organization_id)s, c.id, %(viewer_id)s::bigint,
        CASE WHEN c.moved THEN 'SCORE_CHANGE' ELSE 'FIELD_CHANGE' END,
        CASE WHEN c.moved THEN jsonb_build_object('from', c.score, 'to', c.new_score, 'reason', %(reason)s::text)
            ELSE jsonb_build_object('reason', %(reason)s::text, 'changes', jsonb_build_object('leadTemperature',
                jsonb_build_object('from', c.lead_temperature, 'to', c.temperature))) END || %(mark)s::jsonb,
        now()
    FROM changed c WHERE c.differs ORDER BY c.id
    RETURNING id, lead_id, activity_type
), numbered AS (
    SELECT a.id, a.lead_id, a.activity_type,
        (row_number() OVER (PARTITION BY a.activity_type ORDER BY a.id) - 1) / {IDS_OF_ONE_EVENT} AS part
    FROM activity a
), event AS (
    INSERT INTO outbox_events (organization_id, user_id, name, payload)
    SELECT %(organization_id)s, %(viewer_id)s::bigint, n.activity_type,
        jsonb_build_object('activities', jsonb_agg(n.id ORDER BY n.id), 'leads', jsonb_agg(n.lead_id ORDER BY n.id))
    FROM numbered n GROUP BY n.activity_type, n.part ORDER BY min(n.id)
)
SELECT count(*) FILTER (WHERE c.differs) FROM changed c
""")  # noqa: S608 - a constant


@dataclass(frozen=True)
class Prepared:
    """A statement as the driver takes it, with the names of its parameters in order and the values of some."""

    text: str
    names: tuple[str, ...]
    values: Mapping[str, Any]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values of all parameters."""
        return [self.values[name] if name in self.values else values[name] for name in self.names]


def prepared(rules: RuleSet, scope: Scope, *, pinned: bool = False) -> Prepared:
    """The statement for these rules; `pinned` for another moment than the transaction's beginning.

    Its parameters beside organization and viewer: `keys`, ids of leads that are held; `at`, the moment if pinned;
    `judge`, whether temperatures are judged where no score changes; `reason` and `mark` for the audit trail.
    """
    found: Prepared | None = rules.memo.get((scope, pinned))
    if found is None:
        found = rules.memo[scope, pinned] = _made(rules, scope, _AT if pinned else sa.func.now())
    return found


def _made(rules: RuleSet, scope: Scope, at: sa.ColumnElement[Any]) -> Prepared:
    point, values = _points(rules, scope, at)
    kinds = [kind for kind in RuleType if kind in rules.caps]
    caps = [kind.value for kind in kinds]
    cuts = [f"(greatest(least(w.sum_{cap}, %(cap_{cap})s::int), -%(cap_{cap})s::int) - w.sum_{cap})" for cap in caps]
    total_cut = "0"
    if rules.total_cap is not None:
        total_cut = "least(0, %(total_cap)s::int - c.opening - c.rest)"
        caps.append(ScoreCap.TOTAL.value)
    places = range(len(rules.rules))
    text = _SQL.substitute(
        point=point,
        was=_array(
            f"coalesce(sum(e.points) FILTER (WHERE e.rule_id = %(rule_{at})s::bigint), 0)::int" for at in places
        ),
        was_cut=_array(
            f"coalesce(sum(e.points) FILTER (WHERE e.kind = 'CAP' AND e.cap = '{cap}'), 0)::int" for cap in caps
        ),
        nothing=_array("0" for _ in places),
        uncut=_array("0" for _ in caps),
        now=_array(_now(rules, at) for at in places),
        sums=", ".join(f"{_sum(rules, kind)} AS sum_{kind}" for kind in kinds)
        + (", " if kinds else "")
        + f"{_sum(rules, None)} AS sum_others",
        cuts=_array(cuts),
        left=" + ".join(["w.sum_others", *(f"w.sum_{kind} + {cut}" for kind, cut in zip(kinds, cuts, strict=True))]),
        all_cuts=f"c.cut || {total_cut}" if rules.total_cap is not None else "c.cut",
        total_cut=total_cut,
    )
    values |= {
        "rules": [rule.id for rule in rules.rules],
        "names": [rule.name for rule in rules.rules],
        "caps": caps,
        "cap_names": [*(f"At most {rules.caps[kind]} by rules of the type {kind}" for kind in kinds)]
        + [f"At most {rules.total_cap} in all"] * (rules.total_cap is not None),
        "warm": rules.thresholds.warm,
        "hot": rules.thresholds.hot,
        "hysteresis": rules.thresholds.hysteresis,
        "total_cap": rules.total_cap,
        **{f"cap_{kind}": rules.caps[kind] for kind in kinds},
        **{f"rule_{at}": rule.id for at, rule in enumerate(rules.rules)},
    }
    return _in_order(text, values)


def _points(rules: RuleSet, scope: Scope, moment: sa.ColumnElement[Any]) -> tuple[str, dict[str, Any]]:
    """Every valid rule's points for the leads of `:keys`, and the parameters of the rules."""
    lead = table_of(LeadRow).alias("l")
    valid = [(at, rule) for at, rule in enumerate(rules.rules) if rule.is_valid]
    columns = [points(rule, lead, scope, moment).label(f"p{at}") for at, rule in valid]
    statement = sa.select(lead.c.id, lead.c.score, lead.c.lead_temperature, *columns).where(
        *conditions(lead, scope), lead.c.id == sa.any_(_KEYS)
    )
    compiled: Any = statement.compile(dialect=_DIALECT)
    values = dict(compiled.construct_params(_check=False))
    for name, process in compiled._bind_processors.items():
        if values.get(name) is not None:
            values[name] = process(values[name])
    for name in ("at", "keys", "organization_id"):
        values.pop(name, None)
    return compiled.string, values


def _now(rules: RuleSet, at: int) -> str:
    """What a rule gives now; one that cannot be read gives what it gave."""
    return f"p.p{at}" if rules.rules[at].is_valid else f"coalesce(g.was[{at + 1}], 0)"


def _sum(rules: RuleSet, kind: RuleType | None) -> str:
    """What all rules of a type give; without one, those of all types that have no cap."""
    mine = [
        _now(rules, at)
        for at, rule in enumerate(rules.rules)
        if (rule.rule_type == kind if kind is not None else rule.rule_type not in rules.caps)
    ]
    return " + ".join(mine) if mine else "0"


def _array(values: Iterable[str]) -> str:
    return f"ARRAY[{', '.join(values)}]::int[]"


def _in_order(text: str, values: Mapping[str, Any]) -> Prepared:
    """The text with numbered parameters."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    numbered = text % {name: f"${place}" for place, name in enumerate(names, 1)}
    return Prepared(numbered, names, {name: value for name, value in values.items() if name in names})
