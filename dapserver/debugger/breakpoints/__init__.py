"""Breakpoints: wishes (`wish`), the addresses they come to (`table`), and int3 in the code (`sites`)."""
