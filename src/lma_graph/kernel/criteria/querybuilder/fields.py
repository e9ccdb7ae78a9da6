"""What a field's name in a query stands for, and the conditions on it. Enter at `field_named`.

A name leads through relations to one row by dots: `assignedTo.email`. Where such a relation leads nowhere the field
has no value, as react-querybuilder's users expect of a path, so complements hold there.
"""

from dataclasses import dataclass
from typing import Any

from lma_graph.kernel.criteria.language import Term, Vocabulary
from lma_graph.kernel.criteria.querybuilder.words import Operands, Word, split
from lma_graph.kernel.criteria.relations import ManyTerm, OneTerm
from lma_graph.kernel.criteria.terms import JsonTerm, ValueTerm

Tree = dict[str, Any]


class Unnamed(Exception):
    """There is no such field; the message says why."""


@dataclass(frozen=True)
class Field:
    """A term, the relations that lead to it, and the keys that lead into its document."""

    through: tuple[str, ...]
    term: Term
    keys: tuple[str, ...] = ()

    def condition(self, word: Word, operands: Operands) -> Tree:
        """The tree of an operator; `operands` are those of its positive form."""
        negated = word.negated
        if isinstance(self.term, OneTerm | ManyTerm):
            return self.matched("none" if negated else "some", None, {}) or {}
        if operands.get("exists") is False and self.through:
            operands, negated = {"exists": True}, not negated
        if negated and not self.through:
            opposite = _opposite(word, operands)
            operands, negated = (operands, True) if opposite is None else (opposite, False)
        return self._within(self._leaf(operands), negated=negated)

    def matched(self, mode: str, threshold: int | None, inner: Tree) -> Tree | None:
        """The tree of a match; None for a count of a relation to one row."""
        if threshold == 0:
            mode = {"atMost": "none", "exactly": "none"}.get(mode, mode)
        elif threshold == 1 and mode == "atLeast":
            mode = "some"
        if mode == "atLeast" and threshold == 0:
            return {}
        if isinstance(self.term, OneTerm):
            return self._of_one(mode, inner)
        negated, part = _many(mode, threshold, inner, complement=bool(self.through))
        return self._within({self.term.name: part}, negated=negated)

    def _of_one(self, mode: str, inner: Tree) -> Tree | None:
        if mode == "all":
            return self._within({self.term.name: {"not": inner}}, negated=True)
        if mode in {"some", "none"}:
            return self._within({self.term.name: inner}, negated=mode == "none")
        return None

    def _leaf(self, operands: Operands) -> Tree:
        if isinstance(self.term, ValueTerm):
            return {self.term.name: operands["search"]}
        if isinstance(self.term, JsonTerm):
            return {self.term.name: [{"path": list(self.keys), **operands}]}
        return {self.term.name: dict(operands)}

    def _within(self, tree: Tree, *, negated: bool) -> Tree:
        for name in reversed(self.through):
            tree = {name: tree}
        return {"not": tree} if negated else tree


def _opposite(word: Word, operands: Operands) -> Operands | None:
    """What says the complement in one operator; null tells missing values and JSON's null apart, so has none there."""
    if word.complement is not None:
        return {word.complement: operands[word.own]}
    flags = [own for own, value in operands.items() if isinstance(value, bool)]
    return {flags[0]: not operands[flags[0]]} if word.takes == "none" and len(operands) == len(flags) == 1 else None


def _many(mode: str, threshold: int | None, inner: Tree, *, complement: bool) -> tuple[bool, Tree]:
    """Whether it is the complement, and the condition on the related rows."""
    where = {"where": inner} if inner else {}
    if mode == "exactly":
        return False, {"count": {"eq": threshold, **where}}
    if mode == "atLeast":
        return False, {"count": {"gte": threshold, **where}}
    if mode == "atMost":
        if complement:
            return True, {"count": {"gte": (threshold or 0) + 1, **where}}
        return False, {"count": {"lte": threshold, **where}}
    if mode == "some" or not complement:
        return False, {"every" if mode == "all" else mode: inner}
    return True, {"some": {"not": inner} if mode == "all" else inner}


def field_named(vocabulary: Vocabulary, name: Any) -> Field:
    """The field of that name. Raises `Unnamed`."""
    if not isinstance(name, str):
        raise Unnamed("must be the name of a field")
    through: list[str] = []
    steps = split(name)
    for at, step in enumerate(steps):
        term, rest = vocabulary.terms.get(step), steps[at + 1 :]
        if term is None:
            raise Unnamed(
                f"is not a field of {vocabulary.name}Filter: {step}" if at else _NOT_A_FIELD % vocabulary.name
            )
        if isinstance(term, JsonTerm):
            if not rest:
                raise Unnamed(f"names no key of the document; write {name}.KEY")
            return Field(tuple(through), term, rest)
        if not rest:
            return Field(tuple(through), term)
        if not isinstance(term, OneTerm):
            kind = "a list: give it a match, and a group of rules as its value"
            raise Unnamed(f"leads through {step}, which is {kind if isinstance(term, ManyTerm) else 'a value'}")
        through.append(step)
        vocabulary = term.vocabulary
    raise AssertionError("a name has at least one step")


_NOT_A_FIELD = "is not a field of %sFilter"
