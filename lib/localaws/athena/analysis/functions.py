"""The table of Trino's functions that the embedded Athena has: signature and DuckDB form.

One line a signature: ``name(types) -> type := DuckDB's SQL``; ``{0}`` is the first argument, ``{all}`` all of them. A single
capital is a type of the caller's choice. What needs more than a template is in `special`. A function in neither is
refused by name. https://trino.io/docs/current/functions/list.html
"""

# ruff: noqa: E501 - a line of the table is one line
from __future__ import annotations

from localaws.athena.analysis.signatures import Signature, parse_signature

SCALARS = r"""
# mathematics
abs(tinyint) -> tinyint := abs({0})
abs(smallint) -> smallint := abs({0})
abs(integer) -> integer := abs({0})
abs(bigint) -> bigint := abs({0})
abs(double) -> double := abs({0})
abs(real) -> real := abs({0})
cbrt(double) -> double := exact_root({0}, cbrt({0}))
ceil(double) -> double := ceil({0})
ceiling(double) -> double := ceil({0})
ceil(bigint) -> bigint := {0}
ceiling(bigint) -> bigint := {0}
ceil(integer) -> integer := {0}
ceiling(integer) -> integer := {0}
floor(double) -> double := floor({0})
floor(bigint) -> bigint := {0}
floor(integer) -> integer := {0}
degrees(double) -> double := degrees({0})
radians(double) -> double := radians({0})
e() -> double := exp(CAST(1 AS DOUBLE))
pi() -> double := pi()
exp(double) -> double := exp({0})
ln(double) -> double := safe_log({0}, ln({0}))
log2(double) -> double := safe_log({0}, log2({0}))
log10(double) -> double := safe_log({0}, log10({0}))
log(double, double) -> double := safe_log({1}, ln({1}) / ln({0}))
mod(tinyint, tinyint) -> tinyint := remainder({0}, {1})
mod(smallint, smallint) -> smallint := remainder({0}, {1})
mod(integer, integer) -> integer := remainder({0}, {1})
mod(bigint, bigint) -> bigint := remainder({0}, {1})
mod(double, double) -> double := ({0} % {1})
pow(double, double) -> double := pow({0}, {1})
power(double, double) -> double := pow({0}, {1})
sqrt(double) -> double := sqrt({0})
sign(double) -> double := CAST(sign({0}) AS DOUBLE)
sign(bigint) -> bigint := CAST(sign({0}) AS BIGINT)
sign(integer) -> integer := CAST(sign({0}) AS INTEGER)
truncate(double) -> double := trunc({0})
sin(double) -> double := sin({0})
cos(double) -> double := cos({0})
tan(double) -> double := tan({0})
asin(double) -> double := CASE WHEN abs({0}) <= 1 THEN asin({0}) WHEN {0} IS NOT NULL THEN CAST('NaN' AS DOUBLE) END
acos(double) -> double := CASE WHEN abs({0}) <= 1 THEN acos({0}) WHEN {0} IS NOT NULL THEN CAST('NaN' AS DOUBLE) END
atan(double) -> double := atan({0})
atan2(double, double) -> double := atan2({0}, {1})
sinh(double) -> double := sinh({0})
cosh(double) -> double := cosh({0})
tanh(double) -> double := tanh({0})
infinity() -> double := CAST('Infinity' AS DOUBLE)
nan() -> double := CAST('NaN' AS DOUBLE)
is_nan(double) -> boolean := isnan({0})
is_nan(real) -> boolean := isnan({0})
is_infinite(double) -> boolean := isinf({0})
is_finite(double) -> boolean := isfinite({0})
rand() -> double := random()
random() -> double := random()
random(integer) -> integer := random_below(0, {0})
random(bigint) -> bigint := CAST(random_below(0, {0}) AS BIGINT)
random(integer, integer) -> integer := CAST(random_below({0}, {1}) AS INTEGER)
random(bigint, bigint) -> bigint := CAST(random_below({0}, {1}) AS BIGINT)
width_bucket(double, double, double, bigint) -> bigint := bucket({0}, {1}, {2}, {3})
to_base(bigint, bigint) -> varchar := lower(to_base_text({0}, {1}))
bitwise_and(bigint, bigint) -> bigint := ({0} & {1})
bitwise_or(bigint, bigint) -> bigint := ({0} | {1})
bitwise_xor(bigint, bigint) -> bigint := xor({0}, {1})
bitwise_not(bigint) -> bigint := (~{0})
# strings
chr(bigint) -> varchar(1) := chr(CAST({0} AS INTEGER))
codepoint(varchar) -> integer := one_codepoint({0})
concat_ws(varchar, varchar...) -> varchar := CASE WHEN {0} IS NOT NULL THEN concat_ws({all}) END
concat_ws(varchar, array(varchar)) -> varchar := CASE WHEN {0} IS NOT NULL THEN coalesce(array_to_string(list_filter({1}, lambda x: x IS NOT NULL), {0}), '') END
hamming_distance(varchar, varchar) -> bigint := hamming_of({0}, {1})
length(varchar) -> bigint := length({0})
length(varbinary) -> bigint := octet_length({0})
levenshtein_distance(varchar, varchar) -> bigint := CAST(levenshtein({0}, {1}) AS BIGINT)
lower(varchar(x)) -> varchar(x) := lower({0})
upper(varchar(x)) -> varchar(x) := upper({0})
lpad(varchar, bigint, varchar) -> varchar := padded({0}, {1}, {2}, lpad({0}, CAST({1} AS INTEGER), {2}))
rpad(varchar, bigint, varchar) -> varchar := padded({0}, {1}, {2}, rpad({0}, CAST({1} AS INTEGER), {2}))
ltrim(varchar(x)) -> varchar(x) := ltrim({0}, whitespace())
rtrim(varchar(x)) -> varchar(x) := rtrim({0}, whitespace())
trim(varchar(x)) -> varchar(x) := trim({0}, whitespace())
ltrim(varchar(x), varchar) -> varchar(x) := ltrim({0}, {1})
rtrim(varchar(x), varchar) -> varchar(x) := rtrim({0}, {1})
trim(varchar(x), varchar) -> varchar(x) := trim({0}, {1})
position(varchar, varchar) -> bigint := strpos({1}, {0})
replace(varchar(x), varchar) -> varchar(x) := replace({0}, {1}, '')
replace(varchar, varchar, varchar) -> varchar := replace_text({0}, {1}, {2})
reverse(varchar(x)) -> varchar(x) := list_aggregate(list_reverse(string_codepoints({0})), 'string_agg', '')
reverse(array(T)) -> array(T) := list_reverse({0})
split(varchar(x), varchar) -> array(varchar(x)) := string_split({0}, not_empty({1}))
split(varchar(x), varchar, bigint) -> array(varchar(x)) := split_limited({0}, not_empty({1}), {2})
split_part(varchar(x), varchar, bigint) -> varchar(x) := nth_part(string_split({0}, not_empty({1})), {2})
split_to_map(varchar, varchar, varchar) -> map(varchar, varchar) := map_of_pairs({0}, {1}, {2})
starts_with(varchar, varchar) -> boolean := starts_with({0}, {1})
ends_with(varchar, varchar) -> boolean := ends_with({0}, {1})
strpos(varchar, varchar) -> bigint := strpos({0}, {1})
strpos(varchar, varchar, bigint) -> bigint := nth_position({0}, {1}, {2})
substr(varchar(x), bigint) -> varchar(x) := text_from({0}, {1})
substr(varchar(x), bigint, bigint) -> varchar(x) := text_part({0}, {1}, {2})
substring(varchar(x), bigint) -> varchar(x) := text_from({0}, {1})
substring(varchar(x), bigint, bigint) -> varchar(x) := text_part({0}, {1}, {2})
translate(varchar, varchar, varchar) -> varchar := translate({0}, {1}, {2})
from_utf8(varbinary) -> varchar := decode({0})
to_utf8(varchar) -> varbinary := encode({0})
normalize(varchar) -> varchar := nfc_normalize({0})
luhn_check(varchar) -> boolean := luhn({0})
# binary
to_hex(varbinary) -> varchar := upper(hex({0}))
from_hex(varchar) -> varbinary := unhex({0})
from_hex(varbinary) -> varbinary := unhex(decode({0}))
to_base64(varbinary) -> varchar := to_base64({0})
from_base64(varchar) -> varbinary := from_base64({0})
to_base64url(varbinary) -> varchar := replace(replace(to_base64({0}), '+', '-'), '/', '_')
md5(varbinary) -> varbinary := unhex(md5({0}))
sha1(varbinary) -> varbinary := unhex(sha1({0}))
sha256(varbinary) -> varbinary := unhex(sha256({0}))
# regular expressions
regexp_count(varchar, varchar) -> bigint := len(regexp_extract_all({0}, {1}))
regexp_extract_all(varchar, varchar) -> array(varchar) := regexp_extract_all({0}, {1})
regexp_like(varchar, varchar) -> boolean := regexp_matches({0}, {1})
regexp_split(varchar, varchar) -> array(varchar) := regexp_split_to_array({0}, {1})
# dates and times
date(varchar) -> date := date_text({0})
date(timestamp) -> date := CAST({0} AS DATE)
date(timestamp with time zone) -> date := CAST(local_time({0}) AS DATE)
day(date) -> bigint := day({0})
day(timestamp) -> bigint := day({0})
day_of_month(date) -> bigint := day({0})
day_of_month(timestamp) -> bigint := day({0})
day_of_week(date) -> bigint := isodow({0})
day_of_week(timestamp) -> bigint := isodow({0})
dow(date) -> bigint := isodow({0})
dow(timestamp) -> bigint := isodow({0})
day_of_year(date) -> bigint := dayofyear({0})
day_of_year(timestamp) -> bigint := dayofyear({0})
doy(date) -> bigint := dayofyear({0})
doy(timestamp) -> bigint := dayofyear({0})
hour(timestamp) -> bigint := hour({0})
hour(time) -> bigint := hour({0})
minute(timestamp) -> bigint := minute({0})
minute(time) -> bigint := minute({0})
second(timestamp) -> bigint := second({0})
second(time) -> bigint := second({0})
millisecond(timestamp) -> bigint := (millisecond({0}) % 1000)
millisecond(time) -> bigint := (millisecond({0}) % 1000)
month(date) -> bigint := month({0})
month(timestamp) -> bigint := month({0})
quarter(date) -> bigint := quarter({0})
quarter(timestamp) -> bigint := quarter({0})
week(date) -> bigint := weekofyear({0})
week(timestamp) -> bigint := weekofyear({0})
week_of_year(date) -> bigint := weekofyear({0})
week_of_year(timestamp) -> bigint := weekofyear({0})
year(date) -> bigint := year({0})
year(timestamp) -> bigint := year({0})
year_of_week(date) -> bigint := isoyear({0})
year_of_week(timestamp) -> bigint := isoyear({0})
yow(date) -> bigint := isoyear({0})
yow(timestamp) -> bigint := isoyear({0})
last_day_of_month(date) -> date := last_day({0})
last_day_of_month(timestamp) -> date := last_day({0})
from_unixtime(double) -> timestamp with time zone := at_utc(make_timestamp(CAST(round({0} * 1000) AS BIGINT) * 1000))
from_unixtime(double, varchar) -> timestamp with time zone := {'i': make_timestamp(CAST(round({0} * 1000) AS BIGINT) * 1000), 'z': {1}}
to_unixtime(timestamp) -> double := (epoch_us({0}) / CAST(1000000 AS DOUBLE))
to_unixtime(timestamp with time zone) -> double := (epoch_us(({0}).i) / CAST(1000000 AS DOUBLE))
from_iso8601_date(varchar) -> date := date_text({0})
from_iso8601_timestamp(varchar) -> timestamp with time zone := iso_timestamp({0})
to_iso8601(date) -> varchar := strftime({0}, '%Y-%m-%d')
to_iso8601(timestamp) -> varchar := strftime({0}, '%Y-%m-%dT%H:%M:%S.%g')
to_iso8601(timestamp with time zone) -> varchar := (strftime(local_time({0}), '%Y-%m-%dT%H:%M:%S.%g') || offset_text({0}, 'Z'))
to_milliseconds(interval day to second) -> bigint := {0}
with_timezone(timestamp, varchar) -> timestamp with time zone := at_zone({0}, {1})
timezone_hour(timestamp with time zone) -> bigint := (offset_minutes({0}) // 60)
timezone_minute(timestamp with time zone) -> bigint := (offset_minutes({0}) % 60)
timezone(timestamp with time zone) -> varchar := ({0}).z
human_readable_seconds(double) -> varchar := human_seconds(CAST(round({0}) AS BIGINT))
current_timezone() -> varchar := 'UTC'
# JSON
is_json_scalar(varchar) -> boolean := (json_type(json({0})) NOT IN ('OBJECT', 'ARRAY'))
is_json_scalar(json) -> boolean := (json_type({0}) NOT IN ('OBJECT', 'ARRAY'))
json_array_length(varchar) -> bigint := CASE WHEN json_valid({0}) AND json_type({0}) = 'ARRAY' THEN CAST(json_array_length({0}) AS BIGINT) END
json_array_length(json) -> bigint := CASE WHEN json_type({0}) = 'ARRAY' THEN CAST(json_array_length({0}) AS BIGINT) END
json_format(json) -> varchar := {0}
json_parse(varchar) -> json := parsed_json({0})
# URLs
url_extract_fragment(varchar(x)) -> varchar(x) := CASE WHEN url_ok({0}) THEN regexp_extract({0}, '#(.*)$', 1) END
url_extract_host(varchar(x)) -> varchar(x) := CASE WHEN url_ok({0}) THEN regexp_extract({0}, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:\[]*|\[[^\]]*\])', 1) END
url_extract_parameter(varchar(x), varchar) -> varchar(x) := url_parameter({0}, {1})
url_extract_path(varchar(x)) -> varchar(x) := CASE WHEN url_ok({0}) THEN url_decode_path(regexp_extract({0}, '^(?:[A-Za-z][A-Za-z0-9+.-]*:)?(?://[^/?#]*)?([^?#]*)', 1)) END
url_extract_port(varchar) -> bigint := CASE WHEN url_ok({0}) THEN TRY_CAST(nullif(regexp_extract({0}, '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*?:([0-9]+)(?:[/?#]|$)', 1), '') AS BIGINT) END
url_extract_protocol(varchar(x)) -> varchar(x) := CASE WHEN url_ok({0}) THEN regexp_extract({0}, '^([A-Za-z][A-Za-z0-9+.-]*):', 1) END
url_extract_query(varchar(x)) -> varchar(x) := CASE WHEN url_ok({0}) THEN regexp_extract({0}, '^[^?#]*\?([^#]*)', 1) END
url_encode(varchar) -> varchar := replace(replace(replace(url_encode({0}), '%20', '+'), '~', '%7E'), '%2A', '*')
url_decode(varchar(x)) -> varchar(x) := url_decode(replace({0}, '+', ' '))
# arrays
array_distinct(array(T)) -> array(T) := distinct_items({0})
array_except(array(T), array(T)) -> array(T) := list_filter(distinct_items({0}), lambda x: NOT has_item({1}, x))
array_intersect(array(T), array(T)) -> array(T) := list_filter(distinct_items({0}), lambda x: has_item({1}, x))
array_union(array(T), array(T)) -> array(T) := distinct_items(list_concat({0}, {1}))
array_join(array(T), varchar) -> varchar := array_to_string(list_filter({0}, lambda x: x IS NOT NULL), {1})
array_join(array(T), varchar, varchar) -> varchar := array_to_string(list_transform({0}, lambda x: coalesce(CAST(x AS VARCHAR), {2})), {1})
array_max(array(T)) -> T := CASE WHEN NOT has_null({0}) THEN list_max({0}) END
array_min(array(T)) -> T := CASE WHEN NOT has_null({0}) THEN list_min({0}) END
array_position(array(T), T) -> bigint := CASE WHEN {0} IS NOT NULL AND {1} IS NOT NULL THEN CAST(coalesce(list_position({0}, {1}), 0) AS BIGINT) END
array_remove(array(T), T) -> array(T) := CASE WHEN {1} IS NOT NULL THEN list_filter({0}, lambda x: x IS NULL OR x <> {1}) END
array_sort(array(T)) -> array(T) := list_sort({0}, 'ASC', 'NULLS LAST')
arrays_overlap(array(T), array(T)) -> boolean := overlap({0}, {1})
cardinality(array(T)) -> bigint := CAST(len({0}) AS BIGINT)
cardinality(map(K, V)) -> bigint := CAST(cardinality({0}) AS BIGINT)
contains(array(T), T) -> boolean := contains_item({0}, {1})
flatten(array(array(T))) -> array(T) := flatten({0})
repeat(T, integer) -> array(T) := list_transform(range(0, {1}), lambda i: {0})
repeat(T, bigint) -> array(T) := list_transform(range(0, {1}), lambda i: {0})
shuffle(array(T)) -> array(T) := {0}
slice(array(T), bigint, bigint) -> array(T) := array_part({0}, {1}, {2})
trim_array(array(T), bigint) -> array(T) := {0}[1:len({0}) - {1}]
array_first(array(T)) -> T := {0}[1]
array_last(array(T)) -> T := {0}[-1]
# maps
map_keys(map(K, V)) -> array(K) := map_keys({0})
map_values(map(K, V)) -> array(V) := map_values({0})
"""

AGGREGATES = r"""
any_value(T) -> T := any_value({0})
arbitrary(T) -> T := any_value({0})
array_agg(T) -> array(T) := list({0})
avg(bigint) -> double := avg({0})
avg(double) -> double := avg({0})
avg(real) -> real := avg({0}) => CAST({} AS FLOAT)
avg(interval day to second) -> interval day to second := avg({0}) => CAST(trunc({}) AS BIGINT)
bool_and(boolean) -> boolean := bool_and({0})
bool_or(boolean) -> boolean := bool_or({0})
every(boolean) -> boolean := bool_and({0})
bitwise_and_agg(bigint) -> bigint := bit_and({0})
bitwise_or_agg(bigint) -> bigint := bit_or({0})
bitwise_xor_agg(bigint) -> bigint := bit_xor({0})
corr(double, double) -> double := corr({0}, {1})
count_if(boolean) -> bigint := count(CASE WHEN {0} THEN 1 END) => CAST({} AS BIGINT)
covar_pop(double, double) -> double := covar_pop({0}, {1})
covar_samp(double, double) -> double := covar_samp({0}, {1})
geometric_mean(double) -> double := avg(ln({0})) => exp({})
max(T) -> T := max({0})
min(T) -> T := min({0})
max_by(T, U) -> T := arg_max_null({0}, {1})
min_by(T, U) -> T := arg_min_null({0}, {1})
regr_intercept(double, double) -> double := regr_intercept({0}, {1})
regr_slope(double, double) -> double := regr_slope({0}, {1})
skewness(double) -> double := list({0}) => skewness_of({})
kurtosis(double) -> double := list({0}) => kurtosis_of({})
stddev(double) -> double := stddev_samp({0})
stddev_samp(double) -> double := stddev_samp({0})
stddev_pop(double) -> double := stddev_pop({0})
variance(double) -> double := var_samp({0})
var_samp(double) -> double := var_samp({0})
var_pop(double) -> double := var_pop({0})
sum(bigint) -> bigint := sum({0}) => CAST({} AS BIGINT)
sum(double) -> double := sum({0})
sum(real) -> real := sum({0}) => CAST({} AS FLOAT)
sum(interval day to second) -> interval day to second := sum({0}) => CAST({} AS BIGINT)
sum(interval year to month) -> interval year to month := sum({0}) => CAST({} AS INTEGER)
approx_distinct(T) -> bigint := count(DISTINCT {0})
approx_distinct(T, double) -> bigint := count(DISTINCT {0})
approx_percentile(bigint, double) -> bigint := quantile_disc({0}, {1})
approx_percentile(double, double) -> double := quantile_disc({0}, {1})
approx_percentile(real, double) -> real := quantile_disc({0}, {1})
approx_percentile(bigint, array(double)) -> array(bigint) := quantile_disc({0}, {1})
approx_percentile(double, array(double)) -> array(double) := quantile_disc({0}, {1})
histogram(T) -> map(T, bigint) := histogram({0})
map_agg(K, V) -> map(K, V) := list({'key': {0}, 'value': {1}}) => map_of_entries({})
multimap_agg(K, V) -> map(K, array(V)) := list({'key': {0}, 'value': {1}}) => multimap_of_entries({})
"""

WINDOWS = r"""
row_number() -> bigint := row_number()
rank() -> bigint := rank()
dense_rank() -> bigint := dense_rank()
percent_rank() -> double := percent_rank()
cume_dist() -> double := cume_dist()
ntile(bigint) -> bigint := ntile({0})
first_value(T) -> T := first_value({0})
last_value(T) -> T := last_value({0})
nth_value(T, bigint) -> T := nth_value({0}, {1})
lag(T) -> T := lag({0})
lag(T, bigint) -> T := lag({0}, {1})
lag(T, bigint, T) -> T := lag({0}, {1}, {2})
lead(T) -> T := lead({0})
lead(T, bigint) -> T := lead({0}, {1})
lead(T, bigint, T) -> T := lead({0}, {1}, {2})
"""


def _read(table: str) -> dict[str, list[Signature]]:
    found: dict[str, list[Signature]] = {}
    for line in table.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        signature, template = line.split(" := ", 1)
        template, _, outer = template.partition(" => ")
        name, parsed = parse_signature(signature, template.strip(), outer.strip() or "{}")
        found.setdefault(name, []).append(parsed)
    return found


scalars = _read(SCALARS)
aggregates = _read(AGGREGATES)
windows = _read(WINDOWS)
