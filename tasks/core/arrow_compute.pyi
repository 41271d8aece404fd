from typing import Any, Protocol, overload

import pyarrow as pa

class _ColumnFunction(Protocol):
    """Values for each row of the first column, held as that column is."""

    @overload
    def __call__(self, column: pa.ChunkedArray[Any], /, *values: Any, **options: Any) -> pa.ChunkedArray[Any]: ...
    @overload
    def __call__(self, column: pa.Array[Any] | str, /, *values: Any, **options: Any) -> pa.Array[Any]: ...
    @overload
    def __call__(self, column: pa.Scalar[Any], /, *values: Any, **options: Any) -> Any: ...

class _Aggregate(Protocol):
    def __call__(self, column: pa.Array[Any] | pa.ChunkedArray[Any], /, **options: Any) -> pa.Scalar[Any]: ...

add: _ColumnFunction
and_: _ColumnFunction
ascii_lpad: _ColumnFunction
ascii_ltrim: _ColumnFunction
ascii_rpad: _ColumnFunction
ascii_rtrim: _ColumnFunction
ascii_upper: _ColumnFunction
binary_join: _ColumnFunction
binary_join_element_wise: _ColumnFunction
binary_length: _ColumnFunction
cast: _ColumnFunction
coalesce: _ColumnFunction
day: _ColumnFunction
divide: _ColumnFunction
equal: _ColumnFunction
extract_regex: _ColumnFunction
fill_null: _ColumnFunction
greater: _ColumnFunction
greater_equal: _ColumnFunction
if_else: _ColumnFunction
index_in: _ColumnFunction
invert: _ColumnFunction
is_in: _ColumnFunction
is_null: _ColumnFunction
is_valid: _ColumnFunction
less: _ColumnFunction
less_equal: _ColumnFunction
list_flatten: _ColumnFunction
list_parent_indices: _ColumnFunction
list_value_length: _ColumnFunction
match_substring_regex: _ColumnFunction
month: _ColumnFunction
multiply: _ColumnFunction
not_equal: _ColumnFunction
or_: _ColumnFunction
or_kleene: _ColumnFunction
replace_substring: _ColumnFunction
replace_substring_regex: _ColumnFunction
replace_with_mask: _ColumnFunction
split_pattern: _ColumnFunction
starts_with: _ColumnFunction
strftime: _ColumnFunction
struct_field: _ColumnFunction
subtract: _ColumnFunction
utf8_length: _ColumnFunction
utf8_slice_codeunits: _ColumnFunction
utf8_trim_whitespace: _ColumnFunction
utf8_upper: _ColumnFunction
year: _ColumnFunction

all: _Aggregate
any: _Aggregate
count_distinct: _Aggregate
max: _Aggregate
min: _Aggregate
sum: _Aggregate

def array_sort_indices(column: pa.Array[Any], /, order: str = ...) -> pa.UInt64Array: ...
def run_end_encode(column: pa.Array[Any], /) -> pa.RunEndEncodedArray[Any, Any]: ...
def sort_indices(column: pa.Array[Any] | pa.ChunkedArray[Any] | pa.Table, /, **options: Any) -> pa.UInt64Array: ...
def to_list(column: pa.Array[Any] | pa.ChunkedArray[Any] | pa.Table, /) -> list[Any]: ...
def unique(column: pa.Array[Any] | pa.ChunkedArray[Any], /) -> pa.Array[Any]: ...
def value_counts(column: pa.Array[Any] | pa.ChunkedArray[Any], /) -> pa.StructArray: ...
