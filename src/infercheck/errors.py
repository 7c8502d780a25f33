"""Failures that a user can mend: what happened, where, what to do. The command line prints them in one line and picks the exit code."""

from __future__ import annotations

import errno
import re

DISK_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)  # what the system says


class InfercheckError(Exception):
    """A user-facing failure.

    ``message`` says what is wrong, ``where`` names the file, line or option, ``hint`` what to do about it.
    ``exit_code`` is part of the command line's contract.
    """

    exit_code = 70

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} ({self.hint})" if self.hint else text


class UsageError(InfercheckError):
    """Wrong option, config, rule file or baseline: exit 2."""

    exit_code = 2


class InputError(InfercheckError):
    """No input that can be read, an empty folder included: exit 3."""

    exit_code = 3


class LedgerBusy(InfercheckError):
    """Another process holds the ledger: exit 3."""

    exit_code = 3


class GateFailed(InfercheckError):
    """A gate, --fail-on, --strict or a reconciliation beyond tolerance: exit 1."""

    exit_code = 1


class Inconclusive(InfercheckError):
    """The gate has no answer, and --require-conclusive asked for one: exit 4."""

    exit_code = 4


class LedgerNotice(UserWarning):
    """Something happened to the ledger that the user should know, and need not mend. The command line prints it in one line."""


def first_line(err: Exception) -> str:
    """What a database says, in one line and without the class that it puts in front ("Binder Error: ...")."""
    lines = str(err).strip().splitlines() or [type(err).__name__]
    return re.sub(r"^[A-Z][A-Za-z ]{1,30} Error: ", "", lines[0])
