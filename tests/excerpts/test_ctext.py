"""The C scanner, on C of our own that does what kernel C does."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmmdoc.excerpts import ctext


def found(text: str) -> list[tuple[str, str, int, int]]:
    return [(d.kind, d.name, *d.span) for d in ctext.scan(textwrap.dedent(text).lstrip("\n"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            """
            static int one(void) { return 1; }
            int two(int x)
            {
                return x;
            }
            """,
            [("function", "one", 1, 1), ("function", "two", 2, 5)],
            id="plain",
        ),
        pytest.param(
            """
            #ifdef CONFIG_A
            int f(void)
            {
                return 1;
            }
            #else
            static inline int f(void) { return 0; }
            #endif
            """,
            [("function", "f", 2, 5), ("function", "f", 7, 7)],
            id="variants",
        ),
        pytest.param(
            """
            int before(int, int) __must_check __cold;
            static int
            add(a, b)
                int a;
                short b, *c;
            {
                return a + b;
            }
            typedef void (handler) (struct event *, int);
            int after(void) { return 0; }
            """,
            [("function", "add", 2, 8), ("function", "after", 10, 10)],
            id="parameters declared in the oldest way",
        ),
        pytest.param(
            """
            static int (*chosen(int which))(void)
            {
                return handlers[which];
            }
            int (*not_a_function)(void);
            """,
            [("function", "chosen", 1, 4)],
            id="a function that returns a function",
        ),
        pytest.param(
            """
            int f(int x)
            {
            #ifdef CONFIG_A
                if (x > 1) {
            #else
                if (x > 2) {
            #endif
                    x--;
                }
                return x;
            }
            int g(void)
            {
                return 2;
            }
            """,
            [("function", "f", 1, 11), ("function", "g", 12, 15)],
            id="branches-open-one-block",
        ),
        pytest.param(
            """
            #ifdef CONFIG_A
            int f(int a)
            #else
            int f(void)
            #endif
            {
                return 0;
            }
            """,
            [("function", "f", 2, 8)],
            id="header-in-branches",
        ),
        pytest.param(
            """
            struct thing *
            odd (struct thing *a,
                 int b) {
              if (a) { return a; }
              return 0; }
            """,
            [("function", "odd", 1, 5)],
            id="odd-layout",
        ),
        pytest.param(
            """
            static __printf(1, 2) void __init __attribute__((noinline))
            say(const char *fmt, ...) __acquires(lock)
            {
            }
            """,
            [("function", "say", 1, 4)],
            id="attributes",
        ),
        pytest.param(
            """
            MAKE_SYSCALL2(shut, int, fd, int, how)
            {
                return fd + how;
            }
            EXPORT_THING(shut)
            MARK(a) MARK(b)
            static int after(void)
            {
                return 0;
            }
            """,
            [("function", "MAKE_SYSCALL2", 1, 4), ("function", "after", 7, 10)],
            id="macros-that-define-and-macros-alone",
        ),
        pytest.param(
            """
            int f(void)
            {
                char *s = "} /* no comment */ \\" {"; /* } */
                char c = '}', d = '\\'', e = '"'; // }
                return s[0] + c + d + e;
            }
            """,
            [("function", "f", 1, 6)],
            id="braces-in-comments-and-literals",
        ),
        pytest.param(
            """
            #define LONG(x) do { \\
                use(x); \\
            } while (0)
            #define SHORT 1 /* a comment that
                               goes on */
            int f(void) { LONG(1); return SHORT; }
            """,
            [("macro", "LONG", 1, 3), ("macro", "SHORT", 4, 5), ("function", "f", 6, 6)],
            id="macros",
        ),
        pytest.param(
            """
            struct outer {
                int a;
                union {
                    int b;
                    struct { int c; } d;
                };
            } __packed;
            typedef struct named { int x; } named_t;
            enum kind { A, B };
            static struct outer table[] = { { .a = 1 }, { .a = 2 } };
            """,
            [
                ("struct", "outer", 1, 7),
                ("union", "", 3, 6),
                ("struct", "", 5, 5),
                ("struct", "named", 8, 8),
                ("typedef", "named_t", 8, 8),
                ("enum", "kind", 9, 9),
                ("variable", "table", 10, 10),
            ],
            id="aggregates",
        ),
        pytest.param(
            "int f(void);\nextern int g;\nint (*hook)(int);\nint f(void)\n{\n}\n",
            [("function", "f", 4, 6)],
            id="declarations-are-no-definitions",
        ),
    ],
)
def test_definitions(text: str, expected: list[tuple[str, str, int, int]]) -> None:
    assert found(text) == expected


def test_calls_have_absolute_lines_and_leave_out_the_function_itself() -> None:
    lines = ["int f(int x)", "{", "    if (g(x)) /* h(1) */", '        return sizeof(x) + i("j()");', "}"]
    assert ctext.calls(lines, 101) == [(103, "g"), (104, "i")]


def test_digest_is_of_lines_with_their_newlines() -> None:
    # printf 'a\\nb\\n' | sha256sum
    assert ctext.digest(["a", "b"]) == "911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2"


@given(st.text(alphabet="{}()[];,=\"'/*#\\\n abif1", max_size=80))
def test_any_text_is_survived_and_every_span_lies_in_it(text: str) -> None:
    count = text.count("\n") + 1
    for definition in ctext.scan(text):
        assert 1 <= definition.span.start <= definition.span.end <= count


def test_constants_of_enums() -> None:
    text = """
    enum level {
        LOW,    /* with a remark, and a comma */
        MID = sizeof(struct { int a, b; }),
    #ifdef CONFIG_HIGH
        HIGH = 1 << 3,
    #endif
        LEVELS
    };
    enum level current_level = LOW;
    static const int table[] = { ONE, TWO };
    typedef enum { OFF, ON } state_t;
    """
    found = ctext.constants(textwrap.dedent(text).lstrip("\n"))
    assert found == [("LOW", 2), ("MID", 3), ("HIGH", 5), ("LEVELS", 7), ("OFF", 11), ("ON", 11)]
