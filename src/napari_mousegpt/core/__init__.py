"""The nouns: clock, intervals, recording, study, ethogram, pose, vectors, tables, provenance.

No files, no viewer, no models: frozen tables and arithmetic.
"""
