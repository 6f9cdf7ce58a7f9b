"""In the HTML, replace links out of the documentation by the name of the linked file.

On a Git host these links work; the HTML does not know where the repository is.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

_UPWARDS = re.compile(r"\[([^\]]*)\]\((\.\./[^)#\s]*)(?:#[^)\s]*)?\)")


def name_files(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace links that lead out of the documentation by the names of the files there."""
    folder = Path(app.env.doc2path(docname)).parent
    documentation = Path(app.srcdir)

    def named(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        # A missing target is left unchanged, so that the build warns of a dead link.
        if target.is_relative_to(documentation) or not target.exists():
            return link[0]
        return f"{link[1]} (`{target.relative_to(documentation.parent)}` in the repository)"

    source[0] = _UPWARDS.sub(named, source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Pass every page through `name_files`."""
    app.connect("source-read", name_files)
    return {"parallel_read_safe": True}
