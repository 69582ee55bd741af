"""`logloom dashboard`: the Dash app on its own, and who may log in to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from logloom.commands.options import parameters

_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(invoke_without_command=True)
@click.option("--host", default="127.0.0.1", show_default=True, help="Any other needs a login (add-user).")
@click.option("--port", type=click.IntRange(1, 65535), default=8050, show_default=True)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes that answer."
)
@click.option("--prefix", metavar="PATH", help="Path at which a proxy shows it, such as /logs/.")
@click.option(
    "--proxies",
    type=click.IntRange(0, 10),
    default=0,
    show_default=True,
    help="Proxies before it whose X-Forwarded headers are believed.",
)
@click.option("--behind-jupyter", is_flag=True, help="jupyter-server-proxy shows it, at /proxy/PORT/.")
@click.option("--certificate", type=_file, help="PEM, for https.")
@click.option("--private-key", type=_file, help="PEM, for https.")
@parameters
@click.pass_context
def command(context: click.Context, values: dict[str, Any], **options: Any) -> None:
    """Serve the dashboard, until it is interrupted; or say who may log in to it."""
    from logloom import settings

    prefix, jupyter = options.pop("prefix"), options.pop("behind_jupyter")
    if prefix is None and jupyter:
        prefix = "/proxy/{port}/"
    if prefix is not None:
        values = values | {"dashboard_prefix": prefix}
    context.obj = settings.load(values)
    if context.invoked_subcommand:
        return
    from logloom import dashboard

    dashboard.serve(context.obj, dashboard.Serving(jupyter=jupyter, **options))


_name = click.argument("name")
_role = click.option(
    "--role", default="viewer", show_default=True, help="viewer; analyst sees client addresses."
)


@command.command("add-user")
@_name
@_role
@click.pass_obj
def add_user(settings, name: str, role: str) -> None:
    """Add a user, asking for the password (or reading it from standard input)."""
    users = _users(settings)
    first = not users.all()
    if name in users.all():
        raise click.UsageError(f"there is a user {name!r} already: set-password and set-role change it")
    _put(users, name, role)
    click.echo(f"{name} is {role} from now on.")
    if first:
        click.echo("The dashboard has a login from its next start on.")


@command.command("set-password")
@_name
@click.pass_obj
def set_password(settings, name: str) -> None:
    """Give a user another password, which ends the user's sessions."""
    users = _users(settings)
    _put(users, name, users.known(name).role)
    click.echo(f"{name} has a new password.")


@command.command("set-role")
@_name
@click.argument("role")
@click.pass_obj
def set_role(settings, name: str, role: str) -> None:
    """Make a user viewer or analyst, at once."""
    _users(settings).set_role(name, role)
    click.echo(f"{name} is {role} from now on.")


@command.command("remove-user")
@_name
@click.pass_obj
def remove_user(settings, name: str) -> None:
    """Remove a user, which ends the user's sessions."""
    _users(settings).remove(name)
    click.echo(f"{name} is removed.")


@command.command("list-users")
@click.pass_obj
def list_users(settings) -> None:
    """List the users and their roles."""
    users = _users(settings).all()
    for name, user in sorted(users.items()):
        click.echo(f"{name}\t{user.role}")
    if not users:
        click.echo("There are no users: anybody on this machine can open the dashboard.", err=True)


def _users(settings):
    from logloom.dashboard.access import private
    from logloom.dashboard.access.users import Users

    return Users(private.folder(settings) / "users.json")


def _put(users, name: str, role: str) -> None:
    from logloom.dashboard.access.users import check_name, check_role

    check_name(name)
    check_role(role)
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    users.put(name, password, role)
