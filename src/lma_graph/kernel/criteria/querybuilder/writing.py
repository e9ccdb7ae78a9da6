"""From a filter to a query of react-querybuilder that finds the same. Enter at `to_query`.

A condition becomes a rule, or a group where it takes several; what always or never holds is folded away. Whoever reads
the query back gets a filter that finds the same, though not always written alike.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lma_graph.kernel.criteria.language import Filter, Vocabulary
from lma_graph.kernel.criteria.querybuilder.fields import Field
from lma_graph.kernel.criteria.querybuilder.operands import in_order
from lma_graph.kernel.criteria.querybuilder.words import BOUNDS, NEGATIVE, OPPOSITE, joined, split, words_of
from lma_graph.kernel.criteria.relations import ManyTerm, OneTerm
from lma_graph.kernel.criteria.stored import read_stored
from lma_graph.kernel.criteria.terms import ColumnTerm, JsonTerm, ValueTerm
from lma_graph.kernel.errors import InvalidInput

Node = dict[str, Any] | bool
"""A rule or a group; or what always holds, or never."""


def to_query(criteria: Filter) -> dict[str, Any]:
    """The query that a filter stands for: a group."""
    return _as_group(_conditions(criteria.vocabulary, criteria.tree))


def stored_query(vocabulary: Vocabulary, stored: Any) -> dict[str, Any] | None:
    """The query of criteria as they are stored; None where they cannot be used any more."""
    try:
        return to_query(read_stored(vocabulary, stored))
    except InvalidInput:
        return None


def _as_group(node: Node) -> dict[str, Any]:
    if isinstance(node, bool):
        return {"combinator": "and", "rules": []} if node else {"combinator": "and", "not": True, "rules": []}
    return node if "rules" in node else {"combinator": "and", "rules": [node]}


def _conditions(vocabulary: Vocabulary, tree: Mapping[str, Any]) -> Node:
    """All keys of an object, which must all hold."""
    found: list[Node] = []
    for key, value in tree.items():
        if key in {"and", "or"}:
            found.append(_combined(key, [_conditions(vocabulary, part) for part in value]))
        elif key == "not":
            found.append(_negated(_conditions(vocabulary, value)))
        else:
            found += _term(Field((), vocabulary.terms[key]), value)
    return _combined("and", found)


def _combined(combinator: str, nodes: Sequence[Node]) -> Node:
    """The nodes as one; `or` of nothing never holds, `and` of nothing always."""
    decided = combinator == "or"
    if any(node is decided for node in nodes):
        return decided
    rules = [node for node in nodes if not isinstance(node, bool)]
    if not rules:
        return not decided
    return rules[0] if len(rules) == 1 else {"combinator": combinator, "rules": rules}


def _negated(node: Node) -> Node:
    """The complement."""
    if isinstance(node, bool):
        return not node
    if "rules" in node:
        bare = {key: value for key, value in node.items() if key != "not"}
        return bare if node.get("not") else {**bare, "not": True}
    if "match" in node:
        mode = {"some": "none", "none": "some"}.get(node["match"]["mode"])
        if mode is not None:
            return {**node, "match": {"mode": mode}}
    elif node["operator"] in OPPOSITE:
        return {**node, "operator": OPPOSITE[node["operator"]]}
    return {"combinator": "and", "not": True, "rules": [node]}


def _term(field: Field, value: Any) -> list[Node]:
    term = field.term
    if isinstance(term, ValueTerm):
        return [_rule(field, "contains", value)]
    if isinstance(term, OneTerm):
        return _one(term, _conditions(term.vocabulary, value))
    if isinstance(term, ManyTerm):
        return [node for key, part in value.items() for node in _many(term, key, part)]
    if isinstance(term, JsonTerm):
        asked = value if isinstance(value, list) else [value]
        return [node for one in asked for node in _document(term, one)]
    return list(_operators(field, value))


def _document(term: JsonTerm, condition: Mapping[str, Any]) -> list[Node]:
    field = Field((), term, tuple(condition["path"]))
    return list(_operators(field, {own: operand for own, operand in condition.items() if own != "path"}))


def _operators(field: Field, operands: Mapping[str, Any]) -> Iterator[Node]:
    """A rule for each operator; two bounds are one."""
    rest = dict(operands)
    if rest == {"exists": True, "ne": None}:
        rest = {}
        yield _rule(field, "notNull", None)
    if {"gte", "lte"} <= rest.keys() and in_order(field, rest["gte"], rest["lte"]):
        yield _rule(field, "between", [rest.pop("gte"), rest.pop("lte")])
    for own, operand in rest.items():
        yield _operator(field, own, operand)


def _operator(field: Field, own: str, operand: Any) -> Node:
    if own in {"isNull", "isEmpty"}:
        return _rule(field, "null" if operand else "notNull", None)
    if operand == [] and _lists(field, own):
        return own in {"notIn", "containsAll"}
    words = words_of(field.term)
    for word in words.values():
        if word.complement == own:
            return _rule(field, word.name, operand)
        if word.own != own or word.negated or word.takes not in {"one", "many"}:
            continue
        if not word.listed:
            return _rule(field, word.name, operand)
        if len(operand) == 1:
            return _rule(field, word.name, operand[0])
    raise AssertionError(f"no word says {own}")


def _lists(field: Field, own: str) -> bool:
    operator = field.term.family.operator(own) if isinstance(field.term, ColumnTerm) else None
    return operator.many if operator is not None else own in {"in", "notIn"}


def _rule(field: Field, operator: str, value: Any) -> dict[str, Any]:
    return {"field": joined((*field.through, field.term.name, *field.keys)), "operator": operator, "value": value}


def _match(name: str, mode: str, inner: Node, threshold: int | None = None) -> dict[str, Any]:
    match = {"mode": mode} if threshold is None else {"mode": mode, "threshold": threshold}
    return {"field": joined((name,)), "operator": "=", "match": match, "value": _as_group(inner)}


def _one(term: OneTerm, inner: Node) -> list[Node]:
    """Rules with dotted names where they say the same, else a match."""
    if isinstance(inner, bool):
        return [_rule(Field((), term), "notNull", None)] if inner else [False]
    plain = inner["rules"] if inner.get("combinator") == "and" and not inner.get("not") else [inner]
    if all(_reaches(rule) for rule in plain):
        return [{**rule, "field": joined((term.name, *split(rule["field"])))} for rule in plain]
    return [_match(term.name, "some", inner)]


def _reaches(rule: Mapping[str, Any]) -> bool:
    """Whether the rule can only hold where there is a row, so that it may be asked of a path."""
    if "rules" in rule or (rule["operator"] == "exists" and rule["value"] is False):
        return False
    if "match" in rule:
        return rule["match"]["mode"] in {"some", "atLeast", "exactly"}
    return rule["operator"] not in NEGATIVE


def _many(term: ManyTerm, key: str, part: Mapping[str, Any]) -> list[Node]:
    if key != "count":
        return [_quantified(term, key, _conditions(term.vocabulary, part))]
    inner = _conditions(term.vocabulary, part.get("where", {}))
    return [_counted(term, own, bound, inner) for own, bound in part.items() if own != "where"]


def _quantified(term: ManyTerm, key: str, inner: Node) -> Node:
    if key == "every":
        if inner is True:
            return True
        return _match(term.name, "none", True) if inner is False else _match(term.name, "all", inner)
    if inner is False:
        return key == "none"
    return _match(term.name, key, inner)


def _counted(term: ManyTerm, own: str, bound: Any, inner: Node) -> Node:
    """How many there are; of what no row is like there are none."""
    if own in {"in", "notIn"}:
        either = _combined("or", [_counted(term, "eq", one, inner) for one in dict.fromkeys(bound)])
        return either if own == "in" else _negated(either)
    if own == "ne":
        return _negated(_counted(term, "eq", bound, inner))
    mode, threshold = BOUNDS[own](bound)
    of_none = {"atLeast": threshold <= 0, "atMost": threshold >= 0, "exactly": threshold == 0}[mode]
    if inner is False or threshold < 0 or (mode == "atLeast" and threshold == 0):
        return of_none
    if threshold == 0 or (mode, threshold) == ("atLeast", 1):
        return _match(term.name, "some" if threshold else "none", inner)
    return _match(term.name, mode, inner, threshold)
