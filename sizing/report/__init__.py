"""The plan as a document: one HTML file, a Markdown page, a stack's README."""
