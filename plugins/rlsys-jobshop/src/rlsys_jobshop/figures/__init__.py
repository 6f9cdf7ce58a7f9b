"""Pictures of schedules, and the figures of a run.

Others import from here; `specs` is for the plugin's description of its figures.
"""

from rlsys_jobshop.figures.gantt_html import gantt_html
from rlsys_jobshop.figures.gantt_png import gantt_png
from rlsys_jobshop.figures.utilisation import utilisation_png

__all__ = ["gantt_html", "gantt_png", "utilisation_png"]
