import pytest

from pipeline import severity


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("trace finest silly all", 1),
        ("debug finer d", 5),
        ("fine", 6),
        ("config verbose", 7),
        ("http", 8),
        ("info information informational", 9),
        ("notice success ok", 10),
        ("warn warning", 13),
        ("error err severe exception failure", 17),
        ("critical crit dpanic", 18),
        ("alert panic", 19),
        ("fatal emerg emergency", 21),
        ("default loud", 0),
    ],
)
def test_words_have_the_numbers_of_the_contract_in_any_case(words: str, number: int) -> None:
    for word in words.split():
        assert {severity.number(word), severity.number(word.upper()), severity.number(word.title())} == {number}
