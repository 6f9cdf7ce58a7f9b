"""The text formats of the literature: standard, Taillard's, and flexible (`.fjs`).

Each module has ``parse(lines, source) -> Listing`` and ``render(description) -> str``. Only
`rlsys_jobshop.formats` comes in here.
"""
