"""Processes that die at the worst moment: amidst the result they hand over."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIG = 200_000_000  # bytes: some tenths of a second in a pipe of 64 kB

TASK = """
def big(size):
    return bytes(size)
"""

SCRIPT = """
import os, signal, sys, time
from concurrent.futures import BrokenExecutor
from task import big
from solver.ensemble.engines import Local

pool = Local(1)
pool.submit(big, 1).result()
(process,) = pool.executor._processes
answer = pool.submit(big, %(size)d)
while "pipe_w" not in open(f"/proc/{process}/wchan").read():
    assert not answer.done()
if %(how)r == "abandoned":
    pool.abandon()
else:
    os.kill(process, signal.SIGKILL)
    try:
        answer.result()
    except BrokenExecutor:
        pool.renew()
        assert pool.submit(big, 2).result() == bytes(2)
        pool.executor.shutdown()
print("ends")
"""


@pytest.mark.parametrize("how", ["abandoned", "killed"])
def test_a_process_that_dies_amidst_its_result_leaves_nobody_waiting(how, tmp_path):
    (tmp_path / "task.py").write_text(TASK, encoding="utf-8")
    if not _waits_are_told():
        pytest.skip("the kernel does not say what processes wait for")
    script = SCRIPT % {"size": BIG, "how": how}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env={"PYTHONPATH": f"{ROOT}:{tmp_path}"},
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "ends\n"), done.stderr


def _waits_are_told():
    """Does /proc/PID/wchan name what a sleeping process waits for (Linux, and not all of them)?"""
    if not Path("/proc/self/wchan").exists():
        return False
    with subprocess.Popen(["sleep", "10"]) as sleeping:
        told = False
        for _ in range(1000):
            told = told or "sleep" in Path(f"/proc/{sleeping.pid}/wchan").read_text()
        sleeping.kill()
    return told
