"""The compute functions of Arrow under the types of `arrow_compute.pyi`.

pyarrow makes these functions when it is imported, and pyarrow-stubs 20 lets no plain value stand where
a column may, so it refuses `equal(column, "A")` and `fill_null(column, 0)`. It also calls each value of
every list nullable. The stub beside this module says what the functions take and return.
"""

from pyarrow.compute import *  # noqa: F403 # pyright: ignore[reportWildcardImportFromLibrary] - the stub lists them


def to_list(column):  # pyright: ignore - typed in the stub
    """The values of a column, or the rows of a table, as Python has them."""
    return column.to_pylist()  # pyright: ignore - as above
