"""The words of titles, learnt at once or title by title, are found by sound, by a slip and by letters."""

from indexer.vocabulary import Vocabulary
from tests.indexer.world import bare_language

TITLES = [
    "信用卡挂失办法",
    "信用卡年费标准",
    "个人大额存单",
    "跨行转账收费",
    "银行卡密码重置",
    "代发工资签约",
]


def vocabulary(*titles: str) -> Vocabulary:
    language = bare_language()
    return Vocabulary(titles, language.lexicon, language.analyzer)


def answers(words: Vocabulary) -> list[object]:
    return [
        words.spelled("guashi"),
        words.spelled("xin yong ka", separated=True),
        words.by_initials("xyk"),
        words.by_initials("xykgs"),
        words.sounds_like("挂是"),
        words.slips_of("信用"),
        words.words_of_letters("xykgs"),
        words.nearly_spelled("mimac"),
        sorted(words.counts.items()),
    ]


def test_what_is_learnt_title_by_title_answers_like_what_was_known_from_the_start() -> None:
    grown = vocabulary(TITLES[0])
    for title in TITLES[1:]:
        grown.learn([title])
    assert answers(grown) == answers(vocabulary(*TITLES))


def test_a_title_learnt_twice_counts_once() -> None:
    words = vocabulary(*TITLES)
    words.learn(TITLES)
    assert answers(words) == answers(vocabulary(*TITLES))


def test_a_phrase_never_reaches_from_one_title_into_the_next() -> None:
    words = vocabulary("信用卡", "挂失")
    assert words.by_initials("xykgs") == []
    assert words.spelled("kaguashi") == []
