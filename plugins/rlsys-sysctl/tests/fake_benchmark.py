"""A benchmark that takes milliseconds: a known, noisy function of a fake /proc/sys.

Arguments: folder, seconds, seed, and what to do wrong: nothing, or one of the words below.
"""

import math
import os
import random
import sys
import time

root, seconds, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
fault = sys.argv[4] if len(sys.argv) > 4 else ""


def read(name):
    with open(f"{root}/{name.replace('.', '/')}", encoding="utf-8") as file:
        return file.read().split()


if fault == "silent":
    print("I print no metric")
    sys.exit()
if fault == "nan":
    print("speed: nan")
    sys.exit()
if fault == "hang":
    time.sleep(1000)
if fault == "hold":  # the 31st run and those after it, while there is a file that says so
    with open(f"{root}.runs", "a", encoding="utf-8") as file:
        file.write("x")
    while os.path.getsize(f"{root}.runs") > 30 and os.path.exists(f"{root}.hold"):
        if read("vm.swappiness") == ["60"]:
            break
        open(f"{root}.held", "w", encoding="utf-8").close()
        time.sleep(0.01)
if fault == "fork" and os.fork() == 0:
    time.sleep(1000)
if fault == "meddle" and read("vm.swappiness") != ["60"]:
    with open(f"{root}/vm/swappiness", "w", encoding="utf-8") as file:
        file.write("77\n")

far = ((int(read("vm.swappiness")[0]) - 150) / 60) ** 2
far += ((int(read("vm.page-cluster")[0]) - 6) / 3) ** 2
noise = 0.02 / math.sqrt(seconds) * random.Random(seed).gauss(0, 1)
print("speed:", (100 + 150 * math.exp(-far)) * (1 + noise))
