"""A tree to functions: each takes a Context and gives an Operand. Made once, called often."""

from __future__ import annotations

from collections.abc import Callable

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.evaluation import access, arithmetic, casts, syntax
from dapserver.debugger.evaluation.context import Context, UnknownName
from dapserver.debugger.evaluation.operands import Number, Operand, Text, as_value, scalar
from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf.types import UNSIGNED_LONG, Type

Evaluate = Callable[[Context], Operand]

DEPTH_LIMIT = 120
NO_CALLS = "dapserver does not call functions of the program, which could block it or change it"


class Closures:
    """Makes the functions of one expression."""

    def __init__(self) -> None:
        self.assigns = False
        """Whether something is assigned to."""
        self._depth = 0

    def of(self, tree: syntax.Expression) -> Evaluate:
        """Make the function of a tree; DebuggerError if it is too deep, or asks for what is not done."""
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise DebuggerError(f"The expression is nested deeper than {DEPTH_LIMIT} levels.")
        made: Evaluate = _MAKERS[type(tree)](self, tree)
        self._depth -= 1
        return made

    def whole(self, tree: syntax.Expression) -> Callable[[Context], Value]:
        """Make a function whose result is made a Value."""
        evaluate = self.of(tree)

        def run(context: Context) -> Value:
            operand = evaluate(context)
            return operand if type(operand) is Value else as_value(operand, context.space)

        return run

    # -- operands ----------------------------------------------------------------------------------

    def constant(self, tree: syntax.Constant) -> Evaluate:
        number = Number(tree.type, tree.number)
        return lambda _: number

    def string(self, tree: syntax.String) -> Evaluate:
        text = Text(tree.data)
        return lambda _: text

    def name(self, tree: syntax.Name) -> Evaluate:
        name = tree.text

        def run(context: Context) -> Operand:
            found = context.find(name)
            if found is None:
                raise UnknownName(name, context)
            return found

        return run

    def register(self, tree: syntax.Register) -> Evaluate:
        name = tree.name

        def run(context: Context) -> Operand:
            found = context.register(name)
            if found is None:
                raise ValueProblem(f"There is no register ${name}, or it is lost in this frame.")
            return found

        return run

    def member(self, tree: syntax.Member) -> Evaluate:
        whole, name, is_arrow = self.whole(tree.whole), tree.name, tree.is_arrow

        def run(context: Context) -> Operand:
            return access.member(whole(context), name, is_arrow=is_arrow)

        path = _dotted(tree)
        return run if path is None else _path_or_member(path, run)

    def index(self, tree: syntax.Index) -> Evaluate:
        whole, index = self.whole(tree.whole), self.of(tree.index)
        return lambda context: access.element(whole(context), index(context))

    def slice(self, tree: syntax.Slice) -> Evaluate:
        whole, is_inclusive = self.whole(tree.whole), tree.is_inclusive
        first = self.of(tree.first) if tree.first is not None else None
        end = self.of(tree.end) if tree.end is not None else None
        return lambda context: access.elements(
            whole(context),
            first(context) if first else None,
            end(context) if end else None,
            is_inclusive=is_inclusive,
        )

    # -- operators -----------------------------------------------------------------------------------

    def unary(self, tree: syntax.Unary) -> Evaluate:
        symbol, of = tree.operator, self.of(tree.operand)
        if symbol == "!":
            return lambda context: Number(context.truth, not scalar(of(context)).number)
        if symbol == "*":
            whole = self.whole(tree.operand)
            return lambda context: access.pointee(whole(context))
        if symbol == "&":
            return lambda context: access.address_of(of(context))
        if symbol.startswith("__"):
            return lambda context: access.complex_part(of(context), symbol)
        return lambda context: arithmetic.unary(symbol, scalar(of(context)))

    def binary(self, tree: syntax.Binary) -> Evaluate:
        symbol, left, right = tree.operator, self.of(tree.left), self.of(tree.right)
        if symbol in arithmetic.COMPARISONS:
            return _comparison(symbol, left, right)
        if symbol == "&&":
            return lambda context: Number(context.truth, truth(left(context)) and truth(right(context)))
        if symbol == "||":
            return lambda context: Number(context.truth, truth(left(context)) or truth(right(context)))
        if symbol == "@":
            return lambda context: access.repeated(left(context), right(context))
        return lambda context: calculated(symbol, left(context), right(context))

    def conditional(self, tree: syntax.Conditional) -> Evaluate:
        condition, yes, no = self.of(tree.condition), self.of(tree.yes), self.of(tree.no)
        return lambda context: yes(context) if truth(condition(context)) else no(context)

    def assignment(self, tree: syntax.Assignment) -> Evaluate:
        self.assigns = True
        symbol, target, value = tree.operator, self.of(tree.target), self.of(tree.value)
        if not symbol:
            return lambda context: access.assign(target(context), value(context))

        def run(context: Context) -> Operand:
            changed = target(context)
            return access.assign(changed, calculated(symbol, changed, value(context)))

        return run

    # -- types ---------------------------------------------------------------------------------------

    def cast(self, tree: syntax.Cast) -> Evaluate:
        name, whole = tree.type, self.whole(tree.operand)
        return lambda context: casts.cast(whole(context), _type(name, context))

    def size_of(self, tree: syntax.SizeOf) -> Evaluate:
        if isinstance(tree.operand, syntax.TypeName):
            name = tree.operand
            return lambda context: Number(UNSIGNED_LONG, casts.size_of_type(_type(name, context)))
        of, operand = self.of(tree.operand), tree.operand

        def run(context: Context) -> Operand:
            try:
                return Number(UNSIGNED_LONG, casts.size_of(of(context)))
            except UnknownName:
                # sizeof(node): a variable goes before a type.
                if not isinstance(operand, syntax.Name) or not (
                    found := casts.base_type(operand.text, context.find_type)
                ):
                    raise
                return Number(UNSIGNED_LONG, casts.size_of_type(found))

        return run

    def call(self, tree: syntax.Call) -> Evaluate:
        """`int(x)`, as C++ and Go convert."""
        if not isinstance(tree.function, syntax.Name) or len(tree.arguments) != 1:
            raise DebuggerError(f"{NO_CALLS}.")
        name, whole = tree.function.text, self.whole(tree.arguments[0])

        def run(context: Context) -> Operand:
            found = casts.base_type(name, context.find_type)
            if found is None:
                raise ValueProblem(f"{name} is no type, and {NO_CALLS}.")
            return casts.cast(whole(context), found)

        return run


def truth(operand: Operand) -> bool:
    """Tell whether a condition holds."""
    return bool(scalar(operand).number)


def calculated(symbol: str, left: Operand, right: Operand) -> Number:
    """Calculate with two operands."""
    a, b = scalar(left), scalar(right)
    type_, calculate = arithmetic.operation(symbol, a.type, b.type)
    return Number(type_, calculate(a.number, b.number))


def _comparison(symbol: str, left: Evaluate, right: Evaluate) -> Evaluate:
    def run(context: Context) -> Operand:
        a, b = left(context), right(context)
        if type(a) is Text or type(b) is Text:
            if symbol not in {"==", "!="}:
                raise ValueProblem("Strings are compared with == and != alone.")
            return Number(context.truth, access.same_text(a, b) is (symbol == "=="))
        a, b = scalar(a), scalar(b)
        compare = arithmetic.comparison(symbol, a.type, b.type)
        return Number(context.truth, compare(a.number, b.number))

    return run


def _dotted(tree: syntax.Expression) -> str | None:
    """The text of `a.b.c`, None for anything else."""
    if isinstance(tree, syntax.Name):
        return tree.text
    if isinstance(tree, syntax.Member) and not tree.is_arrow:
        whole = _dotted(tree.whole)
        return f"{whole}.{tree.name}" if whole is not None else None
    return None


def _path_or_member(path: str, run: Evaluate) -> Evaluate:
    """What looks like a member may be a name in one of Go's packages, or the name of the thread."""

    def either(context: Context) -> Operand:
        try:
            return run(context)
        except ValueProblem as problem:
            # In Go, main is a function, too.
            found = context.find(path)
            if found is None:
                raise problem from None
            return found
        except UnknownName:
            found = context.find("thread_name" if path == "thread.name" else path)
            if found is None:
                raise
            return found

    return either


def _type(name: syntax.TypeName, context: Context) -> Type:
    found = casts.named_type(name, context.find_type)
    if found is None:
        raise ValueProblem(f"There is no type {name.base} here.")
    return found


_MAKERS: dict[type, Callable[..., Evaluate]] = {
    syntax.Constant: Closures.constant,
    syntax.String: Closures.string,
    syntax.Name: Closures.name,
    syntax.Register: Closures.register,
    syntax.Member: Closures.member,
    syntax.Index: Closures.index,
    syntax.Slice: Closures.slice,
    syntax.Unary: Closures.unary,
    syntax.Binary: Closures.binary,
    syntax.Conditional: Closures.conditional,
    syntax.Cast: Closures.cast,
    syntax.SizeOf: Closures.size_of,
    syntax.Assignment: Closures.assignment,
    syntax.Call: Closures.call,
}
