"""From a query of react-querybuilder to a filter. Enter at `to_filter`, or at `read_query` to collect faults.

Nothing of a query is passed over in silence: a property, field, operator or value that is not understood is a fault
that names its place in the caller's own JSON. The exceptions are what says nothing about leads, such as `id`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lma_graph.kernel.criteria.language import DEEPEST, MOST_PARTS, Filter, Vocabulary, measured
from lma_graph.kernel.criteria.querybuilder.fields import Field, Unnamed, field_named
from lma_graph.kernel.criteria.querybuilder.operands import operands_of
from lma_graph.kernel.criteria.querybuilder.words import MATCHES, words_of
from lma_graph.kernel.criteria.relations import ManyTerm, OneTerm
from lma_graph.kernel.criteria.values import INT_MAX
from lma_graph.kernel.errors import FieldError, InvalidInput, Path

MOST_QUERY_PARTS = 4 * MOST_PARTS
DEEPEST_QUERY = 2 * DEEPEST
_IGNORED = {"id", "path", "disabled", "muted"}
_OF_GROUPS = {"combinator", "rules", "not", *_IGNORED}
_OF_RULES = {"field", "operator", "value", "valueSource", "match", "combinatorPreceding", "meta", *_IGNORED}
_COMBINATORS = ("and", "or")
Tree = dict[str, Any]


def to_filter(vocabulary: Vocabulary, query: Any, path: Path = ("query",)) -> Filter:
    """The filter that a query stands for, or `InvalidInput` with every fault."""
    faults: list[FieldError] = []
    found = read_query(vocabulary, query, path, faults)
    if found is None:
        raise InvalidInput(faults)
    return found


def read_query(vocabulary: Vocabulary, query: Any, path: Path, faults: list[FieldError]) -> Filter | None:
    """The filter that a query stands for; None where there are faults, which are added to the list."""
    parts, depth = measured(query, MOST_QUERY_PARTS)
    own: list[FieldError] = []
    if parts > MOST_QUERY_PARTS:
        text = f"is too large; it may hold at most {MOST_QUERY_PARTS} keys, objects and lists"
        own.append(FieldError(path, text, "TOO_LARGE"))
    elif depth > DEEPEST_QUERY:
        text = f"is nested too deeply; at most {DEEPEST_QUERY} levels of objects and lists are allowed"
        own.append(FieldError(path, text, "TOO_DEEP"))
    tree = {} if own else _Reading(own).group(vocabulary, query, path, may_be_empty=True)
    if not own:
        own += vocabulary.faults(tree, path)
    faults += own
    return None if own else Filter(vocabulary, tree)


class _Reading:
    """One pass over a query."""

    def __init__(self, faults: list[FieldError]) -> None:
        self._faults = faults

    def _fault(self, path: Path, text: str, code: str = "INVALID_VALUE") -> None:
        self._faults.append(FieldError(path, text, code))

    def group(self, vocabulary: Vocabulary, group: Any, path: Path, *, may_be_empty: bool) -> Tree:
        """The tree of a group and of all that is in it."""
        if not isinstance(group, Mapping) or not isinstance(group.get("rules"), list):
            self._fault(path, "must be a group of rules: { combinator, rules }", "INVALID_TYPE")
            return {}
        known = len(self._faults)
        self._unknown(group, _OF_GROUPS, path, "a group")
        inverted = group.get("not")
        if inverted is not None and not isinstance(inverted, bool):
            self._fault((*path, "not"), "must be true or false")
        parts = [
            (combinator, self._part(vocabulary, part, here))
            for combinator, part, here in self._parts(group, path)
            if part.get("muted") is not True
        ]
        if not parts and len(self._faults) == known and (group["rules"] or not may_be_empty):
            self._fault((*path, "rules"), "hold no rule that counts; take the group out", "MISSING_VALUE")
        tree = _joined(parts)
        return {"not": tree} if inverted is True else tree

    def _parts(self, group: Mapping[str, Any], path: Path) -> list[tuple[str, Mapping[str, Any], Path]]:
        """Each part with the combinator in front of it, which the first does not heed."""
        combinator, found = group.get("combinator"), []
        between = combinator is None
        if not between and not self._is_combinator(combinator, (*path, "combinator")):
            return []
        for at, part in enumerate(group["rules"]):
            here = (*path, "rules", at)
            if between and at % 2:
                if not self._is_combinator(part, here):
                    return []
                combinator = part
            elif isinstance(part, Mapping):
                found.append((str(combinator).lower(), part, here))
            else:
                self._fault(here, "must be a rule or a group", "INVALID_TYPE")
        if between and group["rules"] and not len(group["rules"]) % 2:
            self._fault((*path, "rules"), "must not end with a combinator")
        return found

    def _is_combinator(self, value: Any, path: Path) -> bool:
        known = isinstance(value, str) and value.lower() in _COMBINATORS
        if not known:
            self._fault(path, "must be “and” or “or”", "UNKNOWN_OPERATOR")
        return known

    def _part(self, vocabulary: Vocabulary, part: Mapping[str, Any], path: Path) -> Tree:
        if "rules" in part:
            return self.group(vocabulary, part, path, may_be_empty=False)
        return self._rule(vocabulary, part, path)

    def _rule(self, vocabulary: Vocabulary, rule: Mapping[str, Any], path: Path) -> Tree:
        self._unknown(rule, _OF_RULES, path, "a rule")
        if rule.get("valueSource") not in (None, "value"):
            text = "must be value; one field is not compared with another"
            self._fault((*path, "valueSource"), text)
        try:
            field = field_named(vocabulary, rule.get("field"))
        except Unnamed as error:
            self._fault((*path, "field"), str(error), "UNKNOWN_FIELD")
            return {}
        if rule.get("match") is not None:
            return self._matched(field, rule, path)
        words = words_of(field.term)
        word = words.get(rule["operator"]) if isinstance(rule.get("operator"), str) else None
        if word is None:
            known = ", ".join(words) + (" or a match" if isinstance(field.term, OneTerm | ManyTerm) else "")
            text = f"is not an operator of {rule['field']}, which has {known}"
            self._fault((*path, "operator"), text, "UNKNOWN_OPERATOR")
            return {}
        operands, faults = operands_of(field, word, rule, (*path, "value"))
        self._faults += faults
        return {} if faults else field.condition(word, operands)

    def _matched(self, field: Field, rule: Mapping[str, Any], path: Path) -> Tree:
        """A rule on related rows: how many of them must be like the group that is its value."""
        if not isinstance(field.term, OneTerm | ManyTerm):
            self._fault((*path, "match"), "is for relations; this field has values", "INVALID_TYPE")
            return {}
        inner = self.group(field.term.vocabulary, rule.get("value"), (*path, "value"), may_be_empty=True)
        match = rule["match"]
        mode = match.get("mode") if isinstance(match, Mapping) else None
        if mode not in MATCHES:
            self._fault((*path, "match", "mode"), f"must be one of {', '.join(MATCHES)}", "UNKNOWN_OPERATOR")
            return {}
        self._unknown(match, {"mode", "threshold"}, (*path, "match"), "a match")
        threshold = None
        if mode not in {"all", "some", "none"}:
            threshold = self._threshold(match.get("threshold"), (*path, "match", "threshold"))
            if threshold is None:
                return {}
        found = field.matched(mode, threshold, inner)
        if found is None:
            text = "is for lists; of one related row, ask with all, some or none"
            self._fault((*path, "match", "mode"), text, "UNKNOWN_OPERATOR")
        return found or {}

    def _threshold(self, sent: Any, path: Path) -> int | None:
        if isinstance(sent, int | float) and not isinstance(sent, bool) and sent == sent // 1 and 0 <= sent < INT_MAX:
            return int(sent)
        self._fault(path, "must be a whole number from 0; shares of the related rows are not counted")
        return None

    def _unknown(self, part: Mapping[str, Any], known: set[str], path: Path, what: str) -> None:
        for key in sorted(part.keys() - known):
            self._fault((*path, key), f"is not a property of {what}", "UNKNOWN_FIELD")


def _joined(parts: Sequence[tuple[str, Tree]]) -> Tree:
    """`and` binds more closely than `or`."""
    runs: list[list[Tree]] = []
    for combinator, tree in parts:
        if runs and combinator == "and":
            runs[-1].append(tree)
        else:
            runs.append([tree])
    either = [run[0] if len(run) == 1 else {"and": run} for run in runs]
    if not either:
        return {}
    return either[0] if len(either) == 1 else {"or": either}
