"""Passwords and paths. The hashes were made by genuine Werkzeug 1.0.1."""

import pytest

from flasktrace.framework.werkzeug import security


@pytest.mark.parametrize(
    "stored",
    [
        "plain$$secret",
        "sha1$abcdefgh$e8b8850c11636711d5d72401f901f1a17d717336",
        "sha256$abcdefgh$f2de341364a7053211d57c61b8f51152439c9a4f42d1bd8028e95bf6bbea3855",
        "md5$abcdefgh$f9be57683f891606775d930296f77d8a",
        "pbkdf2:sha256:10$abcdefgh$147986a282b0684cc782e54d97eba5d197f1eaa81d1b78efc28ac73edd982ab4",
    ],
)
def test_hashes_are_checked(stored: str) -> None:
    assert security.check_password_hash(stored, "secret")
    assert not security.check_password_hash(stored, "Secret")


def test_known_derivations() -> None:
    assert security.pbkdf2_hex("password", "ATHENA.MIT.EDUraeburn", 1, 16, "sha1") == (
        "cdedb5281bb2f801565a1122b2563515"
    )


def test_a_generated_hash_is_salted_and_fits() -> None:
    first, second = (security.generate_password_hash("x", "pbkdf2:sha256:10") for _ in range(2))
    assert first != second and first.startswith("pbkdf2:sha256:10$")
    assert security.check_password_hash(first, "x") and security.check_password_hash(second, "x")
    assert not security.check_password_hash("no hash", "x")


def test_useless_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="Salt length must be positive"):
        security.gen_salt(0)
    with pytest.raises(ValueError, match="Invalid number of arguments for PBKDF2"):
        security.generate_password_hash("x", "pbkdf2:sha256:1:2")


@pytest.mark.parametrize(
    ("parts", "joined"),
    [
        (["a"], "d/a"),
        (["a", "b"], "d/a/b"),
        (["a//b"], "d/a/b"),
        (["a/../b"], "d/b"),
        ([""], "d/"),
        (["../a"], None),
        ([".."], None),
        (["a/../../b"], None),
        (["/etc/passwd"], None),
        (["a", "/b"], None),
        (["a", "../../b"], None),
    ],
)
def test_paths_stay_inside_the_folder(parts: list[str], joined: str | None) -> None:
    assert security.safe_join("d", *parts) == joined


def test_an_empty_folder_does_not_make_the_first_part_the_root() -> None:
    assert security.safe_join("", "a") == "./a"


def test_a_hash_of_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="unsupported hash type"):
        security.check_password_hash("$made$up$", "x")
