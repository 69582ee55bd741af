"""The list of functions and statements that the documentation is made from."""

from __future__ import annotations

from localaws.athena import supported


def test_functions_are_named_once_with_their_signatures():
    found = {f.name: f for f in supported.functions()}

    assert len(found) == len(supported.functions()) > 250
    assert "upper(varchar(x)) → varchar(x)" in found["upper"].signatures
    assert found["sum"].kind == "aggregate"
    assert found["row_number"].kind == "window"
    assert not found["learn_classifier"].supported


def test_every_statement_is_named_once():
    names = [s.name for s in supported.statements()]

    assert len(names) == len(set(names))
    assert "SELECT" in names
