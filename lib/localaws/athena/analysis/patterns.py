"""Patterns in strings: regular expressions, JSON paths, time formats, printf formats, each in DuckDB's
form or refused."""

from __future__ import annotations

import re

from localaws.athena import types
from localaws.athena.analysis.convert import text, varchar_of
from localaws.athena.errors import Position, StatementError, not_supported

# --- regular expressions: Trino takes Java's syntax, DuckDB RE2's ---


def regex(pattern: str, position: Position | None = None) -> str:
    """A Java pattern for RE2.

    Raises
    ------
    StatementError
        NOT_SUPPORTED for what RE2 cannot do: looking ahead and behind, back references, possessive
        quantifiers.
    """
    pattern = re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", pattern)
    outside = re.sub(r"\\.", "__", pattern)
    outside = re.sub(r"\[\^?\]?[^\]]*\]", lambda m: "c" * len(m.group()), outside)
    if re.search(r"\(\?(=|!|<=|<!|>)", outside):
        raise not_supported("a regular expression that looks ahead or behind", position)
    if re.search(r"[*+?}]\+", outside):
        raise not_supported("a possessive quantifier", position)
    if re.search(r"\\(?:[1-9]|k<)", re.sub(r"\\\\", "", pattern)):
        raise not_supported("a back reference in a regular expression", position)
    if re.search(r"&&", outside) or re.search(r"\[[^\]]*&&", pattern):
        raise not_supported("an intersection of character classes", position)
    # Java's \h, \R and \Z are not in RE2; its \d and \w are ASCII as RE2's are.
    if re.search(r"(?<!\\)(?:\\\\)*\\[hRZGX]", pattern):
        raise not_supported("this escape in a regular expression", position)
    return pattern


def _python(pattern_sql: str) -> re.Pattern | None:
    try:
        return re.compile(pattern_sql[1:-1].replace("''", "'"))
    except re.error:
        return None


def group_count(pattern_sql: str) -> int:
    compiled = _python(pattern_sql)
    if compiled is not None:
        return compiled.groups
    body = re.sub(r"\\.|\[\^?\]?[^\]]*\]", "", pattern_sql[1:-1])
    return len(re.findall(r"\((?!\?)|\(\?P<", body))


def group_names(pattern_sql: str) -> dict[str, int]:
    compiled = _python(pattern_sql)
    return dict(compiled.groupindex) if compiled is not None else {}


def replacement(value: str, groups: int, names: dict[str, int]) -> str:
    r"""A Java replacement (``$1``, ``${name}``, ``\$``) as RE2 takes it (``\1``)."""
    out, at = [], 0
    while at < len(value):
        char = value[at]
        if char == "\\":
            if at + 1 >= len(value):
                raise StatementError("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: " + value)
            out.append("\\\\" if value[at + 1] == "\\" else value[at + 1])
            at += 2
        elif char == "$":
            match = re.match(r"\$(?:(\d+)|\{(\w+)\})", value[at:])
            if match is None:
                raise StatementError("INVALID_FUNCTION_ARGUMENT", "Illegal replacement sequence: " + value)
            if match[1]:
                digits = match[1]
                while len(digits) > 1 and int(digits) > groups:  # as many digits as there are groups for
                    digits = digits[:-1]
                number, length = int(digits), 1 + len(digits)
            else:
                number, length = names.get(match[2], -1), len(match.group())
            if not 0 <= number <= groups:
                raise StatementError(
                    "INVALID_FUNCTION_ARGUMENT", f"Illegal replacement sequence: unknown group {{ {number} }}"
                )
            if number > 9:
                raise not_supported("a replacement with a group above 9")
            out.append(f"\\{number}")
            at += length
        else:
            out.append(char)
            at += 1
    return "".join(out)


# --- JSON paths ---

_STEP = re.compile(r"""\.([A-Za-z_][\w-]*)|\.?\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\.\*|\[\*\]|\.\.""")


def json_pointer(path: str, position: Position | None = None) -> str:
    """A JSON path of Trino (``$.a["b"][0]``) as a JSON pointer, which has no wildcards."""
    if not path.startswith("$"):
        path = "$." + path if path and path[0] not in ".[" else "$" + path
    at, steps = 1, []
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None:
            raise StatementError("INVALID_FUNCTION_ARGUMENT", f"Invalid JSON path: '{path}'", position)
        if match.group().endswith("*]") or match.group() in (".*", "[*]", ".."):
            raise not_supported("a JSON path with a wildcard", position)
        name = match[1] if match[1] is not None else match[2]
        if name is not None:
            steps.append(re.sub(r"\\(.)", r"\1", name).replace("~", "~0").replace("/", "~1"))
        else:
            steps.append(match[3])
        at = match.end()
    return "".join(f"/{s}" for s in steps)


# --- MySQL's time formats: date_format, date_parse. https://trino.io/docs/current/functions/datetime.html ---

_MYSQL = {
    "a": "%a",
    "b": "%b",
    "c": "%-m",
    "d": "%d",
    "e": "%-d",
    "f": "%f",
    "H": "%H",
    "h": "%I",
    "I": "%I",
    "i": "%M",
    "j": "%j",
    "k": "%-H",
    "l": "%-I",
    "M": "%B",
    "m": "%m",
    "p": "%p",
    "r": "%I:%M:%S %p",
    "S": "%S",
    "s": "%S",
    "T": "%H:%M:%S",
    "v": "%V",
    "W": "%A",
    "x": "%G",
    "Y": "%Y",
    "y": "%y",
    "%": "%%",
}


def mysql_format(pattern: str, local: str, zoned: str, position: Position | None) -> str:
    """``date_format``: DuckDB's strftime with MySQL's specifiers translated."""
    out, at = [], 0
    while at < len(pattern):
        if pattern[at] != "%":
            out.append(pattern[at])
            at += 1
            continue
        if at + 1 >= len(pattern):
            raise StatementError("INVALID_FUNCTION_ARGUMENT", f"Invalid format string: {pattern}", position)
        letter = pattern[at + 1]
        if letter in "DUuVwX":
            raise StatementError(
                "INVALID_FUNCTION_ARGUMENT", f"%{letter} not supported in date format string", position
            )
        out.append(_MYSQL.get(letter, letter))  # %x of no meaning is x
        at += 2
    return f"strftime({local}, {text(''.join(out))})" if out else f"CASE WHEN {local} IS NOT NULL THEN '' END"


def mysql_parse(pattern: str, value: str, position: Position | None) -> str:
    """``date_parse``: DuckDB's strptime; text that does not fit is an error."""
    out, at = [], 0
    while at < len(pattern):
        if pattern[at] != "%":
            out.append(pattern[at])
            at += 1
            continue
        letter = pattern[at + 1] if at + 1 < len(pattern) else ""
        if letter in "DUuVwX":
            raise StatementError(
                "INVALID_FUNCTION_ARGUMENT", f"%{letter} not supported in date format string", position
            )
        if letter in ("v", "x", "j"):
            raise not_supported(f"%{letter} in date_parse", position)
        out.append(
            {"f": "%f", "c": "%m", "e": "%d", "k": "%H", "l": "%I"}.get(letter, _MYSQL.get(letter, letter))
        )
        at += 2
    form = text("".join(out))
    bad = f"concat('INVALID_FUNCTION_ARGUMENT: Invalid format: \"', {value}, '\"')"
    parsed = f"try_strptime({value}, {form})"
    return f"checked({parsed} IS NULL AND {value} IS NOT NULL, {bad}, date_trunc('millisecond', {parsed}))"


# --- Joda's time formats: format_datetime, parse_datetime ---


def _joda_runs(pattern: str) -> list[tuple[str, int]]:
    """Cut a Joda pattern into (letter, count) and ('' + text, 0) for what stands for itself."""
    runs: list[tuple[str, int]] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "'":
            if pattern[at : at + 2] == "''":
                runs.append(("''", 0))
                at += 2
                continue
            end = at + 1
            literal = ""
            while end < len(pattern):
                if pattern[end : end + 2] == "''":
                    literal += "'"
                    end += 2
                elif pattern[end] == "'":
                    break
                else:
                    literal += pattern[end]
                    end += 1
            runs.append(("=" + literal, 0))
            at = end + 1
            continue
        if char.isalpha():
            end = at
            while end < len(pattern) and pattern[end] == char:
                end += 1
            runs.append((char, end - at))
            at = end
            continue
        runs.append(("=" + char, 0))
        at += 1
    return runs


def _padded(sql: str, width: int) -> str:
    return (
        f"lpad(CAST({sql} AS VARCHAR), CAST(greatest({width}, length(CAST({sql} AS VARCHAR))) AS "
        f"INTEGER), '0')"
    )


def joda_format(pattern: str, local: str, zoned: str, position: Position | None) -> str:
    """``format_datetime``."""
    parts: list[str] = []
    for letter, count in _joda_runs(pattern):
        if not count:
            parts.append(text("'" if letter == "''" else letter[1:]))
            continue
        parts.append(_joda_part(letter, count, local, zoned, position))
    return "(" + " || ".join(parts) + ")" if parts else f"CASE WHEN {local} IS NOT NULL THEN '' END"


def _joda_part(letter: str, count: int, local: str, zoned: str, position: Position | None) -> str:
    if letter in "yY":
        if count == 2:
            return _padded(f"year({local}) % 100", 2)
        return _padded(f"year({local})", count)
    if letter == "x":
        return _padded(f"isoyear({local}) % 100" if count == 2 else f"isoyear({local})", count)
    if letter == "M":
        if count >= 3:
            return f"strftime({local}, '{'%b' if count == 3 else '%B'}')"
        return _padded(f"month({local})", count)
    if letter == "E":
        return f"strftime({local}, '{'%a' if count <= 3 else '%A'}')"
    if letter == "a":
        return f"strftime({local}, '%p')"
    simple = {
        "d": f"day({local})",
        "D": f"dayofyear({local})",
        "e": f"isodow({local})",
        "w": f"weekofyear({local})",
        "H": f"hour({local})",
        "h": f"((hour({local}) + 11) % 12 + 1)",
        "K": f"(hour({local}) % 12)",
        "k": f"((hour({local}) + 23) % 24 + 1)",
        "m": f"minute({local})",
        "s": f"second({local})",
    }
    if letter in simple:
        return _padded(simple[letter], count)
    if letter == "S":
        digits = f"lpad(CAST(millisecond({local}) % 1000 AS VARCHAR), 3, '0')"
        return f"rpad(substr({digits}, 1, {count}), {count}, '0')"
    if letter == "Z":
        if count == 1:
            return f"replace(offset_text({zoned}, '+0000'), ':', '')"
        if count == 2:
            return f"offset_text({zoned}, '+00:00')"
        return f"({zoned}).z"
    if letter == "z":
        return f"zone_short(({zoned}).z)"
    if letter == "G":
        return f"CASE WHEN year({local}) > 0 THEN 'AD' ELSE 'BC' END"
    if letter == "C":
        return _padded(f"(year({local}) // 100)", count)
    raise StatementError(
        "INVALID_FUNCTION_ARGUMENT", f"Illegal pattern component: {letter * count}", position
    )


_JODA_PARSE = {"d": "%d", "H": "%H", "h": "%I", "m": "%M", "s": "%S", "a": "%p"}


def joda_parse(pattern: str, value: str, position: Position | None) -> str:
    """``parse_datetime``: a timestamp with time zone, UTC where the text names no zone."""
    form, zone = [], False
    for letter, count in _joda_runs(pattern):
        if not count:
            form.append("'" if letter == "''" else letter[1:].replace("%", "%%"))
        elif letter in "yY" and count != 2:
            form.append("%Y")
        elif letter in "yY":
            form.append("%y")
        elif letter == "M":
            form.append("%m" if count <= 2 else "%b" if count == 3 else "%B")
        elif letter == "E":
            form.append("%a" if count <= 3 else "%A")
        elif letter == "S":
            form.append("%f" if count > 3 else "%g")
        elif letter == "Z" and count <= 2:
            zone = True
            form.append("%z")
        elif letter in _JODA_PARSE:
            form.append(_JODA_PARSE[letter])
        else:
            raise not_supported(f"'{letter * count}' in parse_datetime", position)
    written = text("".join(form))
    bad = f"concat('INVALID_FUNCTION_ARGUMENT: Invalid format: \"', {value}, '\" is malformed')"
    if zone:
        # strptime gives the instant; the zone is the offset that the text ends with.
        if not pattern.rstrip("'").endswith("Z"):
            raise not_supported("a zone that is not at the end in parse_datetime", position)
        offset = f"regexp_extract({value}, '([+-][0-9]{{2}}:?[0-9]{{2}})$', 1)"
        parsed = f"CAST(timezone('UTC', try_strptime({value}, {written})) AS TIMESTAMP)"
        made = f"{{'i': date_trunc('millisecond', {parsed}), 'z': iso_zone({offset})}}"
    else:
        parsed = f"try_strptime({value}, {written})"
        made = f"at_utc(date_trunc('millisecond', {parsed}))"
    return (
        f"checked({parsed} IS NULL AND {value} IS NOT NULL, {bad}, CASE WHEN {value} IS NOT NULL "
        f"THEN {made} END)"
    )


# --- format(): Java's Formatter ---

_JAVA = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")


def java_format(pattern: str, values: list, position: Position | None) -> str:
    """``format('%s has %d', …)`` for the conversions that DuckDB's printf writes alike."""
    parts, at, following = [], 0, 0
    for match in _JAVA.finditer(pattern):
        if match.start() > at:
            parts.append(text(pattern[at : match.start()]))
        at = match.end()
        index, flags, width, precision, letter = match.groups()
        if letter in "%n":
            parts.append(text("%" if letter == "%" else "\n"))
            continue
        which = int(index) - 1 if index else following
        following += 0 if index else 1
        if which >= len(values):
            raise StatementError("INVALID_FUNCTION_ARGUMENT", f"Format specifier '{match.group()}'", position)
        parts.append(_java_part(values[which], flags, width, precision, letter, position))
    if at < len(pattern):
        parts.append(text(pattern[at:]))
    return "concat(" + ", ".join(parts or ["''"]) + ")"


def _java_part(value, flags: str, width: str | None, precision: str | None, letter: str, position) -> str:
    kind = value.type
    if letter == "s":
        written = (
            f"java_double({value.sql})" if kind.name in ("double", "real") else varchar_of(value.sql, kind)
        )
        if written is None:
            raise not_supported(f"format with %s of {kind}", position)
        written = f"coalesce({written}, 'null')"
        if precision:
            written = f"substr({written}, 1, {precision})"
    elif letter == "d" and kind.name in types.INTEGERS and set(flags) <= set("0-,"):
        written = f"format('{{:,}}', {value.sql})" if "," in flags else f"CAST({value.sql} AS VARCHAR)"
    elif letter == "f" and types.is_number(kind) and set(flags) <= set("0-,"):
        digits = precision or "6"
        comma = "," if "," in flags else ""
        written = (
            f"format('{{:{comma}.{digits}f}}', CAST(round(CAST({value.sql} AS DECIMAL(38,10)), "
            f"{digits}) AS DOUBLE))"
        )
    elif letter in "xX" and kind.name in types.INTEGERS and not flags:
        written = f"{'lower' if letter == 'x' else 'upper'}(hex({value.sql}))"
    else:
        raise not_supported(f"format with %{flags}{letter} of {kind}", position)
    if width:
        side, fill = ("rpad", " ") if "-" in flags else ("lpad", "0" if "0" in flags else " ")
        if fill == "0":
            if letter not in "df":
                raise not_supported("format with zero padding of text", position)
            return (
                f"CASE WHEN {value.sql} < 0 THEN '-' || lpad(substr({written}, 2), "
                f"CAST(greatest({int(width) - 1}, length({written}) - 1) AS INTEGER), '0') "
                f"ELSE lpad({written}, CAST(greatest({width}, length({written})) AS INTEGER), '0') END"
            )
        written = f"{side}({written}, CAST(greatest({width}, length({written})) AS INTEGER), '{fill}')"
    return written
