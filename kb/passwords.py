"""Which passwords are good enough, and how they are stored and compared."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kb.errors import Invalid

SHORTEST = 8
LONGEST = 128

# The head of the lists that are tried first in an attack, here and abroad; compared in lower case.
COMMON = frozenset(
    """
    12345678 123456789 1234567890 11111111 00000000 88888888 66666666 87654321 987654321 12341234 11223344
    123123123 147258369 112233445566 123456789a 1234567a a12345678 a1234567 a123456789 aa123456 aa12345678
    abc12345 abc123456 abcd1234 abcd123456 asd123456 asdf1234 asdfghjk asdfghjkl qwertyui qwertyuiop qwer1234
    qwerty123 qwe123456 q1w2e3r4 1qaz2wsx 1q2w3e4r 1q2w3e4r5t zaq12wsx zxcvbnm1 zxcvbnm123 qazwsxedc
    password password1 password123 passw0rd p@ssw0rd p@ssword admin123 admin1234 admin888 administrator
    welcome1 welcome123 changeme changeme1 letmein1 iloveyou woaini520 woaini1314 5201314520 1314520520
    wang1234 zhang123 test1234 root1234 user1234 bank1234 bank123456 yinhang123 icbc95588 a1b2c3d4 147852369
    """.split()  # noqa: SIM905 - a list literal of seventy lines would hide the list
)

# A hash nobody knows the password of: comparing with it takes as long as with a real one, so that the
# time of an answer does not tell whether a user name exists.
NOBODY = "$argon2id$v=19$m=47104,t=3,p=1$Z2Zpf4fNI0U4u+2KYDId3A$tJ6NSgqjq2xPYeogREqLZWZqaQl/Ppr5LPP/BpIQNsE"


def check_password_rules(password: str, username: str = "") -> None:
    """Refuse a password that is too short, too long or too easily guessed.

    Raises:
        Invalid: with the reason under ``password``.
    """
    reason = ""
    if len(password) < SHORTEST:
        reason = "密码至少 8 个字符。"
    elif len(password) > LONGEST:
        reason = "密码最多 128 个字符。"
    elif password.lower() in COMMON or len(set(password)) <= 2:
        reason = "这个密码太常见，很容易被猜到，请换一个。"
    elif username and username.lower() in password.lower():
        reason = "密码里不能包含用户名，请换一个。"
    if reason:
        raise Invalid(reason, {"password": reason})


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password; takes about a tenth of a second on purpose."""
    return _hasher().hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Return whether a password fits a stored hash, in the same time if there is none.

    Args:
        stored: The person's hash, or ``None`` if there is no such person.
        password: What was typed; more than the longest allowed never fits.
    """
    usable = stored is not None and len(password) <= LONGEST
    try:
        _hasher().verify(stored if usable and stored else NOBODY, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return usable


def is_outdated(stored: str) -> bool:
    """Return whether a hash was made with weaker settings than today's."""
    return _hasher().check_needs_rehash(stored)


def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=3, memory_cost=47104, parallelism=1)
