"""How the benchmarks measure: processes of their own, paired rounds, latencies, what the machine can do."""

from __future__ import annotations

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Call = Callable[[], Any]


@dataclass(frozen=True)
class Built:
    """Seconds, peak resident memory of the process, and seconds by part where the engine tells them."""

    seconds: float
    peak_mb: float
    parts: dict[str, float]


def in_this_process(task: Callable[[], dict[str, float]]) -> str:
    """Run a task that gives seconds by part; what it took, as a line that `in_own_process` reads."""
    started = time.perf_counter()
    parts = task()
    seconds = time.perf_counter() - started
    return json.dumps({"seconds": seconds, "peak_mb": peak_memory_mb(), "parts": parts})


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, in MB."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count what the parent held when it started this process
        (kilobytes,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(kilobytes) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def in_own_process(script: str, *arguments: str) -> Built:
    """Run `script arguments` with this interpreter; its last line is from `in_this_process`. Exits if it fails."""
    command = [sys.executable, script, *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"expected a measurement of {' '.join(arguments)}, found exit code {done.returncode}:\n{done.stderr}")
    return Built(**json.loads(done.stdout.splitlines()[-1]))


def paired_seconds(calls: Mapping[str, Call], rounds: int) -> dict[str, list[float]]:
    """Seconds of each call in each round. The calls alternate; a round before the first warms up."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if turn:
                seconds[name].append(time.perf_counter() - started)
    return seconds


def paired_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Median over rounds of the ratio within the round: what disturbs a whole round does not count."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def best_of(calls: Mapping[str, Sequence[Call]], rounds: int = 3) -> dict[str, np.ndarray]:
    """Float64[calls] by name: each call's least seconds of some rounds, names in turn, after a round to warm up."""
    best = {name: np.full(len(each), np.inf) for name, each in calls.items()}
    for turn in range(rounds + 1):
        for name, each in calls.items():
            for place, call in enumerate(each):
                started = time.perf_counter()
                call()
                if turn:
                    best[name][place] = min(best[name][place], time.perf_counter() - started)
    return best


def memory_bandwidth() -> float:
    """Bytes per second that one thread reads from memory (numpy sum over 512 MB, best of 5)."""
    data = np.ones(1 << 26, np.uint64)
    seconds = paired_seconds({"sum": data.sum}, 5)["sum"]
    return data.nbytes / min(seconds)


def machine() -> str:
    """Processor, how busy it is, and Python in a line."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = f"{names[0]}, {len(names)} processors" if names else model
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}{load}; Python {platform.python_version()}"
