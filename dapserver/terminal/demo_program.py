"""The program that `dapserver demo` debugs: threads that come, work a little under a name, and go."""

import ctypes
import sys
import threading
import time

PR_SET_NAME = 15
ROUNDS = 3
WORKERS = 4


def work(name: str, seconds: float) -> None:
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
    time.sleep(seconds)


def main() -> None:
    print("ready", flush=True)
    sys.stdin.readline()
    for round_number in range(1, ROUNDS + 1):
        workers = [
            threading.Thread(target=work, args=(f"worker-{round_number}.{n}", 0.5 + 0.1 * n))
            for n in range(1, WORKERS + 1)
        ]
        for worker in workers:
            worker.start()
            time.sleep(0.1)
        for worker in workers:
            worker.join()
    print("done", flush=True)
    sys.stdin.readline()


main()
