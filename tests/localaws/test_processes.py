"""Child processes that end with the one that started them."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from localaws.processes import Spawner, end


def alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with a killed parent")
def test_a_child_dies_with_a_parent_that_is_killed():
    program = (
        "import sys, threading; from localaws.processes import Spawner; spawner = Spawner()\n"
        "def work():\n"
        "    print(spawner.popen(['sleep', '600']).pid, flush=True)\n"
        "thread = threading.Thread(target=work); thread.start(); thread.join()\n"
        "print('the thread is gone', flush=True); sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    child = int(parent.stdout.readline())
    assert parent.stdout.readline() == "the thread is gone\n"
    assert alive(child)  # though the thread that asked for it has ended
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    until = time.monotonic() + 30
    while alive(child) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(child)


def test_a_program_that_is_not_there_is_the_callers_error():
    with pytest.raises(FileNotFoundError):
        Spawner().popen(["no-such-program-anywhere"])


def test_a_child_that_does_not_heed_is_killed():
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True)"
    child = Spawner().popen(
        [sys.executable, "-c", program + "; time.sleep(600)"], stdout=subprocess.PIPE, text=True
    )
    child.stdout.readline()
    end(child, patience=0.2)
    child.stdout.close()
    assert child.returncode == -signal.SIGKILL


def test_a_child_that_heeds_is_not():
    child = Spawner().popen(["sleep", "600"])
    end(child, patience=30)
    assert child.returncode == -signal.SIGTERM
