"""botocore's service model at work: what a request and an answer of a JSON-protocol service may hold.

The model is the one that boto3 itself is made from, so a client and this server agree by construction. Beyond
what boto3 checks before sending, lengths, ranges, patterns and enumerations are held too, as AWS does.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, OperationNotFoundError, ServiceModel, Shape

from localaws.service import AwsError

# Gets the value, its place ("tableInput.name") and the list of what is wrong; gives the converted value.
Converter = Callable[[Any, str, list[str]], Any]

_NUMBERS: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "long": (int,),
    "float": (int, float, Decimal),
    "double": (int, float, Decimal),
}
_WIDTHS = {"integer": 32, "long": 64}  # bits, as Java has them

_SURROGATE = re.compile("[\ud800-\udfff]")
MAX_SHOWN = 1000  # characters of a wrong value, in an error's message
MAX_PROBLEMS = 20  # that a message names

#: Errors of a service that no action's model names, since any action may answer them
#: (https://docs.aws.amazon.com/glue/latest/webapi/CommonErrors.html).
COMMON_ERRORS = frozenset({
    "AccessDeniedException", "InternalServerException", "InternalServiceException",
    "InvalidSignatureException", "SerializationException", "ThrottlingException",
    "UnknownOperationException", "ValidationException",
})  # fmt: skip


class Model:
    """The actions of one service and the shapes of their requests and answers.

    Parameters
    ----------
    service_name
        As botocore names it (``glue``).
    """

    def __init__(self, service_name: str) -> None:
        self.service = ServiceModel(Loader().load_service_model(service_name, "service-2"), service_name)
        self.target_prefix = self.service.metadata["targetPrefix"]
        self.content_type = f"application/x-amz-json-{self.service.metadata['jsonVersion']}"
        self._decoders: dict[str, Converter] = {}
        self._encoders: dict[str, Converter] = {}
        self._building = threading.Lock()

    def operation(self, name: str) -> OperationModel | None:
        """Give an action's model, or None when the service knows no such action."""
        try:
            return self.service.operation_model(name)
        except OperationNotFoundError:
            return None

    def decode_request(self, operation: OperationModel, document: Any, error: str) -> dict[str, Any]:
        """Check a request's JSON and convert it: timestamps to aware datetimes, blobs to bytes.

        Raises
        ------
        AwsError
            `error`, with all that is wrong in AWS's words; SerializationException for no JSON object.
        """
        if operation.input_shape is None:
            return {}
        if not isinstance(document, dict):
            raise AwsError("SerializationException", "The request must be a JSON object.")
        problems: list[str] = []
        with self._building:
            decode = self._converter(operation.input_shape, self._decoders, self._decode)
        try:
            body = decode(document, "", problems)
        except RecursionError:
            raise AwsError("SerializationException", "The request is nested too deeply.") from None
        if problems:
            count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: "
            raise AwsError(error, count + "; ".join(problems[:MAX_PROBLEMS]))
        return body

    def encode_answer(self, operation: OperationModel, answer: dict[str, Any]) -> dict[str, Any]:
        """Check an answer and convert it to JSON: datetimes to seconds since 1970, bytes to base64.

        Raises
        ------
        ValueError
            When the answer is none that this action may give: a fault of ours.
        """
        if operation.output_shape is None:
            return {}
        problems: list[str] = []
        with self._building:
            encode = self._converter(operation.output_shape, self._encoders, self._encode)
        document = encode(answer, "", problems)
        if problems:
            raise ValueError(
                f"the answer to {operation.name} is not as the service model says: {'; '.join(problems)}"
            )
        return document

    def may_answer(self, operation: OperationModel, code: str) -> bool:
        """Tell whether an error is one that this action may answer."""
        return code in COMMON_ERRORS or any(shape.name == code for shape in operation.error_shapes)

    def _converter(
        self, shape: Shape, known: dict[str, Converter], leaf: Callable[[Shape], Converter]
    ) -> Converter:
        """Build a shape's converter once; a shape that holds itself is looked up when it is met again."""
        if shape.name in known:
            return lambda value, place, problems: known[shape.name](value, place, problems)
        known[shape.name] = lambda value, place, problems: known[shape.name](value, place, problems)
        if shape.type_name == "structure":
            built = self._structure(shape, known, leaf)
        elif shape.type_name == "list":
            built = self._list(shape, known, leaf)
        elif shape.type_name == "map":
            built = self._map(shape, known, leaf)
        else:
            built = leaf(shape)
        known[shape.name] = built
        return built

    def _structure(self, shape, known, leaf) -> Converter:
        members = {
            name: (self._converter(member, known, leaf), f".{name[:1].lower()}{name[1:]}")
            for name, member in shape.members.items()
        }
        required = shape.required_members

        def convert(value: Any, place: str, problems: list[str]) -> Any:
            if not isinstance(value, dict):
                problems.append(_wrong_type(value, place, "an object"))
                return value
            converted = {}
            for name, inner in value.items():
                if inner is None:
                    continue
                if name not in members:
                    where = f" at '{place[1:]}'" if place else ""
                    problems.append(f"Unknown member '{name}'{where}")
                    continue
                member, suffix = members[name]
                converted[name] = member(inner, place + suffix, problems)
            for name in required:
                if name not in converted:
                    problems.append(_violation(None, place + members[name][1], "not be null"))
            return converted

        return convert

    def _list(self, shape, known, leaf) -> Converter:
        member = self._converter(shape.member, known, leaf)
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if known is self._encoders:
            low = None  # a list of at least one is asked for in requests alone: AWS answers empty ones

        def convert(value: Any, place: str, problems: list[str]) -> Any:
            if not isinstance(value, list | tuple):
                problems.append(_wrong_type(value, place, "a list"))
                return value
            _check_length(value, len(value), place, low, high, problems)
            return [member(inner, f"{place}.{i}.member", problems) for i, inner in enumerate(value, 1)]

        return convert

    def _map(self, shape, known, leaf) -> Converter:
        key_of = self._converter(shape.key, known, leaf)
        value_of = self._converter(shape.value, known, leaf)
        low, high = shape.metadata.get("min"), shape.metadata.get("max")

        def convert(value: Any, place: str, problems: list[str]) -> Any:
            if not isinstance(value, dict):
                problems.append(_wrong_type(value, place, "an object"))
                return value
            _check_length(value, len(value), place, low, high, problems)
            return {
                key_of(name, place, problems): value_of(inner, f"{place}.{name}.member", problems)
                for name, inner in value.items()
            }

        return convert

    def _decode(self, shape: Shape) -> Converter:
        if shape.type_name == "timestamp":
            return _decode_timestamp
        if shape.type_name == "blob":
            return _decode_blob
        return _scalar(shape)

    def _encode(self, shape: Shape) -> Converter:
        if shape.type_name == "timestamp":
            return _encode_timestamp
        if shape.type_name == "blob":
            return _encode_blob
        return _scalar(shape)


def _scalar(shape: Shape) -> Converter:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name == "string":
        return _string(shape, low, high)
    if shape.type_name == "boolean":
        types: tuple[type, ...] = (bool,)
    else:
        types = _NUMBERS[shape.type_name]
    bits = _WIDTHS.get(shape.type_name)

    def convert(value: Any, place: str, problems: list[str]) -> Any:
        if not isinstance(value, types) or (types != (bool,) and isinstance(value, bool)):
            problems.append(_wrong_type(value, place, f"a {shape.type_name}"))
        elif bits is not None and not -(1 << bits - 1) <= value < 1 << bits - 1:
            problems.append(_violation(value, place, f"fit in {bits} bits"))
        elif low is not None and value < low:
            problems.append(_violation(value, place, f"have value greater than or equal to {low}"))
        elif high is not None and value > high:
            problems.append(_violation(value, place, f"have value less than or equal to {high}"))
        return value

    return convert


def _string(shape: Shape, low: int | None, high: int | None) -> Converter:
    allowed = frozenset(getattr(shape, "enum", None) or ())
    written = shape.metadata.get("pattern")
    pattern = _compiled(written)

    def convert(value: Any, place: str, problems: list[str]) -> Any:
        if not isinstance(value, str):
            problems.append(_wrong_type(value, place, "a string"))
            return value
        if _SURROGATE.search(value):
            # Half of a character: no UTF-8 can hold it, so neither can a file nor the state database.
            problems.append(_violation(ascii(value), place, "be valid Unicode"))
            return value
        if low is not None or high is not None:
            _check_length(value, len(value), place, low, high, problems)
        if allowed and value not in allowed:
            problems.append(
                _violation(value, place, f"satisfy enum value set: [{', '.join(sorted(allowed))}]")
            )
        if pattern is not None and pattern.fullmatch(value) is None:
            problems.append(_violation(value, place, f"satisfy regular expression pattern: {written}"))
        return value

    return convert


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    """Turn a pattern of the model, which is Java's, into Python's."""
    if pattern is None:
        return None
    # Java names the characters beyond the basic plane by their surrogates.
    pattern = pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", "\U00010000-\U0010ffff")
    pattern = pattern.replace(r"[\p{L}\p{N}\p{P}]", r"[^\s]").replace(r"\p{IsASCII}", r"\x00-\x7f")
    return re.compile(pattern)


def _check_length(
    value: Any, length: int, place: str, low: int | None, high: int | None, problems: list[str]
) -> None:
    if low is not None and length < low:
        problems.append(_violation(value, place, f"have length greater than or equal to {low}"))
    elif high is not None and length > high:
        problems.append(_violation(value, place, f"have length less than or equal to {high}"))


def _violation(value: Any, place: str, must: str) -> str:
    text = str(value)
    text = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    shown = f"Value '{text}'" if value is not None else "Value null"
    return f"{shown} at '{place.lstrip('.')}' failed to satisfy constraint: Member must {must}"


def _wrong_type(value: Any, place: str, wanted: str) -> str:
    return f"Value of type {type(value).__name__} at '{place.lstrip('.')}' must be {wanted}"


def _decode_timestamp(value: Any, place: str, problems: list[str]) -> Any:
    try:
        if isinstance(value, str):
            return datetime.fromisoformat(value).astimezone(UTC)
        if not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        pass  # told below, as a value of another type is
    problems.append(_wrong_type(value, place, "a timestamp"))
    return value


def _decode_blob(value: Any, place: str, problems: list[str]) -> Any:
    try:
        return base64.b64decode(value, validate=True)
    except (TypeError, ValueError, binascii.Error):
        problems.append(_wrong_type(value, place, "base64"))
        return value


def _encode_timestamp(value: Any, place: str, problems: list[str]) -> Any:
    if not isinstance(value, datetime) or value.tzinfo is None:
        problems.append(_wrong_type(value, place, "an aware datetime"))
        return value
    return round(value.timestamp(), 3)


def _encode_blob(value: Any, place: str, problems: list[str]) -> Any:
    if not isinstance(value, bytes):
        problems.append(_wrong_type(value, place, "bytes"))
        return value
    return base64.b64encode(value).decode()
