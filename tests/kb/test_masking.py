"""No card, identity or mobile number that somebody typed is kept, and nothing else is touched."""

import time

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from personal_numbers import cards, digits_of, identities, mobiles, written_cards

from kb.masking import mask_personal_data

FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")

# Whatever stands around a number, apart from what makes it a longer number or an amount.
AROUND = st.text(max_size=20).filter(
    lambda text: not any(character.isdecimal() or character in "元¥￥$€£" for character in text)
)

# fmt: off
ORDINARY = [
    "6222****4111 1111 1111 1111", "4111 1111 1111 1111****0128",
    "955000", "客服热线 95588 95599 95566", "400-820-8888", "010-66107000", "(0755) 8319 8888",
    "2026-11-24 2026-12-31", "20260101-20261231", "2023 2024 2025 2026", "2026-11-24 10:30:59",
    "20261124100003", "银发〔2026〕41号", "文号 202611240001230", "KB202611240001234567",
    "15000000000元", "13,800,138,000.00", "13800138000.00元", "金额¥13800138000",
    "注册资本 13800138000 万元", "6222021234567890128亿元", "10000 20000 30000", "6222021234567890129",
    "110105194912310021", "1101054913310020", "999999491331002", "12345678901",
    "62220212345678901281234", "6222****0128 138****8000", "", "手续费10元/笔", "3.14159265358979",
]
# fmt: on


# --- what is hidden -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("6222021234567890128", "6222****0128"),
        ("卡号6222 0212 3456 7890 128，请查", "卡号6222****0128，请查"),
        ("4111-1111-1111-1111", "4111****1111"),
        ("622202 1234567890128", "6222****0128"),
        ("620000 13000000003", "6200****0003"),
        ("620000 13000000003 13800138000", "6200****0003 138****8000"),
        ("６２２２０２１２３４５６７８９０１２８", "６２２２****０１２８"),
        ("11010519491231002X", "1101****002X"),
        ("身份证11010519491231002x。", "身份证1101****002x。"),
        ("110105 19491231 002X", "1101****002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "１１０１****００２Ｘ"),
        ("110105491231002", "1101****1002"),
        ("13800138000", "138****8000"),
        ("手机138 0013 8000或139-0013-9000", "手机138****8000或139****9000"),
        ("+86 13800138000", "+86 138****8000"),
        ("8613800138000", "86138****8000"),
        ("013800138000", "0138****8000"),
        ("**13800138000**", "**138****8000**"),
        ("13800138000,13900139000", "138****8000,139****9000"),
        ("6222021234567890128 13800138000", "6222****0128 138****8000"),
        ("13800138000 6222 0212 3456 7890 128 11010519491231002X", "138****8000 6222****0128 1101****002X"),
    ],
)
def test_a_personal_number_keeps_only_its_ends(written: str, masked: str) -> None:
    assert mask_personal_data(written) == masked


# --- what stays ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ORDINARY)
def test_other_numbers_stay_as_they_are(text: str) -> None:
    assert mask_personal_data(text) == text


# --- properties ---------------------------------------------------------------------------------


@given(AROUND, written_cards(), AROUND, st.booleans())
def test_no_card_number_survives(before: str, card: str, after: str, is_wide: bool) -> None:
    text = f"{before}{card.translate(FULL_WIDTH) if is_wide else card}{after}"
    masked = mask_personal_data(text)
    assert len(digits_of(masked)) <= 8
    assert masked.startswith(before)
    assert masked.endswith(after)


@given(AROUND, identities(), AROUND, st.booleans())
def test_no_identity_number_survives(before: str, identity: str, after: str, is_wide: bool) -> None:
    text = f"{before}{identity.translate(FULL_WIDTH) if is_wide else identity}{after}"
    masked = mask_personal_data(text)
    assert len(digits_of(masked)) <= 8
    assert masked.startswith(before)
    assert masked.endswith(after)


@given(AROUND, mobiles(), AROUND, st.booleans())
def test_no_mobile_number_survives(before: str, mobile: str, after: str, is_wide: bool) -> None:
    text = f"{before}{mobile.translate(FULL_WIDTH) if is_wide else mobile}{after}"
    masked = mask_personal_data(text)
    assert len(digits_of(masked)) == 7
    assert masked.startswith(before)
    assert masked.endswith(after)


@given(
    st.lists(st.one_of(cards(), identities(), mobiles()), min_size=1, max_size=5),
    st.sampled_from(" ,，-/\n|"),
)
def test_no_number_survives_in_a_list_of_them(numbers: list[str], separator: str) -> None:
    masked = mask_personal_data(separator.join(numbers))
    assert not any(number in masked for number in numbers)


@given(st.text(st.sampled_from("0123456789 -*X６２元.,卡138"), max_size=120))
@example("6 2 2 2 0 2 1 2 3 4 5 6 7 8 9 0 1 2 8 6222021234567890128")
@example("6222021234567890128 6222 0212 3456 7890 128")
def test_masking_twice_changes_nothing(text: str) -> None:
    masked = mask_personal_data(text)
    assert mask_personal_data(masked) == masked


@given(st.text(max_size=200))
def test_text_without_long_numbers_is_untouched(text: str) -> None:
    assume(sum(character.isdecimal() for character in text) < 11)
    assert mask_personal_data(text) == text


@pytest.mark.parametrize("text", ["6" * 500_000, "6222 " * 100_000, "138 0013 " * 50_000, "1 " * 250_000])
def test_half_a_megabyte_of_digits_is_read_in_linear_time(text: str) -> None:
    began = time.process_time()
    mask_personal_data(text)
    assert time.process_time() - began < 10
