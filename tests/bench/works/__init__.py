"""The kinds of work that are measured. Each is a function of a `Bench` that adds to its figures."""
