"""The checks, one session each: ``nox -l`` lists them, ``nox -s tests-3.12`` runs one."""

import nox

nox.options.default_venv_backend = "venv"


def _install(session: nox.Session) -> None:
    session.install("--require-hashes", "-r", "constraints.txt")
    session.install("--no-deps", "-e", ".")


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """The test suite; arguments after ``--`` go to pytest."""
    _install(session)
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session(python="3.11")
def lint(session: nox.Session) -> None:
    """Style, types and the layers of the architecture."""
    _install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")
    session.run("lint-imports")
