"""The committed field tables of the kernel."""

from pipeline.wire.kernel import generate
from pipeline.wire.reference.tables import messages

TABLES = {table.name: table for table in messages()}


def test_tables_are_those_of_the_installed_schema() -> None:
    again = "run python -m pipeline.wire.kernel.generate"
    assert (generate.FOLDER / "tables.h").read_text() == generate.header(TABLES), again
    assert (generate.FOLDER / "tables.pxd").read_text() == generate.declarations(TABLES), again
