"""Sphinx extension: directives that put the generated views of the ledger on a page."""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from .pages.changes import changes_html
from .pages.counts import counts_html
from .pages.errata import errata_html
from .pages.evidence import cheats_html, evidence_html
from .pages.formulas import formulas_html
from .pages.graph import graph_html
from .pages.ledger import ledger_html
from .pages.roots import result_html, roots_html
from .pages.second import second_html
from .records import read_ledger

__all__ = ["setup"]

_logger = logging.getLogger(__name__)


class _View(SphinxDirective):
    view = None

    def run(self):
        root = Path(self.env.srcdir)
        # the page depends on every chapter and on the registry: rebuild it with any of them
        self.env.note_reread()
        ledger = read_ledger(root)
        for problem in ledger.problems:
            _logger.warning("ledger: %s", problem, location=self.get_location())
        page = self.env.doc2path(self.env.docname, base=False)
        return [nodes.raw("", type(self).view(ledger, str(page)), format="html")]


def _directive(view):
    return type(f"_{view.__name__}", (_View,), {"view": staticmethod(view)})


def setup(app: Sphinx) -> dict:
    """Register the directives."""
    for name, view in (
        ("ledger-counts", counts_html),
        ("ledger-table", ledger_html),
        ("ledger-errata", errata_html),
        ("ledger-roots", roots_html),
        ("ledger-changes", changes_html),
        ("ledger-result", result_html),
        ("ledger-graph", graph_html),
        ("ledger-formulas", formulas_html),
        ("ledger-second-system", second_html),
        ("ledger-evidence", evidence_html),
        ("ledger-cheats", cheats_html),
    ):
        app.add_directive(name, _directive(view))
    # the views hold formulas that Sphinx does not see, on pages that may have no others
    app.set_html_assets_policy("always")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
