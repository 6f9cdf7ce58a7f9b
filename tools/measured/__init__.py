"""Measured figures in pages: read from kept results, written in Markdown, checked in place.

In the order in which to read them: `results` (the kept files), `figures` (one figure as text),
`blocks` (tables and lists), `markers` (where they stand in a page), `sentences` (figures in prose).
"""
