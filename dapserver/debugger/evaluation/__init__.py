"""Expressions over the values of a stopped process: C's, with the paths and names of C++, Rust and Go.

compiled.py     compile_expression(text) -> Compiled: parsed once, evaluated many times
syntax.py       the tree; grammar.lark and parser.py make it from text
closures.py     the tree to functions of a Context; arithmetic.py, casts.py, access.py: what these do
context.py      Context: what names, types and registers mean; in a frame, or at a breakpoint (hit.py)
rendering.py    results to text
"""
