"""The changes: one guard removed, one condition turned round, one bound widened, one line left out.

A function here takes a node of the tree and yields what may stand in its place. It never changes the node itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

#: What is said of a failure, not what is done about it.
SAYINGS = frozenset({"cause", "remedy"})
_OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add}
_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}
_PLAIN = frozenset({"lower", "strip", "lstrip", "rstrip"})


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in a node's place."""
    for kinds, operator in _OPERATORS:
        if isinstance(node, kinds):
            yield from operator(node)


def _condition(node: ast.AST) -> Iterator[ast.AST]:
    """Leave a guard out, and let it always strike."""
    yield _copy(node, test=ast.Constant(value=False))
    if not isinstance(node, ast.While):
        yield _copy(node, test=ast.Constant(value=True))


def _filter(node: ast.comprehension) -> Iterator[ast.AST]:
    for each in node.ifs:
        yield _copy(node, ifs=[one for one in node.ifs if one is not each])


def _operand(node: ast.BoolOp) -> Iterator[ast.AST]:
    for each in node.values:
        rest = [one for one in node.values if one is not each]
        yield rest[0] if len(rest) == 1 else _copy(node, values=rest)


def _comparison(node: ast.Compare) -> Iterator[ast.AST]:
    for n, operator in enumerate(node.ops):
        if type(operator) in _OPPOSITES:
            yield _copy(node, ops=[*node.ops[:n], _OPPOSITES[type(operator)](), *node.ops[n + 1 :]])
    if len(node.ops) > 1:
        yield ast.Compare(node.left, node.ops[:1], node.comparators[:1])
        yield ast.Compare(node.comparators[-2], node.ops[-1:], node.comparators[-1:])


def _not(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield node.operand


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    """Widen a number, turn a truth, misspell a word. Sentences are for people and stay as they are."""
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(value=not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value=2 * value + 1)
    elif isinstance(value, str) and value and not any(letter.isspace() for letter in value):
        yield ast.Constant(value=f"{value}~")


def _call(node: ast.Call) -> Iterator[ast.AST]:
    for each in node.keywords:
        if each.arg not in SAYINGS:
            yield _copy(node, keywords=[one for one in node.keywords if one is not each])
    if isinstance(node.func, ast.Name) and node.func.id in _NAMES:
        yield _copy(node, func=ast.Name(id=_NAMES[node.func.id]))
    if isinstance(node.func, ast.Attribute) and node.func.attr in _PLAIN:
        yield node.func.value


def _arithmetic(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in _ARITHMETIC:
        yield _copy(node, op=_ARITHMETIC[type(node.op)]())
    else:
        yield node.left


def _slice(node: ast.Subscript) -> Iterator[ast.AST]:
    if isinstance(node.slice, ast.Slice):
        yield node.value


def _merged(node: ast.Dict) -> Iterator[ast.AST]:
    """Let what came first come last: it wins where both have a key."""
    if None in node.keys and len(node.keys) > 1:
        yield ast.Dict(keys=node.keys[::-1], values=node.values[::-1])


def _statement(node: ast.AST) -> Iterator[ast.AST]:
    yield ast.Pass()


def _assignment(node: ast.Assign) -> Iterator[ast.AST]:
    if all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
        yield ast.Pass()


def _expression(node: ast.Expr) -> Iterator[ast.AST]:
    if isinstance(node.value, ast.Call):
        yield ast.Pass()


def _raise(node: ast.Raise) -> Iterator[ast.AST]:
    if isinstance(node.cause, ast.Constant):  # ``from None`` keeps a library's words out of the traceback
        yield ast.Raise(exc=node.exc)
    yield ast.Pass()


def _with(node: ast.With) -> Iterator[ast.AST]:
    yield ast.If(test=ast.Constant(value=True), body=node.body, orelse=[])


def _handler(node: ast.ExceptHandler) -> Iterator[ast.AST]:
    yield _copy(node, body=[ast.Raise()])


def _finally(node: ast.Try) -> Iterator[ast.AST]:
    if node.finalbody:
        yield _copy(node, finalbody=[ast.Pass()])


def _copy(node: ast.AST, **fields: object) -> ast.AST:
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


_OPERATORS: tuple[tuple[type | tuple[type, ...], Callable[..., Iterator[ast.AST]]], ...] = (
    ((ast.If, ast.IfExp, ast.While), _condition),
    (ast.comprehension, _filter),
    (ast.BoolOp, _operand),
    (ast.Compare, _comparison),
    (ast.UnaryOp, _not),
    (ast.Constant, _constant),
    (ast.Call, _call),
    (ast.BinOp, _arithmetic),
    (ast.Subscript, _slice),
    (ast.Dict, _merged),
    ((ast.AugAssign, ast.Delete), _statement),
    (ast.Assign, _assignment),
    (ast.Expr, _expression),
    (ast.Raise, _raise),
    (ast.With, _with),
    (ast.ExceptHandler, _handler),
    (ast.Try, _finally),
)
