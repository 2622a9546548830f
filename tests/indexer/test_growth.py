"""New words are found in a knowledge base's own text, and only what really is one."""

import random
from functools import cache

from indexer.growth import NewWord, new_words
from tests.indexer.world import WORDS, language

MADE_UP = "澜璟宝"


@cache
def found() -> dict[str, NewWord]:
    """Return the new words of texts in a tenth of which stands a product name that nobody knows."""
    chance = random.Random(7)
    texts = []
    for number in range(400):
        words = chance.choices(WORDS, k=8)
        if number % 10 == 0:
            words[chance.randrange(8)] = MADE_UP
        texts.append("".join(words) + "。")
    words_found = new_words(texts, language().lexicon, language().analyzer.knows, least=20, limit=20)
    return {word.text: word for word in words_found}


def test_a_name_that_no_dictionary_has_is_found_with_its_count() -> None:
    assert found()[MADE_UP].count == 40


def test_the_example_shows_the_word_in_its_surroundings() -> None:
    assert MADE_UP in found()[MADE_UP].example


def test_half_of_a_name_is_no_word() -> None:
    assert MADE_UP[:2] not in found()
    assert MADE_UP[1:] not in found()


def test_known_words_are_not_found_again() -> None:
    assert not set(found()) & set(WORDS)


def test_a_chance_neighbourhood_of_two_words_is_none() -> None:
    assert set(found()) == {MADE_UP}


def test_what_is_rarer_than_asked_for_is_left_out() -> None:
    texts = ["客户问澜璟宝怎么办理", "请看澜璟宝说明", "关于澜璟宝的通知"]
    assert new_words(texts, language().lexicon, language().analyzer.knows, least=4, limit=9) == []
