"""The command `logloom`: which command is meant, and what is said when something is wrong."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Sequence

import click

from logloom.errors import LogloomError

# The sentence stands here, so that `logloom --help` need not import the commands.
COMMANDS = {
    "run": "Run the notebooks, leave executed notebooks and HTML reports.",
    "query": "Ask Athena, print the answer.",
    "dashboard": "Serve the dashboard.",
    "report": "Write a report in one HTML file, a PDF or a picture.",
    "sample": "Make sample logs in a folder.",
    "formats": "List the log formats that are known.",
    "compact": "Write the tables' small files as few large ones.",
    "retention": "Let old dates of the tables go.",
    "local": "Start, stop, see or empty the local AWS.",
}


class _Lazy(click.Group):
    """A group that imports a command when it is called: `logloom --help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return importlib.import_module(f"logloom.commands.{name}").command

    def resolve_command(self, ctx: click.Context, args: list[str]):
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(COMMANDS)}"
            raise click.UsageError(f"there is no command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="logloom", message="%(prog)s %(version)s")
def cli() -> None:
    """Turn raw log files in S3 into checked tables, answers and a dashboard: on AWS, or in a folder."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and exit: 0 done, 1 it failed, 2 it was asked wrongly, 130 interrupted."""
    sys.exit(_run(arguments))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        done = cli.main(
            args=list(arguments) if arguments is not None else None,
            prog_name="logloom",
            standalone_mode=False,
        )
        sys.stdout.flush()
        return done if isinstance(done, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        return 0
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        _say(context.command_path if context else "logloom", error.format_message())
        return 2
    except LogloomError as error:
        _say("logloom", str(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say("logloom", "interrupted")
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain of it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _say(who: str, sentence: str) -> None:
    one_line = " ".join(sentence.split())
    click.echo(f"{who}: {one_line}", err=True)
