"""``{security-cases}``: the 48 named cases, each with how many tests show it, read from the tests' sources."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from tests.security.cases import CASES, by_case


class SecurityCases(SphinxDirective):
    """The directive: it takes nothing. A case that no test shows is an error."""

    def run(self) -> list[nodes.Node]:
        if without := [case for case, tests in by_case().items() if not tests]:
            raise self.error(f"No test shows {', '.join(without)}")
        return self.parse_text_to_nodes(table())


def table() -> str:
    """Return the table, as Markdown."""
    tests = by_case()
    rows = [("Id", "Case", "Expected", "Tests"), ("---", "---", "---", "---:")]
    rows += [(case.id, case.case, case.expected, str(len(tests[case.id]))) for case in CASES]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx about the directive."""
    app.add_directive("security-cases", SecurityCases)
    return {"parallel_read_safe": True}
