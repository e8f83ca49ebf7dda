"""How a change is told: the few words around it, not the whole statement."""

from __future__ import annotations

import ast
from itertools import takewhile

_LENGTH = 48


def described(before: ast.AST, after: ast.AST) -> str:
    """Return what stood there and what stands there now."""
    match before, after:
        case ast.Call(keywords=had), ast.Call(keywords=has) if len(had) > len(has):
            gone = next(each for each in had if each not in has)
            return f"{_short(_text(before.func))}(...) without {_short(_text(gone))}"
        case ast.BoolOp(values=had), _:
            has = after.values if isinstance(after, ast.BoolOp) else [after]
            return f"without {_short(_text(next(each for each in had if each not in has)))}"
        case ast.Dict(), ast.Dict():
            return f"{_short(_text(before))} the other way round"
    return _told(_shown(before), _shown(after))


def _told(old: str, new: str) -> str:
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))
    start = max(old.rfind(" ", 0, same), old.rfind("(", 0, same)) + 1
    start = 0 if start < _LENGTH // 2 or new.startswith("(") else start
    return f"{_short(old[start:])} -> {_short(new[start:])}"


def _short(text: str) -> str:
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}..."


def _shown(node: ast.AST) -> str:
    match node:
        case ast.Pass():
            text = "(left out)"
        case ast.If() | ast.While():
            text = f"if {_text(node.test)}"
        case ast.With():
            text = f"with {', '.join(map(_text, node.items))}"
        case ast.Try():
            text = f"finally: {_text(node.finalbody[0])}"
        case ast.ExceptHandler():
            text = f"except {_text(node.type) if node.type else ''}: {_text(node.body[0])}"
        case _:
            text = _text(node)
    return text.strip().replace("\n", " ")


def _text(node: ast.AST) -> str:
    """Return the source of a node with one kind of quotes: from Python 3.12 on those of f-strings are others."""
    return ast.unparse(node).replace("\\'", "'").replace('"', "'")
