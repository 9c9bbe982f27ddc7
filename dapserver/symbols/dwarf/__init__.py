"""Debug information in DWARF 2 to 5: from addresses to the source. Bytes in, values out."""

from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.source import SourceFrame, SourceInfo

__all__ = ["DwarfError", "SourceFrame", "SourceInfo"]
