"""Runs a job's script as `__main__`, with its Spark connected to the JVM that is already starting.

Run as ``python -m localaws.glue.run_script CONNECTION ERROR SCRIPT [argument …]``; CONNECTION is the file in
which the JVM says where it listens (empty for a Python shell job), ERROR the one for a traceback's last line.
"""

from __future__ import annotations

import os
import struct
import sys
import time
import traceback
import types
from pathlib import Path

JVM_PATIENCE_S = 120
MAX_MESSAGE = 4000


def main() -> None:
    """Run the script; ends with its exit code, 1 after an exception."""
    connection, error_file, script, *arguments = sys.argv[1:]
    sys.argv = [script, *arguments]
    # As Python itself has it for a script: its own folder first, where `-m` puts the current one.
    sys.path[0] = str(Path(script).parent)
    try:
        if connection:
            _connect_lazily(Path(connection))
        module = types.ModuleType("__main__")
        module.__dict__.update(__file__=script, __builtins__=__builtins__)
        sys.modules["__main__"] = module
        code = compile(Path(script).read_bytes(), script, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - this is what the module is for
    except SystemExit as ending:
        if ending.code not in (None, 0):
            _write(error_file, f"SystemExit: {ending.code}")
        raise
    except BaseException as error:  # noqa: BLE001 - told as Glue tells it; the process ends with it
        # Without our own frames, which come first.
        error = error.with_traceback(_of_script(error.__traceback__, script))
        traceback.print_exception(error)
        _write(error_file, last_line(error))
        sys.stderr.flush()
        sys.exit(1)


def last_line(error: BaseException) -> str:
    """Give the error as Glue tells it in a run's ErrorMessage: the last line of its traceback."""
    message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    # Py4J puts the whole Java stack into the message.
    return message.split("\n\tat ", 1)[0].strip()[:MAX_MESSAGE]


def _of_script(tb: types.TracebackType | None, script: str) -> types.TracebackType | None:
    first = tb
    while tb is not None and tb.tb_frame.f_code.co_filename != script:
        tb = tb.tb_next
    return tb or (first.tb_next if first else None)


def _connect_lazily(connection: Path) -> None:
    """Let PySpark wait for the JVM when the script first asks for Spark, not before."""
    import pyspark.context

    launch = pyspark.context.launch_gateway

    def launch_when_there(*args, **kwargs):
        port, secret = _where(connection)
        os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"] = str(port), secret
        try:
            return launch(*args, **kwargs)
        finally:
            del os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"]

    pyspark.context.launch_gateway = launch_when_there


def _where(connection: Path) -> tuple[int, str]:
    # The JVM writes port, length and secret to a temporary file and renames it.
    until = time.monotonic() + JVM_PATIENCE_S
    while not connection.is_file():
        if time.monotonic() > until:
            raise RuntimeError(
                f"Spark's JVM did not start within {JVM_PATIENCE_S} s: see the run's error log."
            )
        time.sleep(0.01)
    data = connection.read_bytes()
    port, length = struct.unpack_from(">ii", data)
    connection.unlink()
    return port, data[8 : 8 + length].decode()


def _write(path: str, message: str) -> None:
    Path(path).write_text(message, encoding="utf-8", errors="replace")


if __name__ == "__main__":
    main()
