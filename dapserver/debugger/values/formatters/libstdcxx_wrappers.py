"""What libstdc++ wraps values in: smart pointers, optional, variant, tuple, function, atomic."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.formatters import Registry
from dapserver.debugger.values.formatters.parts import brief, single
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import Child, Style, View

formatter = Registry()

TUPLE_LIMIT = 256
HANDLER = re.compile(r"std::_Function_handler<.*?\), (.*)>::_M_invoke\(.*", re.DOTALL)


@formatter(r"std::unique_ptr<.*>")
def unique_ptr(value: Value) -> View:
    inner = value.member("_M_t")
    nested = inner.find_member("_M_t")
    pointer = next(_heads(nested if nested is not None else inner), None)
    if pointer is None:
        raise ValueProblem("a unique_ptr of unknown structure")
    return single(f"std::unique_ptr<{_argument_name(value)}>", "get()", pointer)


@formatter(r"std::(shared|weak)_ptr<.*>")
def shared_ptr(value: Value) -> View:
    name = (value.bare.own_name or "").partition("<")[0]
    counts = value.member("_M_refcount").member("_M_pi")
    title = f"{name}<{_argument_name(value)}>"
    if counts.number() == 0:
        return single(f"{title} (empty)", "get()", value.member("_M_ptr"))
    block = counts.dereferenced()
    uses, weak = block.member("_M_use_count").number(), block.member("_M_weak_count").number()
    if uses == 0:
        return single(f"{title} (expired, weak count {weak})", "get()", value.member("_M_ptr"))
    return single(f"{title} (use count {uses}, weak count {weak - 1})", "get()", value.member("_M_ptr"))


@formatter(r"std::optional<.*>")
def optional(value: Value) -> View:
    payload = value.member("_M_payload")
    name = brief(value.bare.own_name or "")
    if not payload.member("_M_engaged").number():
        return View(f"{name} [no contained value]")
    contained = payload.member("_M_payload").member("_M_value")
    return single(name, "[contained value]", contained)


@formatter(r"std::variant<.*>")
def variant(value: Value) -> View:
    name = brief(value.bare.own_name or "")
    index = value.member("_M_index").number()
    count = len(value.bare.template_arguments)
    if index >= count:
        return View(f"{name} [no contained value]")
    union = value.member("_M_u")
    for _ in range(index):
        union = union.member("_M_rest")
    first = union.member("_M_first")
    storage = first.find_member("_M_storage")
    contained = (storage if storage is not None else first).as_type(value.bare.template_arguments[index].type)
    title = f"{name} [index {index}]"
    return View(title, lambda start: iter([Child("[contained value]", contained)][start:]), 1)


@formatter(r"std::tuple<.*>")
def tuple_(value: Value) -> View:
    heads = list(_heads(value))
    if not heads:
        return View("empty std::tuple")
    return View(
        "std::tuple containing",
        lambda start: iter([Child(f"[{i}]", head) for i, head in enumerate(heads)][start:]),
        len(heads),
        Style.MEMBERS,
    )


def _heads(value: Value) -> Iterator[Value]:
    """The elements: each `_Tuple_impl` has its own and is derived from the next one's."""
    for index in range(TUPLE_LIMIT):
        implementation = _base_named(value, f"std::_Tuple_impl<{index}")
        if implementation is None:
            return
        head = _base_named(implementation, f"std::_Head_base<{index}")
        if head is not None:
            inner = head.find_member("_M_head_impl")
            # An empty class is a base, not a member.
            yield inner if inner is not None else head.of_base(head.bare.bases[0])
        value = implementation


def _base_named(value: Value, start: str) -> Value | None:
    """A base class by the start of its name up to a number, which clang writes as `0UL`."""
    for base in value.bare.bases:
        name = base.type.own_name or ""
        if name.startswith(start) and not name[len(start) : len(start) + 1].isdigit():
            return value.of_base(base)
    return None


@formatter(r"std::function<.*>")
def function(value: Value) -> View:
    name = brief(value.bare.own_name or "std::function")
    if value.member("_M_manager").number() == 0:
        return View(f"{name} [empty]")
    invoker = value.space.symbol(value.member("_M_invoker").number())
    found = HANDLER.fullmatch(invoker or "")
    target = found.group(1) if found else invoker
    if found and "(*)" in found.group(1):
        functor = value.member("_M_functor")
        address = int.from_bytes(functor.place.read(functor.offset, 8), "little")
        target = value.space.symbol(address) or f"{address:#x}"
    return View(text=f"{name} = {target or 'unknown'}")


@formatter(r"std::(__)?atomic(_base|_float)?<.*>")
def atomic(value: Value) -> View | None:
    for name in ("_M_b", "_M_base"):
        if (inner := value.find_member(name)) is not None:
            return View(alias=inner)
    for name in ("_M_i", "_M_p", "_M_fp"):
        if (inner := value.find_member(name)) is not None:
            return View(alias=inner)
    return None


@formatter(r"std::reference_wrapper<.*>")
def reference_wrapper(value: Value) -> View:
    return View(alias=value.member("_M_data").dereferenced())


def _argument_name(value: Value) -> str:
    arguments = value.bare.template_arguments
    return brief(arguments[0].type.name) if arguments else "?"
