"""How the documentation is built: ``sphinx-build -W --keep-going -b html docs OUT``.

The pages are Markdown that also reads well on a Git host.  Hooks, commands, settings and exit codes
are generated from the code, so they are always up to date.  Nothing is fetched.
"""

from __future__ import annotations

import sys
from pathlib import Path

from rlsys import __version__

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "rlsys"
author = "the rlsys contributors"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "executor_options",
    "repository_links",
    "settings_reference",
]
# docs/measured has the configurations and results behind the tables, and parts of pages.
exclude_patterns = ["_ext", "measured"]

# Anchors of headings as Git hosts make them.
myst_heading_anchors = 4

# `x` in a docstring is code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
# "Attributes:" is a plain list; an entry may name several.
napoleon_custom_sections = [("Attributes", "params_style")]
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
# Quotes and dashes of help texts belong to commands.
smartquotes = False

html_theme = "furo"
html_title = f"rlsys {__version__}"
html_copy_source = False
html_show_copyright = False

# The tables of measured results are parts of other headings on purpose.
suppress_warnings = ["myst.header"]


def _readable_default(_app, _what, _name, _object, _options, signature, returns):
    """Write a default made by a dataclass factory so that the signature can be parsed."""
    return signature and signature.replace("<factory>", "..."), returns


def setup(app):
    """Connect what autodoc has no setting for."""
    app.connect("autodoc-process-signature", _readable_default)
