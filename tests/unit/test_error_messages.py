"""What every error says: what must hold, what was there instead; what to do."""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "anydoa"


def own_texts(message: ast.expr) -> Iterator[str]:
    """Each text that stands in a message itself, without what it takes from names and calls."""
    match message:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(text for part in parts for text in own_texts(part))
        case ast.BinOp(left=left, right=right):
            yield from (first + second for first in own_texts(left) for second in own_texts(right))
        case ast.IfExp(body=body, orelse=other):
            yield from own_texts(body)
            yield from own_texts(other)
        case _:
            yield ""


def says_a_cure(text: str) -> bool:
    """Whether a text goes on after its rule, or has no words: then it hands on those of another error."""
    return ";" in text or "?" in text or not any(sign.isalpha() for sign in text)


def test_every_error_says_what_to_do() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
    nodes = [(path, node) for path, tree in trees.items() for node in ast.walk(tree)]
    # An error with an __init__ of its own takes the cure as an argument, or says it itself.
    errors = {
        node.name
        for _, node in nodes
        if isinstance(node, ast.ClassDef)
        and node.name.endswith("Error")
        and not any(isinstance(part, ast.FunctionDef) and part.name == "__init__" for part in node.body)
    }
    calls = [(path, node) for path, node in nodes if isinstance(node, ast.Call) and node.args]
    without = [
        f"{path.relative_to(SOURCE.parents[1])}:{call.lineno}: {ast.unparse(call.args[0])}"
        for path, call in calls
        if isinstance(call.func, ast.Name) and call.func.id in errors
        if not all(map(says_a_cure, own_texts(call.args[0])))
    ]
    assert not without, "errors without a cure:\n" + "\n".join(without)
