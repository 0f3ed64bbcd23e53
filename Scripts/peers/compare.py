"""Prints the kernels of `renorm bench --json` beside a peer's rates: compare.py PEER renorm.json peer.json"""
import json
import sys

peer, ours, theirs = sys.argv[1], json.load(open(sys.argv[2])), json.load(open(sys.argv[3]))
rates = {kernel["kernel"]: kernel["per_second"] for kernel in ours["kernels"]}
alone = "references" in ours
print(f"{ours['processor']}; {'one core, processor time' if alone else 'two ranks, wall time'}, units per second\n")
print(f"{'kernel':<52} {'renorm':>10} {peer:>10} {'ratio':>7}")
for name, rate in theirs.items():
    own = rates[name.removesuffix(", bf16").removesuffix(", full SVD")]
    print(f"{name:<52} {own:>10.3g} {rate:>10.3g} {own / rate:>7.2f}")
    if name + ", fast" in rates:
        fast = rates[name + ", fast"]
        print(f"{name + ', fast':<52} {fast:>10.3g} {rate:>10.3g} {fast / rate:>7.2f}")
