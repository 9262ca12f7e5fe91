"""The panels of the viewer, one per file."""
