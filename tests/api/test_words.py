"""Words of the page: the same in both languages, all used, and at hand in Python."""

import re

import pytest

from api.page import STATIC
from api.words import LANGUAGES, catalogue, word

SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in (STATIC.parent / "web" / "src").rglob("*")
    if path.is_file() and path.suffix in (".ts", ".svelte")
)


def test_both_languages_have_the_same_words_in_the_same_order():
    assert list(catalogue("ko")) == list(catalogue("en"))
    assert len(catalogue("ko")) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_empty(language):
    assert [key for key, text in catalogue(language).items() if not text.strip()] == []


def test_korean_is_korean_and_english_is_not():
    hangul = re.compile("[가-힣]")
    assert [key for key, text in catalogue("ko").items() if not hangul.search(text)] == []
    assert [key for key, text in catalogue("en").items() if hangul.search(text)] == []


def test_every_word_is_used():
    told_by_the_api = {
        "remote",
        "local",
        "auto",
        "lease_lost",
        "suspect",
        "fail",
        "missing",
        "online",
        "offline",
    }
    told_by_the_api |= {"unknown", "sensor", "node", "gateway"}
    used = set(re.findall(r"[\"`'{(]([a-z_]+)[\"`'})]", SOURCES))
    made = tuple(re.findall(r"`([a-z]+_)\$\{", SOURCES))
    left = set(catalogue("ko")) - used - told_by_the_api
    assert sorted(word for word in left if not word.startswith(made)) == []


def test_python_reads_a_word_in_both_languages_and_no_unknown_one():
    assert (word("stop").ko, word("stop").en) == ("전체 정지", "Stop all")
    with pytest.raises(KeyError):
        word("no_such_word")
