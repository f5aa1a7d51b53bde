"""Every key of a TOML file is found again on its line."""

import pytest

from twin.errors import TwinError
from twin.scenario.toml import read_toml

TEXT = '''# a comment with = and [brackets]
title = "one [two] = three"
a.b = 1
[model]
city = "x"   # where = "here"
prices = { gas = 1, "power" = 2 }
long = """
not = a key
"""
list = [
  1, 2,
  # no = key
]
[[option]]
name = "first"
[[option]]
name = "second"
  [[option.measure]]
  kind = "one"
  [[option.measure]]
  kind = "two"
[option.extra]
deep = true
'''


@pytest.fixture
def document(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text(TEXT)
    return read_toml(file)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), "2"),
        (("a", "b"), "3"),
        (("model",), "4"),
        (("model", "city"), "5"),
        (("model", "prices", "gas"), "6"),
        (("model", "long"), "7"),
        (("model", "list"), "10"),
        (("option", 0), "14"),
        (("option", 1, "name"), "17"),
        (("option", 1, "measure", 1, "kind"), "21"),
        (("option", 1, "extra", "deep"), "23"),
        (("option", 1, "nothing"), "16"),
        (("nothing",), None),
    ],
)
def test_lines(document, path, line):
    assert document.line(path) == line


def test_no_line_is_made_up_for_text_inside_strings_and_lists(document):
    assert ("model", "not") not in document.lines
    assert ("model", "no") not in document.lines


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'title = "x\n', r"a.toml:1:\d+: is no valid TOML"),
        (b"a = 1\na = 2\n", r"a.toml:2:6: is no valid TOML: Cannot overwrite a value"),
        (b"a = 1\nb = '\xe9'\n", "a.toml:2: is not UTF-8 text"),
        (b"a = " + b"[" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_toml(tmp_path, content, said):
    file = tmp_path / "a.toml"
    file.write_bytes(content)
    with pytest.raises(TwinError, match=said):
        read_toml(file)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(TwinError, match="no such file"):
        read_toml(tmp_path / "nothing.toml")
    with pytest.raises(TwinError, match="is a folder"):
        read_toml(tmp_path)


def test_a_byte_order_mark_is_no_problem(tmp_path):
    file = tmp_path / "a.toml"
    file.write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert read_toml(file).data == {"a": 1}
