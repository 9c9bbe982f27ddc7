"""Values of a stopped process: names to types and bytes, and these to text.

inspector.py   Inspector: from a frame of a stack to its Scope; the one that knows threads
scope.py       Scope: what names mean in a frame
value.py       Value: a typed value; members, elements, what pointers lead to, writing
shown.py       text(value), children(value): how a person sees it; formatters/ by library
listing.py     values as lines of a variables view
writing.py     changing a value to what a person has typed
registers.py   a frame's registers as values
frame.py       where a frame's variables are: registers, frame base, entry values
places.py      bytes in memory, in registers, in pieces of both
space.py       Space: the process's memory and modules
"""
