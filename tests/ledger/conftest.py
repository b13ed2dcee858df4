"""A book of made-up notebooks."""

import json

import pytest

from isacnb.ledger import read_ledger


@pytest.fixture
def book(tmp_path):
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/index\n")
    (tmp_path / "book" / "part").mkdir(parents=True)

    def write(name, content, **options):
        (tmp_path / "book" / "part" / name).write_text(json.dumps(content))
        return read_ledger(tmp_path, **options)

    write.root = tmp_path
    return write
