"""Runs a program and prints, as one JSON object: its peak memory, its whole time, its output, and when its
progress began and ended. With `--gpu` first, also by how much the memory in use on the cards grew at most: what the
driver counts is the same for every tool, whatever allocator it has."""

import json
import os
import subprocess
import sys
import threading
import time


def gpu_mib():
    query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
    return sum(float(line) for line in subprocess.check_output(query, text=True).split())


class GpuPeak(threading.Thread):
    """Looks at the cards' memory five times a second until it is stopped."""

    def __init__(self):
        super().__init__(daemon=True)
        self.before = self.peak = gpu_mib()
        self.stopped = threading.Event()

    def run(self):
        while not self.stopped.wait(0.2):
            self.peak = max(self.peak, gpu_mib())

    def stop(self):
        self.stopped.set()
        self.join()
        return self.peak - self.before


def watch(command, gpu):
    peak = GpuPeak() if gpu else None
    if peak:
        peak.start()
    start = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output, first, last = b"", None, None
    while chunk := os.read(child.stdout.fileno(), 1 << 16):
        output += chunk
        # fastText says how many words it has read and then nothing before its end.
        if b"Progress:" in chunk or b"Number of words:" in chunk:
            last = time.monotonic()
            first = first or last
    _, status, usage = os.wait4(child.pid, 0)
    return {
        "status": os.waitstatus_to_exitcode(status),
        "seconds": time.monotonic() - start,
        "progress_seconds": last - first if first else None,
        "peak_mib": usage.ru_maxrss / 1024,
        "gpu_mib": peak.stop() if peak else None,
        "output": output.decode("utf-8", "replace").replace("\r", "\n"),
    }


arguments = sys.argv[1:]
gpu = arguments[0] == "--gpu"
print(json.dumps(watch(arguments[gpu:], gpu)))
