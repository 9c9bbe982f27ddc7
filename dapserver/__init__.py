"""A Debug Adapter Protocol server for Linux whose thread list is always true."""

__version__ = "0.1.0"
