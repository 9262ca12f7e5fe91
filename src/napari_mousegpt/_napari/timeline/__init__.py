"""The timeline: what is shown on it, where, and how it is painted and handled."""
