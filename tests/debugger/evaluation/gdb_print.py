"""Run by gdb: print the expressions of a file, each in one line of JSON, in the frame of a function."""

from __future__ import annotations

import json
import os

import gdb  # type: ignore[import-untyped]


def main() -> None:
    gdb.execute("set print address on")
    gdb.execute("set width 0")
    frame = gdb.newest_frame()
    while frame is not None and (frame.name() or "").partition("(")[0] != os.environ["EVALUATE_IN"]:
        frame = frame.older()
    frame.select()
    with open(os.environ["EXPRESSIONS"], encoding="utf-8") as file:
        expressions = json.load(file)
    for expression in expressions:
        try:
            answer = gdb.execute("output " + expression, to_string=True)
        except gdb.error as error:
            answer = f"error: {error}"
        print(json.dumps({"expression": expression, "answer": answer}))


main()
