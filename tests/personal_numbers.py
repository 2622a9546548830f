"""Makes card, identity and mobile numbers that are valid and nobody's, for tests that they are kept nowhere."""

from datetime import date

from hypothesis import strategies as st

WEIGHTS = [2 ** (17 - place) % 11 for place in range(17)]


def with_luhn(digits: str) -> str:
    odd = sum(sum(divmod(int(digit) * 2, 10)) for digit in digits[::-2])
    even = sum(int(digit) for digit in digits[-2::-2])
    return f"{digits}{-(odd + even) % 10}"


def with_check_character(digits: str) -> str:
    total = sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=True))
    return digits + "10X98765432"[total % 11]


def digits_of(text: str) -> str:
    return "".join(str(int(character)) for character in text if character.isdecimal())


@st.composite
def cards(draw: st.DrawFn) -> str:
    start = draw(st.sampled_from(["62", "4", "51", "55", "34", "37", "35", "36", "9558", "601382"]))
    length = draw(st.integers(13, 19))
    rest = draw(st.text("0123456789", min_size=length - 1 - len(start), max_size=length - 1 - len(start)))
    return with_luhn(start + rest)


@st.composite
def written_cards(draw: st.DrawFn) -> str:
    card = draw(cards())
    separator = draw(st.sampled_from([" ", "-", "　", "\u00a0", "－", "  "]))
    groups = draw(
        st.sampled_from(
            [
                [card],
                [card[place : place + 4] for place in range(0, len(card), 4)],
                [card[:6], card[6:]],
                list(card),
            ]
        )
    )
    return separator.join(groups)


@st.composite
def identities(draw: st.DrawFn) -> str:
    region = draw(st.sampled_from(["110105", "310101", "440300", "650102", "820000"]))
    day = draw(st.dates(min_value=date(1900, 1, 1), max_value=date(2029, 12, 31)))
    order = draw(st.integers(0, 999))
    return with_check_character(f"{region}{day:%Y%m%d}{order:03}")


@st.composite
def mobiles(draw: st.DrawFn) -> str:
    return f"1{draw(st.integers(3, 9))}{draw(st.integers(0, 999_999_999)):09}"
