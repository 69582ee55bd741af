"""The commands of `python -m localaws`."""

from __future__ import annotations

import argparse
import json
import logging
import logging.handlers
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from localaws.layout import Layout, UserError, default_root

EXIT_BAD_INPUT = 2
EXIT_NOT_RUNNING = 3

LOG_BYTES = 5_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; gives its exit code: 0 done, 2 bad input, 3 not running."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except UserError as error:
        print(error, file=sys.stderr)
        return EXIT_BAD_INPUT
    except BrokenPipeError:
        return 1


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--root",
        type=Path,
        default=None,
        help="the state folder (else $LOGLOOM_LOCAL_ROOT, else .local in the project)",
    )
    ports = argparse.ArgumentParser(add_help=False)
    ports.add_argument("--port", type=int, help="the port of Glue, Athena and the rest (else the last one)")
    ports.add_argument("--s3-port", type=int, help="the port of S3 (else the last one)")
    ports.add_argument("--region", help="the region of the profile (else the last one, at first us-east-1)")
    parser = argparse.ArgumentParser(prog="python -m localaws", description="AWS in a folder, on 127.0.0.1.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    start = commands.add_parser("start", parents=[common, ports], help="start it, return when it answers")
    start.set_defaults(run=_start)
    stop = commands.add_parser("stop", parents=[common], help="stop it")
    stop.set_defaults(run=_stop)
    status = commands.add_parser("status", parents=[common], help="say where it runs (exit 3: not running)")
    status.add_argument("--json", action="store_true", help="as JSON")
    status.set_defaults(run=_status)
    reset = commands.add_parser("reset", parents=[common], help="stop it and remove all its state")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    reset.set_defaults(run=_reset)
    serve = commands.add_parser("serve", parents=[common, ports], help="serve in the foreground")
    serve.add_argument("--detached", action="store_true", help=argparse.SUPPRESS)
    serve.set_defaults(run=_serve)
    return parser


def _root(options: argparse.Namespace) -> Path:
    return (options.root or default_root()).expanduser().absolute()


def _start(options: argparse.Namespace) -> int:
    from localaws import control

    print(control.start(_root(options), options.port, options.s3_port, options.region).endpoint)
    return 0


def _stop(options: argparse.Namespace) -> int:
    from localaws import control

    stopped = control.stop(_root(options))
    print("stopped" if stopped else "it was not running")
    return 0


def _status(options: argparse.Namespace) -> int:
    from localaws import control

    found = control.status(_root(options))
    if options.json:
        print(json.dumps(asdict(found)))
    elif found.running:
        print(f"running at {found.endpoint}, S3 at {found.s3_endpoint} (process {found.pid}, {found.root})")
    else:
        print(f"not running ({found.root})")
    return 0 if found.running else EXIT_NOT_RUNNING


def _reset(options: argparse.Namespace) -> int:
    from localaws import control

    root = _root(options)
    if not options.yes:
        print(
            f"This removes every object, table and query result under {root}. Go on? [y/N] ",
            end="",
            flush=True,
        )
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            print("nothing removed")
            return EXIT_BAD_INPUT
    control.reset(root)
    print(f"removed the local AWS of {root}")
    return 0


def _serve(options: argparse.Namespace) -> int:
    from localaws.supervisor import serve

    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # what the user has set for other clients must not reach ours
    layout = Layout(_root(options).resolve())
    if not options.detached:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
        serve(
            layout.root,
            options.port,
            options.s3_port,
            options.region,
            ready=lambda url: print(url, flush=True),
        )
        return 0
    layout.prepare()
    path = layout.logs / "supervisor.log"
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8")
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s", handlers=[handler]
    )

    def leave_the_starter(_: str) -> None:
        # The one who started us reads our stderr until we answer; from now on it goes to the log.
        with path.open("ab") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)

    try:
        serve(layout.root, options.port, options.s3_port, options.region, ready=leave_the_starter)
    except UserError:
        raise
    except Exception as error:
        logging.getLogger(__name__).exception("the supervisor failed")
        raise UserError(f"The local AWS failed ({error}): {path} says more.") from error
    return 0
