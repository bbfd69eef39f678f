"""Hooks of mkdocs.yml: what the manual takes from the code and from files outside of docs.

A page holds a marker in a line of its own where something is filled in when the site is built:

    <!-- names of anydoa.tracking -->     every public name of a package, from its door
    <!-- commands -->                     every command with its options, from the command line itself

Links of documents to files outside of docs lead to copies in the site, so that it works without a network.
Nothing is written into docs.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import griffe
import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "anydoa"
OUTSIDE = "source"  # folder of the site for files outside of docs

LINK = re.compile(r"(\]\()([^)#\s]+)(#[^)\s]*)?(\))")
NAMES = re.compile(r"^<!-- names of ([\w.]+) -->$", re.MULTILINE)
COMMANDS = "<!-- commands -->"
ITEM = re.compile(r"^(?:[-*]|\d+\.) ")
LOADED = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*\b(?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""")
ROLE = re.compile(r":(?:func|class|data|mod|meth|attr|exc):`(~?)([\w.]+)`")


def doors() -> dict[str, Path]:
    """Every package with a door, by its dotted name, and the stub that lists what is public."""
    return {
        ".".join(("anydoa", *path.parent.relative_to(SOURCE).parts)): path
        for path in sorted(SOURCE.rglob("__init__.pyi"))
    }


def public_names(package: str) -> list[str]:
    """What the door of a package shows, in its order; packages with a page of their own are left out."""
    names = re.findall(r"^from \S+ import \w+ as (\w+)$", doors()[package].read_text(), re.MULTILINE)
    return [name for name in names if f"{package}.{name}" not in doors()]


def render_names(package: str) -> str:
    """Directives of mkdocstrings, one for each public name."""
    return "\n\n".join(f"::: {package}.{name}" for name in public_names(package))


def render_commands() -> str:
    """Every command: what it does, how it is called, its options in a table."""
    from anydoa.cli import app

    root: Any = typer.main.get_command(app)
    context = typer.Context(root, info_name="anydoa")
    return "\n".join(_commands(root, context, "anydoa"))


def _commands(group: Any, context: Any, path: str) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        words = f"{path} {name}"
        yield f"{'#' * (len(words.split()))} {words}\n"
        yield f"{_text(command.help or '')}\n"
        below = typer.Context(command, info_name=name, parent=context)
        if hasattr(command, "list_commands"):
            yield from _commands(command, below, words)
            continue
        yield f"```text\n{command.get_usage(below).removeprefix('Usage: ')}\n```\n"
        yield "| option | what |\n|---|---|"
        records = [parameter.get_help_record(below) for parameter in command.params]
        yield from (f"| `{name.strip()}` | {_cell(what)} |" for name, what in filter(None, records))
        yield ""


def _text(text: str) -> str:
    """Words of the help as Markdown: placeholders and options stay what they are."""
    return re.sub(r"(?<![`\w-])(--?[a-z][\w-]*(?: -(?= ))?)", r"`\1`", text.replace("<", "&lt;"))


def _cell(text: str) -> str:
    return " ".join(_text(text).replace("|", "&#124;").split())


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files outside of docs that documents lead to, and those that these lead to."""
    waiting = [DOCS / file.src_uri for file in files.documentation_pages()]
    added: set[Path] = set()
    while waiting:
        for target in outside_targets(waiting.pop()):
            if target not in added and target.is_file():
                added.add(target)
                where = f"{OUTSIDE}/{target.relative_to(ROOT).as_posix()}"
                files.append(File.generated(config, where, abs_src_path=str(target)))
                if target.suffix == ".md":
                    waiting.append(target)
    return files


def outside_targets(document: Path) -> list[Path]:
    """Files outside of docs that a document links to."""
    if document.suffix != ".md" or not document.exists():
        return []
    targets = [match[2] for match in LINK.finditer(document.read_text()) if "://" not in match[2]]
    found = [Path(os.path.normpath(document.parent / target)) for target in targets]
    return [path for path in found if path.is_relative_to(ROOT) and not path.is_relative_to(DOCS)]


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill the markers, lead links to where files are in the site, and part lists from the text before."""
    markdown = NAMES.sub(lambda match: render_names(match[1]), markdown)
    if COMMANDS in markdown:
        markdown = markdown.replace(COMMANDS, render_commands())
    if question := page.meta.get("question"):
        head, title, body = markdown.partition(f"# {page.meta['title']}\n")
        line = f"\n*{question}* {page.meta['date']}, {page.meta['verdict']}.\n"
        markdown = head + title + line + body
    return part_lists(LINK.sub(lambda match: _relinked(match, page.file), markdown))


def _relinked(match: re.Match[str], file: File) -> str:
    """A link as it is from a page's place in the site."""
    opening, target, anchor, closing = match.groups(default="")
    if "://" in target or target.startswith("mailto:"):
        return match[0]
    origin = Path(str(file.abs_src_path)) if file.src_uri.startswith(OUTSIDE) else DOCS / file.src_uri
    path = Path(os.path.normpath(origin.parent / target))
    if path.is_relative_to(DOCS):
        place = path.relative_to(DOCS).as_posix()
    elif path.is_relative_to(ROOT):
        place = f"{OUTSIDE}/{path.relative_to(ROOT).as_posix()}"
    else:
        return match[0]
    here = PurePosixPath(file.src_uri).parent
    return f"{opening}{os.path.relpath(place, here)}{anchor}{closing}"


def part_lists(markdown: str) -> str:
    """Put an empty line before a list or a table that follows text at once, as this Markdown needs it."""
    lines: list[str] = []
    fenced = False
    for line in markdown.splitlines():
        fenced ^= line.lstrip().startswith("```")
        before = lines[-1] if lines else ""
        begins_list = ITEM.match(line) and not ITEM.match(before) and not before.startswith(" ")
        begins_table = line.startswith("|") and not before.startswith("|")
        if not fenced and before.strip() and (begins_list or begins_table):
            lines.append("")
        lines.append(line)
    return "\n".join(lines) + "\n"


def on_post_page(output: str, page: Page | None, config: MkDocsConfig | None) -> str:
    """Refuse a page that loads something from elsewhere, for it must work without a network and tell nobody.

    Raises:
        PluginError: naming the address.
    """
    if found := LOADED.search(output):
        raise PluginError(f"a page loads {found[1]}; keep what it needs in docs")
    return output


class Roles(griffe.Extension):
    """Turns roles of docstrings, such as ``:func:`locate` ``, into code that leads to what it names."""

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Rewrite the docstring of every module, class and function."""
        if obj.docstring:
            obj.docstring.value = ROLE.sub(_reference, obj.docstring.value)


def _reference(match: re.Match[str]) -> str:
    short, dotted = match.groups()
    shown = dotted.rpartition(".")[2] if short else dotted
    if not dotted.startswith("anydoa."):
        return f"`{shown}`"
    return f'<autoref optional identifier="{dotted}"><code>{shown}</code></autoref>'
