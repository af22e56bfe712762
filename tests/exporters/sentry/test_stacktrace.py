import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.sentry.stacktrace import parse
from exporters.sentry.stacktrace.frames import MAX_FRAMES, Frame, Parsed

PYTHON = """Traceback (most recent call last):
  File "/app/a.py", line 3, in main
    run()
  File "/app/b.py", line 9, in run
    raise KeyError("k")
KeyError: 'k'"""
JAVA = "java.io.IOException: disk\n\tat com.example.Store.read(Store.java:10)\n\tat com.example.Main.main(Main.java:5)"
JAVA_CHAIN = """java.lang.RuntimeException: load
\tat com.example.Main.load(Main.java:8)
\tat com.example.Main.main(Main.java:5)
Caused by: java.io.IOException: disk
\tat com.example.Store.read(Store.java:10)
\t... 2 more"""
NODE = """TypeError: x is not a function
    at Cart.total (/srv/app/cart.js:10:15)
    at async handler (file:///srv/app/index.mjs:3:7)
    at node:internal/process/task_queues:95:5"""
GO = "goroutine 1 [running]:\nmain.(*Cart).Total(0xc000010000)\n\t/src/cart.go:42 +0x1d\nmain.main()\n\t/src/main.go:7 +0x25"


def parsed(text: str, platform: str = "other") -> Parsed:
    found = parse(text, platform)
    assert found is not None
    return found


def calls(text: str, platform: str = "other", which: int = -1) -> list[tuple[str, str, int]]:
    return [(frame.function, frame.filename, frame.lineno) for frame in parsed(text, platform).exceptions[which].frames]


def one(line: str, platform: str) -> Frame:
    """Return the frame of one line in a trace of its language."""
    heads = {"python": "Traceback (most recent call last):\n", "java": "a.B: c\n\t", "node": "Error: c\n    ", "go": ""}
    (frame,) = parsed(heads[platform] + line, platform).exceptions[-1].frames
    return frame


@pytest.mark.parametrize("platform", ["python", "other"])
def test_vector_python(platform: str) -> None:
    assert calls(PYTHON, platform) == [("main", "a.py", 3), ("run", "b.py", 9)]
    (thrown,) = parsed(PYTHON, platform).exceptions
    assert (thrown.type, thrown.value) == ("KeyError", "'k'")
    assert [frame.context_line for frame in thrown.frames] == ["run()", 'raise KeyError("k")']


@pytest.mark.parametrize("platform", ["java", "other"])
def test_vector_java(platform: str) -> None:
    assert calls(JAVA, platform) == [("main", "Main.java", 5), ("read", "Store.java", 10)]
    (thrown,) = parsed(JAVA, platform).exceptions
    assert (thrown.type, thrown.module, thrown.value) == ("IOException", "java.io", "disk")
    assert thrown.frames[0].module == "com.example.Main"


def test_vector_java_chain() -> None:
    cause, outer = parsed(JAVA_CHAIN).exceptions
    assert (cause.type, outer.type) == ("IOException", "RuntimeException")
    assert calls(JAVA_CHAIN, which=0) == [("main", "Main.java", 5), ("load", "Main.java", 8), ("read", "Store.java", 10)]
    assert calls(JAVA_CHAIN) == [("main", "Main.java", 5), ("load", "Main.java", 8)]


@pytest.mark.parametrize("platform", ["node", "javascript", "other"])
def test_vector_javascript(platform: str) -> None:
    (thrown,) = parsed(NODE, platform).exceptions
    assert (thrown.type, thrown.value) == ("TypeError", "x is not a function")
    assert [(f.function, f.filename, f.lineno, f.colno, f.in_app) for f in thrown.frames] == [
        ("", "node:internal/process/task_queues", 95, 5, False),
        ("handler", "/srv/app/index.mjs", 3, 7, True),
        ("Cart.total", "/srv/app/cart.js", 10, 15, True),
    ]


@pytest.mark.parametrize("platform", ["go", "other"])
def test_vector_go(platform: str) -> None:
    assert calls(GO, platform) == [("main", "main.go", 7), ("(*Cart).Total", "cart.go", 42)]
    assert [frame.module for frame in parsed(GO).exceptions[0].frames] == ["main", "main"]


def test_vector_go_package() -> None:
    (frame,) = parsed("github.com/example/shop/cart.Total(...)\n\t/src/cart/cart.go:5 +0x2").exceptions[0].frames
    assert (frame.module, frame.function) == ("github.com/example/shop/cart", "Total")


@pytest.mark.parametrize("platform", ["python", "java", "node", "go", "ruby", "other"])
@pytest.mark.parametrize("text", ["no stack here", "", "\n\n", "at", "    at ", "\tat (", "Traceback (most recent call last):"])
def test_vector_no_stack(text: str, platform: str) -> None:
    assert parse(text, platform) is None


@pytest.mark.parametrize("name", ["<lambda>", "<module>", "<listcomp>"])
def test_python_generated_names(name: str) -> None:
    assert one(f'  File "/app/a.py", line 3, in {name}', "python").function == name


@pytest.mark.parametrize(
    ("path", "filename", "in_app"),
    [
        ("/app/cart/views.py", "cart/views.py", True),
        ("/usr/lib/python3.11/site-packages/requests/api.py", "requests/api.py", False),
        ("/usr/lib/python3/dist-packages/yaml/__init__.py", "yaml/__init__.py", False),
        ("/usr/lib/python3.11/asyncio/runners.py", "asyncio/runners.py", False),
        ("<frozen importlib._bootstrap>", "<frozen importlib._bootstrap>", False),
        ("manage.py", "manage.py", True),
    ],
)
def test_python_files(path: str, filename: str, in_app: bool) -> None:
    frame = one(f'  File "{path}", line 3, in f', "python")
    assert (frame.filename, frame.abs_path, frame.in_app) == (filename, path, in_app)


def test_python_chain_markers_and_repetition() -> None:
    text = f"""{PYTHON}

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/c.py", line 1, in again
    again()
    ~~~~~^^
  [Previous line repeated 3 more times]
shop.errors.Failed: two
lines"""
    first, last = parsed(text).exceptions
    assert (first.type, last.type, last.module, last.value) == ("KeyError", "Failed", "shop.errors", "two\nlines")
    assert len(last.frames) == 4
    assert {frame.context_line for frame in last.frames} == {"again()"}


def test_python_exception_groups_are_not_parsed() -> None:
    assert parse('  + Exception Group Traceback (most recent call last):\n  |   File "/a.py", line 1, in f', "python") is None


@pytest.mark.parametrize(
    ("line", "module", "function", "filename"),
    [
        ("at java.base/java.lang.Thread.run(Thread.java:829)", "java.lang.Thread", "run", "Thread.java"),
        ("at app//com.example.A.b(A.java:1)", "com.example.A", "b", "A.java"),
        ("at app/shop@1.0/com.example.A.b(A.java:1)", "com.example.A", "b", "A.java"),
        ("at jdk.internal.Reflect.invoke0(Native Method)", "jdk.internal.Reflect", "invoke0", ""),
        (
            "at com.example.A$$Lambda$14/0x0000000800066840.run(Unknown Source)",
            "com.example.A$$Lambda$14/0x0000000800066840",
            "run",
            "",
        ),
        ("at com.example.A.lambda$run$0(A.java)", "com.example.A", "lambda$run$0", "A.java"),
        (
            "at com.example.A$$FastClassBySpringCGLIB$$1.invoke(<generated>)",
            "com.example.A$$FastClassBySpringCGLIB$$1",
            "invoke",
            "",
        ),
        ("at com.example.A.<init>(A.java:3) ~[shop.jar:1.0]", "com.example.A", "<init>", "A.java"),
    ],
)
def test_java_frames(line: str, module: str, function: str, filename: str) -> None:
    frame = one(line, "java")
    assert (frame.module, frame.function, frame.filename) == (module, function, filename)
    assert frame.in_app is module.startswith("com.example.")


def test_java_suppressed_exceptions_stay_in_the_text() -> None:
    text = "a.B: c\n\tat a.B.d(B.java:1)\n\tSuppressed: a.E: f\n\t\tat a.E.g(E.java:2)\nCaused by: a.H: i\n\tat a.H.j(H.java:3)"
    found = parsed(text, "java")
    assert [[frame.function for frame in thrown.frames] for thrown in found.exceptions] == [["j"], ["d"]]
    assert not found.complete


def test_java_messages_may_have_several_lines() -> None:
    (thrown,) = parsed('Exception in thread "main" a.B: one\ntwo\n\tat a.B.c(B.java:1)', "java").exceptions
    assert (thrown.type, thrown.value) == ("B", "one\ntwo")


@pytest.mark.parametrize(
    ("line", "function", "filename", "place", "in_app"),
    [
        ("at new Cart (/srv/a.js:1:2)", "new Cart", "/srv/a.js", (1, 2), True),
        ("at Object.<anonymous> (/srv/a.js:1:2)", "Object.<anonymous>", "/srv/a.js", (1, 2), True),
        ("at Cart.add [as put] (/srv/a.js:1:2)", "Cart.add [as put]", "/srv/a.js", (1, 2), True),
        ("at Array.map (<anonymous>)", "Array.map", "<anonymous>", (0, 0), False),
        ("at Array.sort (native)", "Array.sort", "", (0, 0), False),
        ("at eval (eval at run (/srv/a.js:1:2), <anonymous>:3:4)", "eval", "<anonymous>", (3, 4), False),
        ("at async Promise.all (index 0)", "Promise.all", "", (0, 0), False),
        ("at f (/srv/node_modules/x/y.js:1:2)", "f", "/srv/node_modules/x/y.js", (1, 2), False),
        ("at f (https://shop.test/a.js?v=1:1:2)", "f", "https://shop.test/a.js", (1, 2), True),
        ("at f (C:\\shop\\a.js:1:2)", "f", "C:\\shop\\a.js", (1, 2), True),
    ],
)
def test_javascript_frames(line: str, function: str, filename: str, place: tuple[int, int], in_app: bool) -> None:
    frame = one(line, "node")
    assert (frame.function, frame.filename, (frame.lineno, frame.colno), frame.in_app) == (function, filename, place, in_app)


def test_javascript_causes_come_first() -> None:
    text = "Error: outer\n    at f (/a.js:1:2) {\n  [cause]: TypeError: inner\n      at g (/b.js:3:4)\n}"
    assert [thrown.type for thrown in parsed(text, "node").exceptions] == ["TypeError", "Error"]


def test_the_causes_that_pino_writes_are_exceptions_of_their_own() -> None:
    outermost = "TypeError: outer\n    at f (/a.js:1:2)\n    at node:internal/main/run:5:6\n"
    text = outermost + "caused by: Declined: inner\n    at g (/b.js:3:4)"
    cause, outer = parsed(text, "node").exceptions
    assert (cause.type, cause.value, [frame.function for frame in cause.frames]) == ("Declined", "inner", ["g"])
    assert (outer.type, outer.value, [frame.function for frame in outer.frames]) == ("TypeError", "outer", ["", "f"])


@pytest.mark.parametrize(
    ("lines", "module", "function", "in_app"),
    [
        ("main.main.func1()\n\t/src/main.go:7 +0x25", "main", "main.func1", True),
        ("main.F[...](0x1)\n\t/src/main.go:7", "main", "F[...]", True),
        ("runtime.gopanic({0x1, 0x2})\n\t/usr/local/go/src/runtime/panic.go:884 +0x212", "runtime", "gopanic", False),
        ("panic({0x1, 0x2})\n\t/usr/local/go/src/runtime/panic.go:884 +0x212", "", "panic", False),
        ("net/http.(*conn).serve(0x1)\n\t/usr/local/go/src/net/http/server.go:1 +0x1", "net/http", "(*conn).serve", False),
        ("github.com/x/y.Do()\n\t/root/go/pkg/mod/github.com/x/y@v1.0.0/y.go:1 +0x1", "github.com/x/y", "Do", False),
        ("created by main.main in goroutine 1\n\t/src/main.go:7 +0x25", "main", "main", True),
    ],
)
def test_go_frames(lines: str, module: str, function: str, in_app: bool) -> None:
    frame = one(lines, "go")
    assert (frame.module, frame.function, frame.in_app) == (module, function, in_app)


def test_go_panics_are_a_chain_and_other_goroutines_are_left_out() -> None:
    text = f"panic: first [recovered]\n\tpanic: second\n\n{GO}\n\n{GO}\nexit status 2"
    first, last = parsed(text, "go").exceptions
    assert (first.value, last.value, len(last.frames)) == ("first", "second", 2)


def test_many_frames_lose_their_middle() -> None:
    lines = "".join(f'  File "/app/a.py", line {n}, in f\n' for n in range(1, 900))
    frames = parsed("Traceback (most recent call last):\n" + lines + "KeyError: 1", "python").exceptions[0].frames
    assert len(frames) == MAX_FRAMES
    assert (frames[0].lineno, frames[-1].lineno) == (1, 899)


GARBAGE = [
    "at ",
    "\tat a.b(",
    "    at x (",
    "a.b.c:1:2",
    '  File "',
    "panic: ",
    "Caused by: ",
    ":1",
    "(",
    "/lib/python3",
    "x" * 999,
    "\n\t",
]


@pytest.mark.parametrize("platform", ["python", "java", "node", "go", "other"])
@pytest.mark.parametrize("piece", GARBAGE)
def test_a_megabyte_of_garbage_is_no_stack_and_takes_time_in_proportion(piece: str, platform: str) -> None:
    def seconds(size: int) -> float:
        text = (piece * (size // len(piece) + 1))[:size]
        started = time.process_time()
        parse(text, platform)
        return time.process_time() - started

    seconds(1 << 20)
    small, large = min(seconds(1 << 14) for _ in range(3)), min(seconds(1 << 18) for _ in range(3))
    assert large <= 64 * max(small, 0.0002)  # sixteen times the text


LINES = st.sampled_from([*"\n".join([PYTHON, JAVA_CHAIN, NODE, GO]).split("\n"), *GARBAGE])


@given(st.lists(LINES | st.text(max_size=20), max_size=30), st.sampled_from(["python", "java", "node", "go", "other"]))
def test_parsing_never_fails(lines: list[str], platform: str) -> None:
    parse("\n".join(lines), platform)
