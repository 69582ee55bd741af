-- What Trino means and DuckDB does otherwise, as macros that the translated statements call.
-- checked(bad, reason, value) stops the statement at a row that is bad: a text that is no boolean does it, and not
-- error(), which TRY would not take. It stands in a result of CASE and in a lambda, since DuckDB works out constant
-- conditions, and values that can only be NULL, before it runs.
CREATE MACRO checked(bad, reason, v) AS CASE WHEN bad
    THEN list_filter([v], lambda _v: CAST(concat('ATHENA:', reason) AS BOOLEAN))[1] ELSE v END;

-- Times with a zone are {i: instant in UTC, z: zone}.
CREATE MACRO zone_id(z) AS CASE
    WHEN starts_with(z, '+') OR starts_with(z, '-') THEN 'GMT' || z
    WHEN z IN ('Z', 'z') THEN 'UTC' ELSE z END;
CREATE MACRO at_utc(t) AS CASE WHEN t IS NOT NULL THEN {'i': CAST(t AS TIMESTAMP), 'z': 'UTC'} END;
-- Of two instants that a clock shows alike, when it is put back, Java takes the first and DuckDB the second.
CREATE MACRO later_utc(t, z) AS timezone('UTC', timezone(zone_id(z), CAST(t AS TIMESTAMP)));
CREATE MACRO in_utc(t, z) AS CASE WHEN z = 'UTC' THEN CAST(t AS TIMESTAMP) ELSE list_transform([{'u': later_utc(t, z), 't': CAST(t AS TIMESTAMP), 'z': zone_id(z)}],
    lambda _p: CASE WHEN timezone(_p.z, timezone('UTC', _p.u - INTERVAL 1 HOUR)) = _p.t THEN _p.u - INTERVAL 1 HOUR ELSE _p.u END)[1] END;
CREATE MACRO at_zone(t, z) AS list_transform([{'t': CAST(t AS TIMESTAMP), 'z': z}], lambda _q: CASE WHEN _q.t IS NOT NULL AND _q.z IS NOT NULL THEN {'i': in_utc(_q.t, _q.z), 'z': _q.z} END)[1];
CREATE MACRO local_time(v) AS CASE WHEN (v).z = 'UTC' THEN (v).i
    ELSE timezone(zone_id((v).z), timezone('UTC', (v).i)) END;

-- Text to values. Trino takes less than DuckDB: no spaces, no underscores, no fractions in whole numbers.
CREATE MACRO bad_cast(s, kind) AS concat('INVALID_CAST_ARGUMENT: Cannot cast ''', s, ''' to ', kind);
CREATE MACRO whole_text(s, kind) AS checked(NOT regexp_full_match(s, '[+-]?[0-9]+'), bad_cast(s, kind), s);
CREATE MACRO number_text(s, kind) AS checked(NOT regexp_full_match(s, '\s*[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]?|NaN|Infinity)\s*'), bad_cast(s, kind), rtrim(trim(s), 'dDfF'));
CREATE MACRO decimal_text(s, kind) AS checked(NOT regexp_full_match(s, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?'), concat('INVALID_CAST_ARGUMENT: Cannot cast VARCHAR ''', s, ''' to ', kind, '. Value is not a number.'), s);
CREATE MACRO boolean_text(s) AS CASE
    WHEN lower(s) IN ('t', 'true', '1') THEN true
    WHEN lower(s) IN ('f', 'false', '0') THEN false
    ELSE checked(s IS NOT NULL, bad_cast(s, 'BOOLEAN'), CAST(NULL AS BOOLEAN)) END;
CREATE MACRO date_text(s) AS checked(NOT regexp_full_match(s, '\s*[+-]?[0-9]{1,6}-[0-9]{1,2}-[0-9]{1,2}\s*') OR TRY_CAST(s AS DATE) IS NULL AND s IS NOT NULL, concat('INVALID_CAST_ARGUMENT: Value cannot be cast to date: ', s), TRY_CAST(s AS DATE));
CREATE MACRO timestamp_text(s) AS checked(NOT regexp_full_match(s, '[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,12})?)?)?')
            OR TRY_CAST(s AS TIMESTAMP) IS NULL AND s IS NOT NULL, concat('INVALID_CAST_ARGUMENT: Value cannot be cast to timestamp: ', s), TRY_CAST(s AS TIMESTAMP));
CREATE MACRO zoned_text(s) AS checked(NOT regexp_full_match(s, '[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,12})?)?)?( ?[A-Za-z][A-Za-z0-9_/+-]*| ?[+-][0-9]{2}:[0-9]{2})?'), concat('INVALID_CAST_ARGUMENT: Value cannot be cast to timestamp with time zone: ', s), at_zone(
        CAST(regexp_extract(s, '^[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,12})?)?)?') AS TIMESTAMP),
        coalesce(nullif(regexp_extract(s, '([A-Za-z][A-Za-z0-9_/+-]*|[+-][0-9]{2}:[0-9]{2})$', 1), ''), 'UTC')));
CREATE MACRO time_text(s) AS checked(NOT regexp_full_match(s, '[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,12})?)?') OR TRY_CAST(s AS TIME) IS NULL AND s IS NOT NULL, concat('INVALID_CAST_ARGUMENT: Value cannot be cast to time: ', s), TRY_CAST(CASE WHEN length(s) - length(replace(s, ':', '')) = 1 THEN s || ':00' ELSE s END AS TIME));
CREATE MACRO whole(x, kind) AS checked(isnan(x) OR round(x) NOT BETWEEN CASE kind WHEN 'TINYINT' THEN -128 WHEN 'SMALLINT' THEN -32768 WHEN 'INT' THEN -2147483648 ELSE -9223372036854775808e0 END
    AND CASE kind WHEN 'TINYINT' THEN 127 WHEN 'SMALLINT' THEN 32767 WHEN 'INT' THEN 2147483647 ELSE 9223372036854774784e0 END,
    concat('INVALID_CAST_ARGUMENT: Unable to cast ', java_double(x), ' to ', CASE kind WHEN 'INT' THEN 'integer' ELSE lower(kind) END), CASE WHEN NOT isnan(x) THEN round(x) END);
CREATE MACRO fitting_text(s, length_, kind) AS checked(length(s) > length_, concat('INVALID_CAST_ARGUMENT: Value ', s, ' cannot be represented as varchar(', length_, ')'), s);

-- Values to text. DuckDB writes the shortest digits that give the number back, as Java does, but places them otherwise.
CREATE MACRO number_digits(s) AS CASE WHEN contains(s, 'e') THEN replace(split_part(s, 'e', 1), '.', '')
    ELSE ltrim(replace(s, '.', ''), '0') END;
CREATE MACRO number_exponent(s) AS CASE
    WHEN contains(s, 'e') THEN CAST(split_part(s, 'e', 2) AS INTEGER)
    WHEN starts_with(s, '0.') THEN -1 - (length(split_part(s, '.', 2)) - length(ltrim(split_part(s, '.', 2), '0')))
    ELSE length(split_part(s, '.', 1)) - 1 END;
CREATE MACRO scientific_digits(d) AS d[1] || '.' || CASE WHEN rtrim(d[2:], '0') = '' THEN '0' ELSE rtrim(d[2:], '0') END;
CREATE MACRO sign_text(x) AS CASE WHEN x < 0 OR signbit(x) THEN '-' ELSE '' END;
CREATE MACRO scientific_text(x) AS CASE
    WHEN x IS NULL THEN NULL WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
    WHEN x = 0 THEN sign_text(x) || '0.0E0'
    ELSE sign_text(x) || scientific_digits(number_digits(CAST(abs(x) AS VARCHAR))) || 'E' || number_exponent(CAST(abs(x) AS VARCHAR)) END;
CREATE MACRO java_double(x) AS CASE
    WHEN x IS NULL THEN NULL WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
    WHEN x = 0 THEN sign_text(x) || '0.0'
    WHEN abs(x) >= 0.001 AND abs(x) < 10000000 THEN CAST(x AS VARCHAR)
    ELSE scientific_text(x) END;
CREATE MACRO day_to_second_text(ms) AS concat(CASE WHEN ms < 0 THEN '-' ELSE '' END, abs(ms) // 86400000, ' ',
    lpad(CAST(abs(ms) // 3600000 % 24 AS VARCHAR), 2, '0'), ':', lpad(CAST(abs(ms) // 60000 % 60 AS VARCHAR), 2, '0'), ':',
    lpad(CAST(abs(ms) // 1000 % 60 AS VARCHAR), 2, '0'), '.', lpad(CAST(abs(ms) % 1000 AS VARCHAR), 3, '0'));
CREATE MACRO year_to_month_text(m) AS concat(CASE WHEN m < 0 THEN '-' ELSE '' END, abs(m) // 12, '-', abs(m) % 12);
CREATE MACRO bytes_text(b) AS rtrim(regexp_replace(lower(hex(b)), '(..)', '\1 ', 'g'));

-- Arithmetic.
CREATE MACRO narrowed(x) AS CAST(CASE WHEN abs(x) >= 3.4028235677973366e38 AND NOT isnan(x) THEN CASE WHEN x > 0 THEN CAST('Infinity' AS DOUBLE) ELSE CAST('-Infinity' AS DOUBLE) END ELSE x END AS FLOAT);
CREATE MACRO divide_whole(a, b) AS checked(b = 0, 'DIVISION_BY_ZERO: Division by zero', a // b);
CREATE MACRO remainder(a, b) AS checked(b = 0, 'DIVISION_BY_ZERO: Division by zero', a % b);
CREATE MACRO half_up(n, d) AS CASE WHEN (n < 0) <> (d < 0) THEN -1 ELSE 1 END * ((2 * abs(n) + abs(d)) // (2 * abs(d)));
CREATE MACRO divide_units(n, d) AS checked(d = 0, 'DIVISION_BY_ZERO: Division by zero', half_up(n, d));
CREATE MACRO average_units(total, n) AS CASE WHEN n = 0 THEN NULL ELSE half_up(total, n) END;

-- JSON values are their text.
CREATE MACRO json_as_text(j) AS CASE json_type(j) WHEN 'NULL' THEN NULL WHEN 'VARCHAR' THEN json_extract_string(j, '$')
    WHEN 'OBJECT' THEN checked(true, 'INVALID_CAST_ARGUMENT: Cannot cast to varchar. Unexpected token when cast to varchar: {', '')
    WHEN 'ARRAY' THEN checked(true, 'INVALID_CAST_ARGUMENT: Cannot cast to varchar. Unexpected token when cast to varchar: [', '')
    WHEN 'DOUBLE' THEN scientific_text(TRY_CAST(CAST(j AS VARCHAR) AS DOUBLE)) ELSE CAST(j AS VARCHAR) END;
CREATE MACRO json_as_scalar(j, kind) AS CASE WHEN json_type(j) = 'NULL' THEN NULL
    ELSE checked(json_type(j) IN ('OBJECT', 'ARRAY'), concat('INVALID_CAST_ARGUMENT: Cannot cast to ', kind), json_extract_string(j, '$')) END;
CREATE MACRO json_whole(j, kind) AS CASE
    WHEN json_type(j) = 'DOUBLE' THEN CAST(round(CAST(j AS DOUBLE)) AS BIGINT)
    WHEN json_type(j) = 'BOOLEAN' THEN CASE WHEN j = 'true' THEN 1 ELSE 0 END
    ELSE CAST(whole_text(json_as_scalar(j, lower(kind)), kind) AS BIGINT) END;
CREATE MACRO json_items(j) AS CASE WHEN json_type(j) = 'NULL' THEN NULL
    ELSE checked(json_type(j) <> 'ARRAY', 'INVALID_CAST_ARGUMENT: Cannot cast to array. Expected a json array', json_extract(j, '$[*]')) END;
CREATE MACRO json_members(j) AS CASE WHEN json_type(j) = 'NULL' THEN NULL
    ELSE checked(json_type(j) <> 'OBJECT', 'INVALID_CAST_ARGUMENT: Cannot cast to map. Expected a json object',
        list_transform(json_keys(j), lambda k: {'key': k, 'value': CAST(json_extract(j, '/' || replace(replace(k, '~', '~0'), '/', '~1')) AS VARCHAR)})) END;
CREATE MACRO json_member(j, name) AS CAST(json_extract(j, '/' || replace(replace(name, '~', '~0'), '/', '~1')) AS VARCHAR);
CREATE MACRO list_sort_by_key(entries) AS list_sort(entries);

-- Strings.
CREATE MACRO whitespace() AS ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13);
CREATE MACRO not_empty(s) AS checked(s = '', 'INVALID_FUNCTION_ARGUMENT: The delimiter may not be the empty string', s);
CREATE MACRO text_from(s, start) AS CASE WHEN start = 0 OR -start > length(s) THEN CASE WHEN s IS NOT NULL THEN '' END ELSE substr(s, start) END;
CREATE MACRO text_part(s, start, count_) AS CASE
    WHEN start = 0 OR -start > length(s) OR count_ <= 0 THEN CASE WHEN s IS NOT NULL AND count_ IS NOT NULL THEN '' END
    ELSE substr(s, start, count_) END;
CREATE MACRO replace_text(s, what, by_) AS CASE WHEN what = '' THEN
        CASE WHEN s IS NOT NULL AND by_ IS NOT NULL THEN by_ || array_to_string(list_transform(string_split(s, ''), lambda c: c || by_), '') END
    ELSE replace(s, what, by_) END;
CREATE MACRO split_limited(s, sep, n) AS checked(n <= 0, 'INVALID_FUNCTION_ARGUMENT: Limit must be positive', CASE WHEN len(string_split(s, sep)) <= n THEN string_split(s, sep)
    ELSE list_append(string_split(s, sep)[1:n - 1], array_to_string(string_split(s, sep)[n:], sep)) END);
CREATE MACRO nth_part(parts, n) AS checked(n <= 0, 'INVALID_FUNCTION_ARGUMENT: Index must be greater than zero', parts[n]);
CREATE MACRO nth_position(s, what, n) AS checked(n = 0, 'INVALID_FUNCTION_ARGUMENT: ''instance'' must be a positive or negative number.', CASE WHEN s IS NULL OR what IS NULL OR n IS NULL THEN NULL
    WHEN what = '' THEN CASE WHEN n > 0 AND n <= length(s) + 1 THEN n ELSE 0 END
    WHEN len(string_split(s, what)) - 1 < abs(n) THEN 0
    WHEN n > 0 THEN length(array_to_string(string_split(s, what)[1:n], what)) + 1
    ELSE length(array_to_string(string_split(s, what)[1:len(string_split(s, what)) + n], what)) + 1 END);
CREATE MACRO padded(s, n, pad, result) AS checked(n < 0 OR n > 2147483647, 'INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]', checked(pad = '', 'INVALID_FUNCTION_ARGUMENT: Padding string must not be empty', result));
CREATE MACRO one_codepoint(s) AS checked(length(s) <> 1, concat('INVALID_FUNCTION_ARGUMENT: String must contain exactly one character: ', s), unicode(s));
CREATE MACRO map_of_unique(entries) AS checked(len(list_distinct(list_transform(entries, lambda e: e.key))) < len(list_filter(entries, lambda e: e.key IS NOT NULL)), 'INVALID_FUNCTION_ARGUMENT: Duplicate map keys are not allowed', checked(len(list_filter(entries, lambda e: e.key IS NULL)) > 0, 'INVALID_FUNCTION_ARGUMENT: map key cannot be null', map_from_entries(list_filter(entries, lambda e: e.key IS NOT NULL))));
CREATE MACRO map_of_pairs(found) AS map_of_unique(list_transform(found, lambda e: {'key': e.k, 'value': e.v}));
CREATE MACRO char_codes(s) AS list_aggregate(list_transform(string_split(s, ''), lambda c: lpad(upper(to_hex(unicode(c))), 4, '0')), 'string_agg', '');
CREATE MACRO text_from_hex(h, start, count_) AS CASE
    WHEN start = 0 OR -start > length(h) // 2 OR count_ <= 0 THEN ''
    ELSE substr(h, CASE WHEN start > 0 THEN 2 * start - 1 ELSE length(h) + 2 * start + 1 END, 2 * count_) END;
CREATE MACRO padded_bytes(b, n, pad, left_) AS checked(octet_length(pad) = 0, 'INVALID_FUNCTION_ARGUMENT: Padding bytes must not be empty', unhex(CASE
    WHEN octet_length(b) >= n THEN substr(hex(b), 1, CAST(2 * n AS BIGINT))
    WHEN left_ THEN lpad(hex(b), CAST(2 * n AS INTEGER), hex(pad)) ELSE rpad(hex(b), CAST(2 * n AS INTEGER), hex(pad)) END));

-- Mathematics.
CREATE MACRO exact_root(x, r) AS CASE WHEN pow(round(r), 3) = x THEN round(r) ELSE r END;
CREATE MACRO safe_log(x, result) AS CASE WHEN x = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN x < 0 THEN CAST('NaN' AS DOUBLE) ELSE result END;
CREATE MACRO random_below(low, high) AS low + CAST(floor(random() * (high - low)) AS BIGINT);
CREATE MACRO bucket(x, low, high, n) AS checked(n <= 0, 'INVALID_FUNCTION_ARGUMENT: bucketCount must be greater than 0', CASE WHEN low < high THEN CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 ELSE CAST(floor((x - low) / (high - low) * n) AS BIGINT) + 1 END
    ELSE CASE WHEN x > low THEN 0 WHEN x <= high THEN n + 1 ELSE CAST(floor((low - x) / (low - high) * n) AS BIGINT) + 1 END END);

-- Dates and times.
CREATE MACRO offset_minutes(v) AS CAST((epoch_us(local_time(v)) - epoch_us((v).i)) // 60000000 AS BIGINT);
CREATE MACRO offset_sign_text(m) AS concat(CASE WHEN m < 0 THEN '-' ELSE '+' END, lpad(CAST(abs(m) // 60 AS VARCHAR), 2, '0'), ':', lpad(CAST(abs(m) % 60 AS VARCHAR), 2, '0'));
CREATE MACRO offset_text(v, zero) AS CASE WHEN (v).i IS NULL THEN NULL WHEN offset_minutes(v) = 0 THEN zero ELSE offset_sign_text(offset_minutes(v)) END;
CREATE MACRO iso_zone(z) AS CASE WHEN z IN ('', 'Z', '+00:00', '-00:00', '+0000', '+00') THEN 'UTC' WHEN length(z) = 3 THEN z || ':00' WHEN length(z) = 5 THEN z[1:3] || ':' || z[4:] ELSE z END;
CREATE MACRO iso_timestamp(s) AS CASE
    WHEN regexp_full_match(s, '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z') AND TRY_CAST(rtrim(s, 'Z') AS TIMESTAMP) IS NOT NULL
    THEN at_utc(date_trunc('millisecond', TRY_CAST(rtrim(s, 'Z') AS TIMESTAMP)))
    WHEN regexp_full_match(s, '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?[+-](0[0-9]|1[0-3]):[0-5][0-9]') AND TRY_CAST(s AS TIMESTAMPTZ) IS NOT NULL
    THEN {'i': date_trunc('millisecond', timezone('UTC', TRY_CAST(s AS TIMESTAMPTZ))), 'z': iso_zone(right(s, 6))} ELSE py_iso_timestamp(s) END;
CREATE MACRO iso_date(s) AS CASE WHEN regexp_full_match(s, '[0-9]{4}-[0-9]{2}-[0-9]{2}') AND TRY_CAST(s AS DATE) IS NOT NULL THEN TRY_CAST(s AS DATE)
    ELSE CAST((py_iso_timestamp(checked(contains(s, 'T'), concat('INVALID_FUNCTION_ARGUMENT: Invalid format: "', s, '" is malformed'), s))).i AS DATE) END;
CREATE MACRO upper_text(s) AS CASE WHEN contains(s, 'ß') THEN array_to_string(list_transform(string_split(s, 'ß'), lambda p: upper(p)), 'ß') ELSE upper(s) END;
CREATE MACRO finite_seconds(x) AS checked(NOT isfinite(x), concat('INVALID_FUNCTION_ARGUMENT: Invalid argument found: ', java_double(x)), CAST(round(CASE WHEN isfinite(x) THEN x END) AS BIGINT));
CREATE MACRO counted(n, unit) AS CASE WHEN n = 0 THEN NULL WHEN n = 1 THEN '1 ' || unit ELSE concat(n, ' ', unit, 's') END;
CREATE MACRO human_seconds(s) AS CASE WHEN s IS NULL THEN NULL WHEN abs(s) = 0 THEN '0 seconds' ELSE array_to_string(list_filter([counted(abs(s) // 604800, 'week'), counted(abs(s) // 86400 % 7, 'day'),
    counted(abs(s) // 3600 % 24, 'hour'), counted(abs(s) // 60 % 60, 'minute'), counted(abs(s) % 60, 'second')], lambda x: x IS NOT NULL), ', ') END;

-- JSON and URLs.
CREATE MACRO url_ok(u) AS regexp_full_match(u, '[^ <>"{}|\\^`\x00-\x1f]*') AND NOT regexp_matches(u, '%([^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f]|.?$)');
CREATE MACRO url_decode_path(p) AS url_decode(p);
CREATE MACRO first_parameter(p) AS CASE WHEN contains(p, '=') THEN url_decode(replace(p[strpos(p, '=') + 1:], '+', ' ')) ELSE '' END;
CREATE MACRO url_parameter(u, name) AS CASE WHEN url_ok(u) THEN
    CASE WHEN len(list_filter(string_split(regexp_extract(u, '^[^?#]*\?([^#]*)', 1), '&'), lambda p: url_decode(replace(split_part(p, '=', 1), '+', ' ')) = name)) > 0
    THEN first_parameter(list_filter(string_split(regexp_extract(u, '^[^?#]*\?([^#]*)', 1), '&'), lambda p: url_decode(replace(split_part(p, '=', 1), '+', ' ')) = name)[1]) END END;

-- Arrays and maps.
CREATE MACRO has_null(a) AS len(a) <> list_count(a);
CREATE MACRO arrays_equal(a, b) AS CASE WHEN NOT has_null(a) AND NOT has_null(b) THEN a = b
    WHEN len(a) <> len(b) OR list_bool_or(list_transform(range(1, len(a) + 1), lambda i: a[i] <> b[i])) THEN false ELSE NULL END;
CREATE MACRO has_item(a, x) AS CASE WHEN x IS NULL THEN has_null(a) ELSE coalesce(list_contains(a, x), false) END;
CREATE MACRO contains_item(a, x) AS CASE WHEN list_contains(a, x) THEN true WHEN a IS NULL OR x IS NULL OR has_null(a) THEN NULL ELSE false END;
CREATE MACRO distinct_items(a) AS CASE WHEN len(list_distinct(a)) = list_count(a) AND len(a) - list_count(a) <= 1 THEN a ELSE list_filter(a, lambda x, i: CASE WHEN x IS NULL THEN NOT has_null(a[1:i - 1]) ELSE NOT coalesce(list_contains(a[1:i - 1], x), false) END) END;
CREATE MACRO overlap(a, b) AS CASE WHEN list_has_any(list_filter(a, lambda x: x IS NOT NULL), list_filter(b, lambda x: x IS NOT NULL)) THEN true
    WHEN a IS NULL OR b IS NULL OR has_null(a) OR has_null(b) THEN NULL ELSE false END;
CREATE MACRO array_part(a, start, count_) AS checked(start = 0, 'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', checked(count_ < 0, 'INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0', CASE WHEN start IS NULL OR count_ IS NULL THEN NULL
    WHEN start > 0 THEN a[start:start + count_ - 1]
    WHEN -start > len(a) THEN a[1:0]
    ELSE a[len(a) + start + 1:len(a) + start + count_] END));
CREATE MACRO array_item(a, i) AS checked(i = 0, 'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', checked(i < 0, 'INVALID_FUNCTION_ARGUMENT: Array subscript is negative: ' || i, checked(i > len(a), concat('INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: ', i, ' > ', len(a)), a[i])));
CREATE MACRO array_item_or_null(a, i) AS checked(i = 0, 'INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', CASE WHEN i < 0 AND -i > len(a) THEN NULL ELSE a[i] END);
CREATE MACRO trimmed_array(a, n) AS checked(n < 0, concat('INVALID_FUNCTION_ARGUMENT: size must not be negative: ', n), checked(n > len(a), concat('INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality ', len(a), ': ', n), a[1:len(a) - n]));
CREATE MACRO grams(a, n) AS checked(n <= 0, 'INVALID_FUNCTION_ARGUMENT: N must be positive', CASE WHEN len(a) <= n THEN [a]
    ELSE list_transform(range(1, len(a) - n + 2), lambda i: a[i:i + n - 1]) END);
CREATE MACRO holds_sequence(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN len(b) = 0 THEN true WHEN len(b) > len(a) THEN false
    ELSE coalesce(list_bool_or(list_transform(range(1, len(a) - len(b) + 2), lambda i: a[i:i + len(b) - 1] = b)), false) END;
CREATE MACRO dot_of(m, n) AS list_sum(list_transform(map_entries(m), lambda e: e.value * coalesce(n[e.key], 0)));
CREATE MACRO cosine_of(m, n) AS dot_of(m, n) / (sqrt(dot_of(m, m)) * sqrt(dot_of(n, n)));
CREATE MACRO map_item(m, k) AS checked(NOT list_contains(map_keys(m), k), concat('INVALID_FUNCTION_ARGUMENT: Key not present in map: ', k), m[k]);
CREATE MACRO first_of_keys(entries) AS list_filter(entries, lambda e, i: e.key IS NOT NULL AND NOT list_contains(list_transform(entries[1:i - 1], lambda p: p.key), e.key));
CREATE MACRO map_of_entries(entries) AS CASE WHEN entries IS NOT NULL THEN map_from_entries(first_of_keys(entries)) END;
CREATE MACRO multimap_of_entries(entries) AS CASE WHEN entries IS NOT NULL THEN map_from_entries(list_transform(first_of_keys(entries),
    lambda e: {'key': e.key, 'value': list_transform(list_filter(entries, lambda p: p.key = e.key), lambda p: p.value)})) END;

-- Moments, by Trino's formulas.
CREATE MACRO moment(l, k) AS list_sum(list_transform(l, lambda x: pow(x - list_avg(l), k)));
CREATE MACRO present(l) AS list_filter(l, lambda x: x IS NOT NULL);
CREATE MACRO skewness_of(l) AS CASE WHEN len(present(l)) >= 3 THEN sqrt(len(present(l))) * moment(present(l), 3) / pow(moment(present(l), 2), 1.5) END;
CREATE MACRO kurtosis_of(l) AS CASE WHEN len(present(l)) >= 4 THEN
    (len(present(l)) - 1) * len(present(l)) * (len(present(l)) + 1.0) / ((len(present(l)) - 2) * (len(present(l)) - 3)) * moment(present(l), 4) / pow(moment(present(l), 2), 2)
    - 3 * pow(len(present(l)) - 1.0, 2) / ((len(present(l)) - 2) * (len(present(l)) - 3)) END;
CREATE MACRO top_of(m, n) AS map_from_entries(list_transform(list_sort(list_transform(map_entries(m), lambda e: {'n': -CAST(e.value AS BIGINT), 'key': e.key, 'value': e.value}))[1:n],
    lambda e: {'key': e.key, 'value': e.value}));
CREATE MACRO buckets_of(l) AS CASE WHEN l IS NOT NULL THEN map_from_entries(list_transform(py_numeric_histogram(l[1].n, list_transform(l, lambda e: e.v), list_transform(l, lambda e: CAST(1 AS DOUBLE))), lambda e: {'key': e.k, 'value': e.v})) END;
CREATE MACRO weighted_buckets_of(l) AS CASE WHEN l IS NOT NULL THEN map_from_entries(list_transform(py_numeric_histogram(l[1].n, list_transform(l, lambda e: e.v), list_transform(l, lambda e: e.w)), lambda e: {'key': e.k, 'value': e.v})) END;
CREATE MACRO map_of_arrays(k, v) AS checked(len(k) <> len(v), 'INVALID_FUNCTION_ARGUMENT: Key and value arrays must be the same length',
    checked(has_null(k), 'INVALID_FUNCTION_ARGUMENT: map key cannot be null',
    checked(len(list_distinct(k)) < len(k), 'INVALID_FUNCTION_ARGUMENT: Duplicate map keys are not allowed', map(CASE WHEN len(k) = len(v) AND NOT has_null(k) AND len(list_distinct(k)) = len(k) THEN k END, v))));
CREATE MACRO bounded_sequence(items) AS checked(len(items) = 0, 'INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start',
    checked(len(items) > 10000, 'INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries', items));
CREATE MACRO number_sequence(first_, last_, by_) AS checked(
    by_ = 0 OR (by_ > 0 AND first_ > last_) OR (by_ < 0 AND first_ < last_),
    'INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start',
    checked(by_ <> 0 AND abs(last_ - first_) // abs(nullif(by_, 0)) >= 10000, 'INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries',
    generate_series(first_, last_, by_)));
