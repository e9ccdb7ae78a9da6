"""What scoring has to write, said a second time in plain Python over rows in memory: the judge of the SQL.

Written from the contract, with the evaluator of filters that judges their SQL. Enter at `Judge.expected`.
"""

import datetime as dt
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from oracle import COMMUNICATION, Oracle

Key = tuple[str, int | None, str | None]
"""Kind, rule and cap of an entry."""
TYPES = ("DEMOGRAPHIC", "FIRMOGRAPHIC", "BEHAVIORAL", "ENGAGEMENT", "NEGATIVE", "DECAY")


class AtMoment(Oracle):
    """The evaluator of filters, at another moment than now."""

    def value(self, row: Any, key: str) -> Any:
        """Activities are overdue as of that moment."""
        if key == "isOverdue":
            return row.status == "SCHEDULED" and row.scheduled_at is not None and row.scheduled_at < self.now
        return super().value(row, key)


@dataclass
class Expected:
    """What becomes of one lead."""

    entries: dict[Key, int]
    score: int
    temperature: str


@dataclass
class Judge:
    """Rules, settings, and the rows that they are about."""

    rows: Mapping[str, list[Any]]
    rules: Sequence[Mapping[str, Any]]
    """Rows of all rules; `sound` says of each whether its criteria can be read."""
    scoring: Mapping[str, Any]
    zone: str
    at: dt.datetime

    def expected(self, lead: Any, ledger: Sequence[Any], *, judge: bool) -> Expected:
        """What is to be written about a lead with this ledger."""
        given: Counter[Key] = Counter()
        for entry in ledger:
            if entry["kind"] != "MANUAL":
                given[entry["kind"], entry["rule_id"], entry["cap"]] += entry["score_change"]
        opening = sum(points for (kind, _, _), points in given.items() if kind == "OPENING")
        wanted = self._wanted(lead, given, opening)
        keys = {key for key in {*given, *wanted} if key[0] != "OPENING"}
        entries = {key: wanted.get(key, 0) - given[key] for key in keys if wanted.get(key, 0) != given[key]}
        score = lead["score"] + sum(entries.values())
        stays = score == lead["score"] and not judge
        warmth = lead["lead_temperature"] if stays else self._temperature(score, lead["lead_temperature"])
        return Expected(entries, score, warmth)

    def _wanted(self, lead: Any, given: Counter[Key], opening: int) -> dict[Key, int]:
        wanted: dict[Key, int] = {}
        sums = dict.fromkeys(TYPES, 0)
        row = next(row for row in self.rows["Lead"] if row.id == lead["id"])
        for rule in self.rules:
            if not rule["is_active"] or rule["deleted_at"] is not None:
                continue
            key: Key = ("RULE", rule["id"], None)
            wanted[key] = self.points(rule, row) if rule["sound"] else given[key]
            sums[rule["rule_type"]] += wanted[key]
        for kind, cap in self.scoring.get("caps", {}).items():
            cut = min(max(sums[kind], -cap), cap)
            wanted["CAP", None, kind] = cut - sums[kind]
            sums[kind] = cut
        if "totalCap" in self.scoring:
            wanted["CAP", None, "TOTAL"] = min(0, self.scoring["totalCap"] - opening - sum(sums.values()))
        return wanted

    def points(self, rule: Mapping[str, Any], lead: Any) -> int:
        """What a rule gives to a lead."""
        oracle = AtMoment(self.rows, viewer=None, private=False, own=False)
        oracle.now = self.at
        tree = rule["criteria"]["expr"]
        if not oracle.holds("Lead", lead, tree):
            return 0
        points: int = rule["score_points"]
        if rule["rule_type"] == "DECAY":
            if lead.last_engagement_date is None:
                return 0
            days = max(0.0, (self.at - lead.last_engagement_date).total_seconds() / 86400)
            return math.trunc(points * 0.5 ** (days / rule["half_life_days"]))
        if rule["frequency"] == "ONCE":
            return points
        (how,) = tree["activities"]
        where = tree["activities"][how] if how == "some" else tree["activities"][how].get("where", {})
        counted = [
            activity
            for activity in oracle.rows["Activity"]
            if activity.lead_id == lead.id
            and activity.activity_type in COMMUNICATION
            and oracle.holds("Activity", activity, where)
        ]
        if rule["frequency"] == "EACH":
            return points * len(counted)
        periods = Counter(self._period(activity, rule["frequency_period"]) for activity in counted)
        return points * sum(min(times, rule["frequency_limit"]) for times in periods.values())

    def _period(self, activity: Any, period: str) -> Any:
        moment = activity.completed_at or activity.scheduled_at or activity.created_at
        day = moment.astimezone(ZoneInfo(self.zone)).date()
        return {"DAY": day, "WEEK": day.isocalendar()[:2], "MONTH": (day.year, day.month)}[period]

    def _temperature(self, score: int, was: str) -> str:
        thresholds = {"warm": 40, "hot": 80, **self.scoring.get("thresholds", {})}
        slack = self.scoring.get("hysteresis", 5)
        if score >= thresholds["hot"] or (was == "HOT" and score >= thresholds["hot"] - slack):
            return "HOT"
        if score >= thresholds["warm"] or (was in {"WARM", "HOT"} and score >= thresholds["warm"] - slack):
            return "WARM"
        return "COLD"
