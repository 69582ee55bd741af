"""What can go wrong, each with one sentence that tells the reader what to do."""

from __future__ import annotations


class LogloomError(Exception):
    """A mistake that the user can mend; the command line prints its sentence and exits with `exit_code`."""

    exit_code = 2


class SettingsError(LogloomError):
    """A setting is unknown, of the wrong type, or not what AWS accepts."""


class InputError(LogloomError):
    """The input folder is not there, or there is nothing to read in it."""


class AwsUnreachable(LogloomError):
    """No credentials, an unknown profile, or a local AWS that did not start."""


class QueryFailed(LogloomError):
    """Athena refused a statement or failed in it; the sentence is Athena's reason."""

    exit_code = 1


class CrawlerFailed(LogloomError):
    """The crawl ended otherwise than SUCCEEDED."""

    exit_code = 1


class JobFailed(LogloomError):
    """The Glue job run ended otherwise than SUCCEEDED."""

    exit_code = 1


class NotebookFailed(LogloomError):
    """A cell of a notebook raised; the run stops there."""

    exit_code = 1
