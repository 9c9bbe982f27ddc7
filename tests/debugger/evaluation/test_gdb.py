"""Expressions over real programs' variables have the values that gdb's print gives."""

from __future__ import annotations

import itertools

from tests.debugger.evaluation.evaluating import both, listed
from tests.support.build import build

NUMBERS = listed(
    r"""
    tiny ; letter ; small ; port ; big ; biggest ; octet ; yes ; third ; tenth ; whole ; color ; rights
    7 ; -3 ; 2.5 ; 1.5f ; 'a' ; 0xffffffff ; 10u ; 3L ; matrix[1][2] ; head.where.x ; *pointer
    """
)
OPERATORS = ["+", "-", "*", "==", "<", ">="]
INTEGERS = listed(
    r"""
    tiny ; letter ; small ; port ; big ; biggest ; 7 ; -3 ; 0xffffffff ; 10u ; 3L ; color
    """
)
C = listed(
    r"""
    head ; *list ; list->next->name ; list->next->where ; head.where.y ; head.one ; tail.hidden ; &head
    points ; points[1] ; &points[1] ; *points@2 ; points[2].x ; &points[2] - &points[0] ; *primes@3
    matrix ; matrix[1] ; *matrix ; **matrix ; &matrix[1] ; matrix[0][1] ; *(*row + 1) ; (*row)[2]
    pointer ; pointer + 1 ; 1 + pointer ; *pointer ; **double_pointer ; pointer == memory ; pointer != 0
    !pointer ; null == 0 ; text ; text + 3 ; *text ; text[2] ; utf8 ; buffer ; buffer[1] ; (char)98
    (unsigned char)-1 ; (int)third ; (short)70000 ; (long)-1.5 ; (unsigned)-1 ; (double)7 ; (float)tenth
    (enum color)5 ; (struct node *)memory == 0 ; (char *)0 ; (unsigned long)pointer == 0
    (int (*)[3])pointer ; *(int (*)[3])row ; (entry)named ; named.apply ; plus ; table ; named.label
    sizeof(int) ; sizeof(struct node) ; sizeof head ; sizeof(head.where) ; sizeof many ; sizeof(char *)
    sizeof(unsigned long long) ; sizeof(matrix[0]) ; sizeof(long double) ; sizeof(entry) ; color
    color == BLUE ; BLUE ; rights ; odd ; strange ; balance ; balance < 0 ; READ | WRITE ; bits ; bits.a
    bits.b ; bits.c ; bits.a + bits.b ; number ; number.f ; number.bytes[3] ; global_counter ; static_text
    corners ; corners[1].x ; 'values.c'::static_text ; ::global_counter
    argument + by_value.x * by_pointer->y ; small < 0 && big < 0 ; small > 0 || port ; !yes ; no ? 1 : 2
    yes ? port : small ; ~port ; -small ; +letter ; !small ; -letter ; ~0 ; ~0u ; -1u ; 1 << 4 ; 1 << 31
    -16 >> 2 ; big >> 8 ; biggest >> 60 ; port << 16 ; 7 / 2 ; -7 / 2 ; -7 % 3 ; 7 % -3 ; 1.0 / 3
    1 / 3.0f ; third * 3 ; infinite ; nothing ; -infinite ; 1e308 * 10 ; fc ; dc ; wide ; wider
    0x7fffffff + 1 ; 2147483648 ; 4294967296 ; 0x80000000 ; 017 ; 0b101 ; '\n' ; '\x41' ; '\101' ; '\''
    1.5e3 ; .5 ; 0x10 ; 10ul ; 1ull ; many[299] ; many[10] + many[20] ; distance ; distance + 8
    distance * -1 ; port - 9000 ; letter - 200 ; (port - 9000) / 2 ; port / -2 ; small & 0xff ; small | 1
    small ^ small ; rights & WRITE ; port % 1000 ; 1 == 1.0 ; 2.5 > 2 ; -1 > 1u ; -1L > 1u ; (char)-1 > 1u
    port == 8080 && color != 0 ; list == &head ; list->next == &tail ; run ; bytes
    cycle.next->next->name ; *&head.where ; &*list ; (*list).name ; (&head)->where.x ; zeros ; locked
    *locked ; $sp == $rsp ; $pc == $rip ; *(int *)pointer ; *(unsigned char *)pointer
    ((struct point *)points)[1].y
    """
)
# gdb takes a bit-field's declared type, C promotes it to int (C11, 6.3.1.1): bits.a - 6 is not among them.


CPP = listed(
    r"""
    point.x ; alias.y ; pointed->x ; (*pointed).y ; &point == pointed ; box ; box.content[1] ; square
    points.content[1].y ; square.side_ ; square.id_ ; square.name ; shape->id_ ; as_shape.id_ ; *shape
    (shapes::Square &)*shape ; ((shapes::Square *)shape)->side_ ; (shapes::Named *)&square
    ((shapes::Named *)&square)->name ; *(shapes::Shape *)&square ; square.shapes::Shape::id_
    (shapes::Square *)(shapes::Named *)&square == &square ; bottom ; bottom.top ; bottom.left ; left.left
    either.letter ; callbacks.plain ; plain ; plain == shapes::LARGE ; shapes::SMALL ; color ; odd
    color == shapes::Color::Green ; shapes::level ; shapes::level + 1 ; shapes::hidden
    shapes::Point::made * 2 ; numbers[1] ; array[2] ; array ; local.b ; local ; null == 0 ; sixteen ; wide
    true ; !true ; 1 == 1 ; true && false ; point.x < 2 ; reference.x ; moved.y + 1 ; *pointer
    pointer == 0 ; sizeof(shapes::Point) ; sizeof(reference) ; sizeof(shapes::Box<int, 3>)
    (shapes::Color)7 ; (int)color ; twice ; (bool)5 ; *(shapes::Box<int, 3> *)&box
    (shapes::Box<int, 3> *)0 ; largest_number ? 'a' : 'b'
    """
)


def test_c() -> None:
    expressions = [
        *C,
        *(f"{a} {op} {b}" for a, op, b in itertools.product(NUMBERS, OPERATORS, NUMBERS[:6])),
        *(f"{a} {op} {b}" for a, op, b in itertools.product(INTEGERS, ["/", "%", "&", "|", "^"], INTEGERS)),
    ]
    compare("values.c", expressions)


def test_cpp() -> None:
    compare("values.cpp", CPP)


def compare(program: str, expressions: list[str]) -> None:
    answers = both(build(program, "-O0"), "show", expressions)
    differ = {each: pair for each, pair in answers.items() if pair[0] != pair[1]}
    assert not differ, f"{len(differ)} of {len(answers)}"
