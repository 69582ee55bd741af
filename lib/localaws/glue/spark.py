"""The JVM that a job's PySpark speaks with, started directly, without Spark's shell scripts."""

from __future__ import annotations

import os
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import psutil

from localaws.glue import java

# What Spark's own launcher opens for Java 17 (org.apache.spark.launcher.JavaModuleOptions).
_OPENED = [
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.invoke",
    "java.base/java.lang.reflect",
    "java.base/java.net",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.ref",
    "java.base/sun.nio.ch",
    "java.base/sun.nio.cs",
    "java.base/sun.security.action",
    "java.base/sun.util.calendar",
    "java.security.jgss/sun.security.krb5",
]
MAX_HEAP = 4 * 2**30
FEW_CORES = 2


def home() -> Path:
    """Give the folder of the installed PySpark, which holds Spark itself."""
    found = find_spec("pyspark")
    if found is None or found.origin is None:
        raise java.NoJava("PySpark is not installed: install the package pyspark 3.5.6.")
    return Path(found.origin).parent


def settings(s3_root: Path, work: Path, asked: dict[str, str]) -> dict[str, str]:
    """Give Spark's settings for a run: defaults, what the run asks for, and what it cannot change.

    Buckets are mounted as they are now: ``s3://`` (and ``s3a://``) of any other fails, as it should.

    Parameters
    ----------
    s3_root
        The folder that holds the buckets.
    work
        A folder of the run's own.
    asked
        The run's ``--conf``.
    """
    defaults = {
        "spark.sql.shuffle.partitions": str(os.cpu_count() or 2),
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.showConsoleProgress": "false",
    }
    fixed = {
        "spark.master": "local[*]",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(work / "spark"),
        "spark.sql.warehouse.dir": (work / "warehouse").as_uri(),
        "spark.sql.catalogImplementation": "in-memory",
        # No .crc files beside the objects; no way but the mounts.
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
        "spark.hadoop.fs.s3a.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
    }
    for bucket in mounted(s3_root):
        fixed[f"spark.hadoop.fs.viewfs.mounttable.{bucket}.linkFallback"] = (s3_root / bucket).as_uri()
    return defaults | asked | fixed


def mounted(s3_root: Path) -> list[str]:
    """Give the buckets that a run can read and write.

    Where there are buckets ``a`` and ``a.b``, Hadoop takes the mount of the second for a broken one of the
    first; so the longer name goes without.
    """
    names = sorted(entry.name for entry in os.scandir(s3_root) if entry.is_dir())
    names = [name for name in names if not name.startswith(".")]
    return [name for name in names if not any(name.startswith(f"{other}.") for other in names)]


def command(conf: dict[str, str], work: Path, jars: list[Path]) -> list[str]:
    """Give the command line of the JVM that serves PySpark (org.apache.spark.deploy.SparkSubmit).

    The settings are written to a file in `work`, since a command line is there for all to read.

    Raises
    ------
    java.NoJava
        When there is no Java, or no PySpark.
    """
    properties = work / "spark.properties"
    lines = [f"{_escaped(key, key=True)}={_escaped(value)}" for key, value in conf.items()]
    properties.write_text("\n".join(lines) + "\n", encoding="latin-1")
    heap = conf.get("spark.driver.memory") or f"{min(psutil.virtual_memory().total // 2, MAX_HEAP) // 2**20}m"
    log4j = resources.files("localaws.glue").joinpath("spark_log4j2.properties")
    submit = ["org.apache.spark.deploy.SparkSubmit", "--properties-file", str(properties)]
    if jars:
        submit += ["--jars", ",".join(jar.as_uri() for jar in jars)]
    return [
        str(java.find()),
        "-cp",
        str(home() / "jars" / "*"),
        f"-Xmx{heap}",
        # On few cores the collector's threads cost a start more than they bring: a fifth of its CPU time.
        *(["-XX:+UseSerialGC"] if (os.cpu_count() or 1) <= FEW_CORES else []),
        "-XX:+IgnoreUnrecognizedVMOptions",
        "-XX:-UsePerfData",
        *(f"--add-opens={each}=ALL-UNNAMED" for each in _OPENED),
        "-Djdk.reflect.useDirectMethodHandle=false",
        "-Duser.timezone=UTC",
        f"-Djava.io.tmpdir={work / 'tmp'}",
        f"-Dlog4j2.configurationFile={log4j}",
        *submit,
        "pyspark-shell",
    ]


def _escaped(text: str, *, key: bool = False) -> str:
    """Escape text for a Java properties file."""
    out = []
    for char in text:
        if char in "\\" or (key and char in " :=") or (not key and char == " " and not out):
            out.append("\\" + char)
        elif char in "\n\r\t":
            out.append({"\n": "\\n", "\r": "\\r", "\t": "\\t"}[char])
        elif ord(char) > 126 or ord(char) < 32:
            out += [f"\\u{unit:04x}" for unit in _utf16(char)]
        else:
            out.append(char)
    return "".join(out)


def _utf16(char: str) -> list[int]:
    data = char.encode("utf-16-be")
    return [int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2)]
