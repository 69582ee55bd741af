"""Calls of functions: which signature is meant, and its DuckDB form; aggregates and window functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.athena import types
from localaws.athena.analysis import convert, functions
from localaws.athena.analysis.scope import Value
from localaws.athena.analysis.signatures import Signature, bind, resolve
from localaws.athena.errors import StatementError, not_supported
from localaws.athena.sql import nodes
from localaws.athena.types import Type, duckdb_type

if TYPE_CHECKING:
    from localaws.athena.analysis.expressions import Expressions

AGGREGATE_FORMS = (
    "count",
    "sum",
    "avg",
    "max",
    "min",
    "listagg",
    "approx_percentile",
    "approx_most_frequent",
    "reduce_agg",
)
# Functions of Trino that are not here: refused as such, not as if AWS did not know them.
REFUSED = frozenset(
    [
        "bar",
        "bing_tile",
        "bing_tile_at",
        "bing_tile_coordinates",
        "bing_tile_polygon",
        "bing_tile_quadkey",
        "bing_tile_zoom_level",
        "bing_tiles_around",
        "checksum",
        "classify",
        "color",
        "convex_hull_agg",
        "evaluate_classifier_predictions",
        "features",
        "from_encoded_polyline",
        "from_geojson_geometry",
        "geometry_from_hadoop_shape",
        "geometry_invalid_reason",
        "geometry_nearest_points",
        "geometry_to_bing_tiles",
        "geometry_union",
        "geometry_union_agg",
        "hash_counts",
        "intersection_cardinality",
        "inverse_beta_cdf",
        "jaccard_index",
        "learn_classifier",
        "learn_libsvm_classifier",
        "learn_libsvm_regressor",
        "learn_regressor",
        "line_interpolate_point",
        "line_interpolate_points",
        "line_locate_point",
        "make_set_digest",
        "merge_set_digest",
        "objectid",
        "objectid_timestamp",
        "qdigest_agg",
        "quantile_at_value",
        "regress",
        "render",
        "rgb",
        "simplify_geometry",
        "spatial_partitioning",
        "spatial_partitions",
        "spooky_hash_v2_32",
        "spooky_hash_v2_64",
        "tdigest_agg",
        "timestamp_objectid",
        "to_encoded_polyline",
        "to_geojson_geometry",
        "to_geometry",
        "to_spherical_geography",
        "trimmed_mean",
        "value_at_quantile",
        "values_at_quantiles",
        "version",
        "word_stem",
    ]
)


# Functions of arrays whose items must have an order.
_ORDERING = ("array_sort", "array_max", "array_min")


def is_aggregate(name: str) -> bool:
    return name in functions.aggregates or name in AGGREGATE_FORMS


def call(scope: Expressions, node: nodes.Call) -> Value:
    """Translate a call.

    Raises
    ------
    StatementError
        FUNCTION_NOT_FOUND for a function Athena has not, or has not for these types; NOT_SUPPORTED for one
        that it has
        and this one does not.
    """
    from localaws.athena.analysis.aggregates import aggregate_or_window
    from localaws.athena.analysis.special import SPECIAL

    name = node.name
    if is_aggregate(name) or name in functions.windows or node.window is not None:
        return aggregate_or_window(scope, node)
    only_aggregates_take = node.distinct or node.order or node.filter or node.nulls or node.star
    if only_aggregates_take and (name in functions.scalars or name in SPECIAL):
        raise StatementError(
            "FUNCTION_NOT_AGGREGATE",
            f"DISTINCT, FILTER and ORDER BY are only for aggregation functions, {name} is none",
            node.position,
        )
    if name in SPECIAL:
        found = SPECIAL[name](scope, node)
        if found is not None:
            return found
    if name not in functions.scalars:
        raise unknown(node)
    arguments = [scope.value(a) for a in node.arguments]
    signature, variables = choose(node, arguments, functions.scalars[name])
    if name in _ORDERING and not types.orderable(arguments[0].type):
        choose(node, arguments, [])
    return apply(signature, variables, arguments)


def unknown(node: nodes.Call) -> StatementError:
    if node.name in REFUSED or node.name.startswith("st_"):
        return not_supported(f"function '{node.name}'", node.position)
    return StatementError("FUNCTION_NOT_FOUND", f"Function '{node.name}' not registered", node.position)


def choose(
    node: nodes.Call, arguments: list[Value], signatures: list[Signature]
) -> tuple[Signature, dict[str, Type]]:
    """Find the signature that a call means: one that fits as it is, else the first that fits by coercion."""
    for exact in (True, False):
        for signature in signatures:
            wanted = list(signature.arguments)
            if signature.variadic and len(arguments) >= len(wanted):
                wanted += [wanted[-1]] * (len(arguments) - len(wanted))
            if len(wanted) != len(arguments):
                continue
            variables: dict[str, Type] = {}
            if all(bind(w, a.type, variables, exact) for w, a in zip(wanted, arguments, strict=True)):
                return signature, variables
    given = ", ".join(str(a.type) for a in arguments)
    expected = ", ".join(sorted(s.shown for s in signatures or functions.scalars[node.name]))
    raise StatementError(
        "FUNCTION_NOT_FOUND",
        f"Unexpected parameters ({given}) for function {node.name}. Expected: {expected}",
        node.position,
    )


def apply(signature: Signature, variables: dict[str, Type], arguments: list[Value]) -> Value:
    sqls, given = coerced(signature, variables, arguments)
    result = resolve(signature.result, variables, precision_source(signature, given))
    return Value(f"{fill(signature.template, sqls)}", result)


def precision_source(signature: Signature, given: list[Type]) -> Type | None:
    for kind in given:
        if kind.name == signature.result.name and kind.name != "varchar":
            return kind
    return None


def coerced(
    signature: Signature, variables: dict[str, Type], arguments: list[Value]
) -> tuple[list[str], list[Type]]:
    wanted = list(signature.arguments)
    if signature.variadic:
        wanted += [wanted[-1]] * (len(arguments) - len(wanted))
    sqls, kinds = [], []
    for want, argument in zip(wanted, arguments, strict=True):
        kind = resolve(want, variables, argument.type)
        sqls.append(convert.coerce(argument.sql, argument.type, kind))
        kinds.append(kind)
    return sqls, kinds


def fill(template: str, sqls: list[str]) -> str:
    out = template.replace("{all}", ", ".join(sqls))
    pieces = out.split("{")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        index, closed, rest = piece.partition("}")
        filled.append(sqls[int(index)] + rest if closed and index.isdigit() else "{" + piece)
    return "".join(filled)


def subscript(scope: Expressions, node: nodes.Subscript, base: Value, index: Value) -> Value:
    """``array[1]``, ``map['key']``, ``row[1]``; a missing one is an error."""
    kind = base.type
    if index.type == types.UNKNOWN and kind.name in ("array", "map"):
        return Value(f"CAST(NULL AS {duckdb_type(kind.args[-1])})", kind.args[-1])
    if kind.name == "array":
        if index.type.name not in types.INTEGERS:
            raise StatementError(
                "TYPE_MISMATCH", f"Cannot use {index.type} for subscript of {kind}", node.position
            )
        return Value(f"array_item({base.sql}, {index.sql})", kind.args[0])
    if kind.name == "map":
        if not types.coerces(index.type, kind.args[0]):
            raise StatementError(
                "TYPE_MISMATCH", f"Cannot use {index.type} for subscript of {kind}", node.position
            )
        return Value(
            f"map_item({base.sql}, {convert.coerce(index.sql, index.type, kind.args[0])})", kind.args[1]
        )
    if kind.name == "row":
        if not isinstance(index.literal, int) or isinstance(index.literal, bool):
            raise StatementError(
                "TYPE_MISMATCH", "Subscript expression on ROW requires a constant index", node.position
            )
        if not 1 <= index.literal <= len(kind.args):
            raise StatementError(
                "INVALID_FUNCTION_ARGUMENT", f"ROW index out of bounds: {index.literal}", node.position
            )
        name = types.identifier(types.field_name(kind, index.literal - 1))
        return Value(f"({base.sql}).{name}", kind.args[index.literal - 1])
    raise StatementError("TYPE_MISMATCH", f"Cannot use {index.type} for subscript of {kind}", node.position)
