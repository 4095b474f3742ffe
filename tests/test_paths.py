"""What a person types for a path and no file can be called: a sentence, in every function that takes one."""

import pytest

import convscope
from convscope.errors import ConvscopeError


@pytest.mark.parametrize("name", ["~nobodyatall/x", "a" * 9_999, "b/" + "ü" * 200, "nul\0"], ids=range(4))
def test_a_name_that_no_file_has_gets_a_sentence(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    for called in (convscope.train, convscope.load, convscope.resume, lambda path: convscope.runs(path)[0]):
        with pytest.raises((ConvscopeError, IndexError)) as caught:
            called(name)
        assert len(str(caught.value)) < 3000
        assert "Errno" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
