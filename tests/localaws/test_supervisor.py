"""The supervisor of a folder: one at a time, the same after a restart, nothing lost when it is killed."""

import contextlib
import hashlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import botocore.session
import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from localaws import control
from localaws.layout import Layout, UserError

COMMAND = [sys.executable, "-m", "localaws"]
PATIENCE_S = 60


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "local aws"  # a blank, as in many a user's folder
    yield root
    control.stop(root)


def run(*arguments, root, **options):
    return subprocess.run(
        [*COMMAND, *map(str, arguments), "--root", str(root)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        **options,
    )


def client(root, service, **config):
    session = botocore.session.Session(profile="logloom-local")
    session.set_config_variable("config_file", str(root / "aws" / "config"))
    session.set_config_variable("credentials_file", str(root / "aws" / "credentials"))
    return boto3.Session(botocore_session=session).client(service, config=Config(**config))


def wait_for(condition):
    until = time.monotonic() + PATIENCE_S
    while not (found := condition()) and time.monotonic() < until:
        time.sleep(0.02)
    return found


def rclone_of(pid):
    with contextlib.suppress(psutil.NoSuchProcess):
        return [child for child in psutil.Process(pid).children() if child.name() == "rclone"]
    return []


def has_ended(pid):
    """Whether a process is gone; one that nobody has buried yet is."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_start_is_idempotent_and_status_tells(root):
    assert run("status", root=root).returncode == 3
    first = run("start", root=root)
    assert first.returncode == 0, first.stderr
    second = run("start", root=root)
    assert second.stdout == first.stdout
    found = run("status", "--json", root=root)
    status = json.loads(found.stdout)
    assert (found.returncode, status["running"]) == (0, True)
    assert status["endpoint"] == first.stdout.strip()
    assert client(root, "glue").get_databases()["DatabaseList"] == []
    assert run("stop", root=root).returncode == 0
    assert run("status", root=root).returncode == 3
    assert has_ended(status["pid"])
    assert run("stop", root=root).stdout == "it was not running\n"


def test_two_starts_at_once_give_one_supervisor(root):
    starts = [
        subprocess.Popen(
            [*COMMAND, "start", "--root", str(root)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    answers = [process.communicate(timeout=PATIENCE_S) for process in starts]
    assert [process.returncode for process in starts] == [0] * 4, answers
    assert len({out for out, _ in answers}) == 1


def test_a_second_supervisor_says_so_and_leaves(root):
    control.start(root)
    second = run("serve", root=root)
    assert second.returncode == 2
    assert len(second.stderr.strip().splitlines()) == 1
    assert "Another supervisor" in second.stderr
    assert client(root, "glue").get_databases()["DatabaseList"] == []


def test_a_restart_keeps_ports_key_objects_and_tables(root):
    before = control.start(root)
    files = [(root / "aws" / name).read_text() for name in ("config", "credentials")]
    s3, glue = client(root, "s3"), client(root, "glue")
    s3.create_bucket(Bucket="bucket")
    etag = s3.put_object(Bucket="bucket", Key="a/b", Body=b"kept")["ETag"]
    glue.create_database(DatabaseInput={"Name": "d"})
    glue.create_table(DatabaseName="d", TableInput={"Name": "t"})
    control.stop(root)
    after = control.start(root)
    assert (after.endpoint, after.s3_endpoint) == (before.endpoint, before.s3_endpoint)
    assert [(root / "aws" / name).read_text() for name in ("config", "credentials")] == files
    assert glue.get_table(DatabaseName="d", Name="t")["Table"]["Name"] == "t"
    assert s3.get_object(Bucket="bucket", Key="a/b")["Body"].read() == b"kept"
    assert s3.head_object(Bucket="bucket", Key="a/b")["ETag"] == etag


def test_only_the_owner_can_read_the_profile(root):
    control.start(root)
    for name in ("config", "credentials"):
        assert stat.S_IMODE((root / "aws" / name).stat().st_mode) == 0o600
    for folder in (root, root / "aws"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_no_secret_is_on_a_command_line_or_in_a_log(root):
    pid = control.start(root).pid
    secret = (root / "aws" / "credentials").read_text().rpartition("= ")[2].strip()
    assert len(secret) == 40
    for process in (psutil.Process(pid), *rclone_of(pid)):
        assert secret not in " ".join(process.cmdline())
    for path in (root / "logs").iterdir():
        assert secret not in path.read_text()


@pytest.mark.parametrize("option", ["--port", "--s3-port"])
def test_a_port_in_use_is_one_line(root, option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for command in ("start", "serve"):
            found = run(command, option, port, root=root)
            assert found.returncode == 2
            assert found.stderr == f"Port {port} is in use: name another one with {option}, or none.\n"
    assert run(command.replace("serve", "start"), option, port, root=root).returncode == 0
    assert str(port) in run("status", root=root).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "0"], "Port 0 does not exist"),
        (["--port", "70000"], "Port 70000 does not exist"),
        (["--port", "x"], "invalid int value"),
    ],
)
def test_a_port_that_cannot_be(root, arguments, words):
    found = run("start", *arguments, root=root)
    assert found.returncode == 2
    assert words in found.stderr


def test_other_ports_need_a_stop_first(root):
    control.start(root)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = run("start", "--port", port, root=root)
    assert found.returncode == 2
    assert "stop it first" in found.stderr


def test_a_folder_that_holds_other_things_is_left_alone(root):
    root.mkdir()
    (root / "thesis.tex").write_text("years of work")
    for command in ("start", "serve"):
        found = run(command, root=root)
        assert found.returncode == 2
        assert "holds other things (thesis.tex" in found.stderr
    assert run("reset", "--yes", root=root).returncode == 2
    assert [path.name for path in root.iterdir()] == ["thesis.tex"]


def test_reset_asks_and_removes_all(root):
    control.start(root)
    client(root, "s3").create_bucket(Bucket="bucket")
    assert run("reset", root=root, input="n\n").returncode == 2
    assert (root / "s3" / "bucket").is_dir()
    assert control.status(root).running
    assert run("reset", root=root, input="y\n").returncode == 0
    assert list(root.iterdir()) == []
    assert not control.status(root).running
    control.start(root)
    assert client(root, "s3").list_buckets()["Buckets"] == []


def test_s3_comes_back_when_it_dies(root):
    pid = control.start(root).pid
    s3 = client(root, "s3", retries={"max_attempts": 8, "mode": "standard"})
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="x", Body=b"kept")
    (before,) = rclone_of(pid)
    before.kill()
    assert wait_for(lambda: [child for child in rclone_of(pid) if child.pid != before.pid])
    assert s3.get_object(Bucket="bucket", Key="x")["Body"].read() == b"kept"


def test_the_users_own_settings_do_not_reach_it(root):
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "RCLONE_READ_ONLY": "true",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    found = run("start", root=root, env=environment)
    assert found.returncode == 0, found.stderr
    s3 = client(root, "s3")
    s3.create_bucket(Bucket="bucket")
    assert s3.put_object(Bucket="bucket", Key="x", Body=b"")["ETag"]


class Load:
    """Clients that write until they are told to stop, and remember what was acknowledged."""

    def __init__(self, root: Path, round_: int) -> None:
        options = {"retries": {"max_attempts": 0}, "connect_timeout": 5, "read_timeout": 20}
        self.glue = client(root, "glue", **options)
        self.s3 = client(root, "s3", **options)
        self.round = round_
        self.tables: list[str] = []
        self.partitions: list[list[str]] = []
        self.objects: dict[str, str] = {}
        self.stopping = threading.Event()
        self.threads = [
            threading.Thread(target=self._repeat, args=(work,))
            for work in (self._table, self._partition, self._object, self._object)
        ]
        for thread in self.threads:
            thread.start()

    def _repeat(self, work) -> None:
        number = 0
        while not self.stopping.is_set():
            with contextlib.suppress(BotoCoreError, ClientError):
                work(f"r{self.round}_{threading.get_ident()}_{number}")
            number += 1

    def _table(self, name) -> None:
        self.glue.create_table(DatabaseName="d", TableInput={"Name": name})
        self.tables.append(name)

    def _partition(self, name) -> None:
        self.glue.create_partition(DatabaseName="d", TableName="t", PartitionInput={"Values": [name]})
        self.partitions.append([name])

    def _object(self, name) -> None:
        body = os.urandom(200_000)
        self.s3.put_object(Bucket="bucket", Key=f"objects/{name}", Body=body)
        self.objects[f"objects/{name}"] = hashlib.md5(body).hexdigest()

    def written(self) -> int:
        return min(len(self.tables), len(self.partitions), len(self.objects))

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def test_kill_9_under_load_loses_nothing_that_was_acknowledged(root):
    rounds = int(os.environ.get("LOGLOOM_KILL_ROUNDS", "3"))
    found = control.start(root)
    client(root, "s3").create_bucket(Bucket="bucket")
    glue = client(root, "glue")
    glue.create_database(DatabaseInput={"Name": "d"})
    keys = [{"Name": "p", "Type": "string"}]
    glue.create_table(DatabaseName="d", TableInput={"Name": "t", "PartitionKeys": keys})
    loads = []
    for round_ in range(rounds):
        load = Load(root, round_)
        loads.append(load)
        assert wait_for(lambda load=load: load.written() >= 5)
        children = rclone_of(found.pid)
        os.kill(found.pid, signal.SIGKILL)
        load.stop()
        # No hand is needed: not to end the children, not to free the lock or the ports.
        again = control.start(root)
        assert (again.endpoint, again.s3_endpoint) == (found.endpoint, found.s3_endpoint)
        assert all(has_ended(child.pid) for child in children)
        found = again

    glue, s3 = client(root, "glue"), client(root, "s3")
    pages = glue.get_paginator("get_tables").paginate(DatabaseName="d")
    tables = {table["Name"] for page in pages for table in page["TableList"]}
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName="d", TableName="t")
    partitions = {tuple(item["Values"]) for page in pages for item in page["Partitions"]}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="bucket")
    objects = {item["Key"]: item["ETag"].strip('"') for page in pages for item in page.get("Contents", [])}
    for load in loads:
        assert set(load.tables) <= tables
        assert {tuple(values) for values in load.partitions} <= partitions
        assert load.objects.items() <= objects.items()
    # Nothing half written shows either: what was not acknowledged is whole or not there.
    for key in objects:
        assert s3.head_object(Bucket="bucket", Key=key)["ContentLength"] == 200_000


def test_status_of_a_folder_that_is_not_there(tmp_path):
    assert not control.status(tmp_path / "nowhere").running
    assert not (tmp_path / "nowhere").exists()


def test_damaged_settings_are_one_line(root):
    layout = Layout(root)
    layout.prepare()
    layout.settings.write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        control.start(root)


def test_the_ports_are_those_of_the_endpoints(root):
    found = control.start(root)
    settings = json.loads((root / "settings.json").read_text())
    assert urlsplit(found.endpoint).port == settings["port"]
    assert urlsplit(found.s3_endpoint).port == settings["s3_port"]
