"""The grok formats as custom classifiers for a Glue crawler."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from logformats import grok
from logformats.definitions import LogFormat, formats


def glue_classifiers(own: Sequence[LogFormat] = ()) -> list[dict[str, str]]:
    """Grok classifiers to register in Glue, in the order in which the crawler should try them.

    Parameters
    ----------
    own
        Formats of the user's own, which come first.

    Returns
    -------
    For each: `Name`, `Classification` (the format's name), `GrokPattern` and `CustomPatterns` (every pattern
    that it uses, one a line, since Glue's own ones of the same name may differ). Fields become columns of the
    raw table, so their names have underscores for dots, and one that two branches share is numbered in the
    second.
    Limits: https://docs.aws.amazon.com/glue/latest/webapi/API_GrokClassifier.html
    """
    classifiers = []
    for definition in (*own, *formats()):
        if not (definition.glue and definition.kind == "grok"):
            continue
        used = grok.references(definition.grok, dict(definition.patterns))
        seen: Counter[str] = Counter()

        def field(found: re.Match[str], seen: Counter[str] = seen) -> str:
            name = re.sub("[^A-Za-z0-9_]", "_", found[2])
            seen[name] += 1
            number = f"_{seen[name]}" if seen[name] > 1 else ""
            return f"%{{{found[1]}:{name}{number}{found[3] or ''}}}"

        pattern = re.sub(r"%\{(\w+):([^:{}]+)(:[^{}]+)?\}", field, definition.grok)
        classifiers.append(
            {
                "Name": f"logloom-{definition.name.replace('_', '-')}",
                "Classification": definition.name,
                "GrokPattern": pattern,
                "CustomPatterns": "\n".join(f"{name} {regex}" for name, regex in used.items()),
            }
        )
    return classifiers
