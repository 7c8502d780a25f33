"""A Spark standalone cluster on loopback: a master, two workers of one core each, and a Connect server, each a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
READY_S = 180.0
CONNECT_SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"


def missing() -> str | None:
    """Why no cluster can be started here; None where one can."""
    if os.environ.get("INFERCHECK_SPARK") != "1":
        return "a Spark cluster takes minutes: `make spark` installs one and runs these"
    if shutil.which("java") is None:
        return "Spark needs Java 17 on the PATH"
    return None


@dataclass
class Cluster:
    """Where to connect, and the processes."""

    folder: Path
    remote: str = ""
    master: str = ""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    others: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        import pyspark

        home = Path(pyspark.__file__).parent
        env = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": HOST,
            "SPARK_LOCAL_DIRS": str(self.folder / "scratch"),
            "PYSPARK_PYTHON": sys.executable,
        }
        log = (self.folder / f"{name}.log").open("wb")
        return subprocess.Popen(
            [str(home / "bin" / command[0]), *command[1:]], cwd=self.folder, env=env, stdout=log, stderr=subprocess.STDOUT
        )

    def await_line(self, name: str, pattern: str, times: int = 1) -> None:
        """Wait until a process has written such a line so many times."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            said = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
            if len(re.findall(pattern, said)) >= times:
                return
            time.sleep(0.3)
        raise TimeoutError(f"{name} said nothing like {pattern!r} in {READY_S:g} s; see {self.folder}")


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Start all, yield when both workers are registered, stop all."""
    ports = [_free_port() for _ in range(3)]
    made = Cluster(folder, f"sc://{HOST}:{ports[1]}", f"spark://{HOST}:{ports[0]}")
    try:
        made.others.append(
            made.start(
                "master",
                "spark-class",
                "org.apache.spark.deploy.master.Master",
                "--host",
                HOST,
                "--port",
                str(ports[0]),
                "--webui-port",
                str(ports[2]),
            )
        )
        made.await_line("master", "I have been elected leader|New state: ALIVE")
        for number in (1, 2):
            made.workers.append(
                made.start(
                    f"worker{number}",
                    "spark-class",
                    "org.apache.spark.deploy.worker.Worker",
                    "--host",
                    HOST,
                    "--webui-port",
                    "0",
                    "--cores",
                    "1",
                    "--memory",
                    "1g",
                    made.master,
                )
            )
        made.await_line("master", "Registering worker", 2)
        settings = {
            "spark.sql.shuffle.partitions": "2",
            "spark.executor.cores": "1",
            "spark.executor.memory": "700m",
            "spark.ui.enabled": "false",
            "spark.driver.bindAddress": HOST,
            "spark.driver.host": HOST,
            "spark.connect.grpc.binding.address": HOST,
            "spark.connect.grpc.binding.port": str(ports[1]),
            "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.deploy.maxExecutorRetries": "-1",
            "spark.sql.codegen.wholeStage": "false",  # over a few rows, compiling a plan takes longer than running it
            "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        }
        options = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
        made.others.append(
            made.start(
                "connect",
                "spark-submit",
                "--class",
                CONNECT_SERVER,
                "--master",
                made.master,
                "--driver-memory",
                "1g",
                *options,
                "spark-internal",
            )
        )
        made.await_line("connect", "Spark Connect server started")
        yield made
    finally:
        for process in (*made.others[::-1], *made.workers):
            process.terminate()
        for process in (*made.others, *made.workers):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
