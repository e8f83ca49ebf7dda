"""A room's mutants: its source with one change each, and where that is.

Left alone are sentences (texts with a blank), ``cause`` and ``remedy``, what is logged, docstrings, annotations,
decorators and ``__all__``: they say, and do not guard.
"""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path
from types import CodeType

from .operators import SAYINGS, changes
from .words import described

_SAID = frozenset({"annotation", "returns", "decorator_list", "type_comment", "type_params"})
_Scope = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Change:
    """One ``change`` of a ``room``, in the function or class ``where``.

    ``digest`` is another one once the text of that function is another one, its comments and its place aside; outside
    of functions, the text of the statement.
    """

    room: str
    where: str
    line: int
    change: str
    digest: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it goes by, wherever the lines around it move."""
        return self.room, self.where, self.change


@dataclass(frozen=True, slots=True)
class Mutant(Change):
    """A room with that change.

    ``lines`` are those by which a test comes that may notice it; none where the whole room does. ``at_import``: other
    code for its functions would not do, for it is in none of them, or changes what one of them encloses.
    """

    lines: frozenset[int] = field(repr=False)
    at_import: bool
    source: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Place:
    """A node, and where it hangs: ``owner.name``, or ``owner.name[index]``."""

    node: ast.AST
    owner: ast.AST
    name: str
    index: int | None
    statement: ast.stmt
    scopes: tuple[_Scope, ...]
    at_import: bool

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.owner, self.name, node)
        else:
            getattr(self.owner, self.name)[self.index] = node


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield all mutants of a room, in the order of its text."""
    text = path.read_text("utf-8")
    tree = ast.parse(text)
    enclosed = _enclosed(ast.unparse(tree))
    for place, changed, told in _changed(path.stem, text, tree):
        place.put(changed)
        source = ast.unparse(ast.fix_missing_locations(tree))
        place.put(place.node)
        at_import = place.at_import or _enclosed(source) != enclosed
        yield Mutant(*astuple(told), _lines(tree, place), at_import, source)


def listed(path: Path) -> list[Change]:
    """Return all changes of a room without making its mutants, which takes far longer."""
    text = path.read_text("utf-8")
    return [told for _, _, told in _changed(path.stem, text, ast.parse(text))]


def change_of(mutant: Mutant) -> Change:
    """Return what a mutant is called, without its source."""
    return Change(*(getattr(mutant, each.name) for each in fields(Change)))


def unchanged(path: Path) -> list[Mutant]:
    """Return a room as it is, to be tried in both ways: what fails there would kill every mutant, and says nothing."""
    source = ast.unparse(ast.parse(path.read_text("utf-8")))
    told = Change(path.stem, "(module)", 0, "nothing", "")
    return [Mutant(*astuple(told), frozenset(), at_import, source) for at_import in (True, False)]


def _changed(room: str, text: str, tree: ast.Module) -> Iterator[tuple[_Place, ast.AST, Change]]:
    seen: Counter[tuple[str, str]] = Counter()
    for place in list(_places(tree, tree.body[0], (), at_import=True)):
        where = ".".join(scope.name for scope in place.scopes) or "(module)"
        for changed in changes(place.node):
            change = described(place.node, changed)
            seen[where, change] += 1
            again = f" ({seen[where, change]})" if seen[where, change] > 1 else ""
            line = getattr(place.node, "lineno", place.statement.lineno)
            digest = _digest(where, change + again, _around(text, place))
            yield place, changed, Change(room, where, line, change + again, digest)


def _around(text: str, place: _Place) -> str:
    """Return the function that is changed, or the statement outside of functions, without its comments."""
    functions = [scope for scope in place.scopes if isinstance(scope, ast.FunctionDef)]
    around = functions[-1] if functions else place.statement
    lines = text.splitlines()[around.lineno - 1 : around.end_lineno]
    return "\n".join(line.strip() for line in lines if not line.strip().startswith("#"))


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:10]


def functions_in(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of all functions in some code."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from functions_in(each)


def _enclosed(source: str) -> list[tuple[str, tuple[str, ...]]]:
    found = {code.co_qualname: code.co_freevars for code in functions_in(compile(source, "", "exec"))}
    return sorted((name, names) for name, names in found.items() if names)


def _places(node: ast.AST, statement: ast.stmt, scopes: tuple[_Scope, ...], *, at_import: bool) -> Iterator[_Place]:
    for name, value in ast.iter_fields(node):
        if name in _SAID:
            continue
        later = at_import and not (isinstance(node, ast.FunctionDef) and name == "body")
        for index, each in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(each, ast.AST) and not _is_said(each, node):
                at = each if isinstance(each, ast.stmt) else statement
                inner = (*scopes, each) if isinstance(each, _Scope) else scopes
                if not (isinstance(node, ast.If) and isinstance(each, ast.Raise)):  # the guard itself can be left out
                    yield _Place(each, node, name, index, at, scopes, later)
                yield from _places(each, at, inner, at_import=later)


def _is_said(node: ast.AST, owner: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="logger")))):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__" | "logger")]):
            return True
        case ast.JoinedStr():
            return any(isinstance(part, ast.Constant) and " " in str(part.value) for part in node.values)
        case ast.Constant():  # a piece of a text, or a type
            return isinstance(owner, ast.JoinedStr) or (isinstance(owner, ast.Call) and _is_cast(owner))
    return isinstance(node, ast.keyword) and node.arg in SAYINGS


def _is_cast(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == "cast"


def _lines(tree: ast.Module, place: _Place) -> frozenset[int]:
    """Return the lines that are run when the change matters."""
    statement = place.statement
    if not place.at_import:
        # Of a compound statement its head, unless it is the statement itself that changed.
        body = getattr(statement, "body", None)
        last = body[0].lineno - 1 if body and place.node is not statement else statement.end_lineno
        return frozenset(range(statement.lineno, max(last or 0, statement.lineno) + 1))
    named = {each.id for each in ast.walk(statement) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    return frozenset(
        each.lineno
        for each in ast.walk(tree)
        if (isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and each.id in named)
        or (isinstance(each, ast.Attribute) and each.attr in named)
    )
