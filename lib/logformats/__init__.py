"""What a log line is: the bytes of an object in, tables of events, rejects and counts out.

The formats are data (`definitions/*.toml`), the reading is polars. Nothing of Spark or AWS is in it:

    import logformats
    for parsed in logformats.read(stream, source="web", path="s3://b/web/a.log", last_modified=moment):
        parsed.events, parsed.rejects, parsed.counts, parsed.account
"""

from logformats.account import Account, Parsed
from logformats.classifiers import glue_classifiers
from logformats.definitions import FormatError, LogFormat, formats, named
from logformats.grok import GrokError
from logformats.lines import count_newlines
from logformats.many import ParsedMany, Whole, read_many
from logformats.own import user_format, user_formats
from logformats.reader import read, splittable
from logformats.recognise import SAMPLE_BYTES, Detection, detect
from logformats.schema import LEVELS

__all__ = [
    "LEVELS",
    "SAMPLE_BYTES",
    "Account",
    "Detection",
    "FormatError",
    "GrokError",
    "LogFormat",
    "Parsed",
    "ParsedMany",
    "Whole",
    "count_newlines",
    "detect",
    "formats",
    "glue_classifiers",
    "named",
    "read",
    "read_many",
    "splittable",
    "user_format",
    "user_formats",
]
