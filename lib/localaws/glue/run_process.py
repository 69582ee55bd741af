"""The process of one job run: starts the JVM and the script, and ends all that they started with itself.

Run as ``python -m localaws.glue.run_process FILE``, where FILE is the run's JSON description:

=============  ==============================================================
``script``     command line of the script
``jvm``        command line of the JVM; null for a Python shell job
``connection`` file in which the JVM says where it listens
``folder``     where both run
``result``     file for the outcome: ``{"code": 0}``, ``{"signal": 9}``
=============  ==============================================================

Its standard input is a pipe that the supervisor holds: when it closes, however the supervisor ended,
everything ends. Nothing of the run outlives this process, not even what left its process group: a subreaper,
it inherits all orphans (prctl(2)), and its own children are killed with it by the kernel.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
STOPPED = 143  # as a shell has it for SIGTERM
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def main() -> int:
    """Run the job; the exit code is 0 whenever there is an outcome, `STOPPED` when it was stopped."""
    run = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    stopping: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopping.append(number))
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if run["jvm"]:
        environment = {**os.environ, "_PYSPARK_DRIVER_CONN_INFO_PATH": run["connection"]}
        # The JVM ends when its standard input does.
        _start(run["jvm"], run["folder"], environment, stdin=subprocess.PIPE)
    script = _start(run["script"], run["folder"], dict(os.environ), stdin=subprocess.DEVNULL)
    import psutil  # while the others start

    try:
        while script.poll() is None and not stopping:
            ready, _, _ = select.select([wake, sys.stdin], [], [], 60)
            if sys.stdin in ready and not os.read(sys.stdin.fileno(), 1):
                stopping.append(signal.SIGHUP)  # the supervisor is gone
            if wake in ready:
                os.read(wake, 4096)
    finally:
        code = script.poll()
        _end_everything(psutil.Process())
    if code is None:
        return STOPPED
    outcome = {"code": code} if code >= 0 else {"signal": -code}
    temporary = Path(run["result"] + ".part")
    temporary.write_text(json.dumps(outcome), encoding="utf-8")
    temporary.replace(run["result"])
    return 0


def _start(command: list[str], folder: str, environment: dict[str, str], stdin: int) -> subprocess.Popen:
    parent = os.getpid()

    def die_with_parent() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return subprocess.Popen(command, cwd=folder, env=environment, stdin=stdin, preexec_fn=die_with_parent)


def _end_everything(this) -> None:
    """Kill all descendants, and those that they leave to us, until there are none."""
    import psutil

    until = time.monotonic() + 30
    while (left := this.children(recursive=True)) and time.monotonic() < until:
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.005)


if __name__ == "__main__":
    sys.exit(main())
