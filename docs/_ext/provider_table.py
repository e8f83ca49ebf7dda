"""``{provider-table}``: what each provider does, read from the classes when the documentation is built."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .providers import table


class ProviderTable(SphinxDirective):
    """The directive: it takes nothing."""

    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(table())


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx about the directive."""
    app.add_directive("provider-table", ProviderTable)
    return {"parallel_read_safe": True}
