"""PyTorch's side of `Scripts/bench --peer torch` for annealed importance sampling: one thread, processor time, single precision.

Prints one JSON object: runs per second by the kernel's name in `renorm bench`.
"""
import json
import statistics
import time

import torch

torch.set_num_threads(1)
torch.manual_seed(1)


def run(w, a, b, temperatures, replicas):
    """The log-weights of a path from fair units, visible units as states and hidden units summed out; each field is computed once."""
    v = torch.bernoulli(torch.full((replicas, len(a)), 0.5))
    wt = w.t().contiguous()
    field, linear, weights = v @ w + b, v @ a, torch.zeros(replicas)
    for k in range(1, temperatures + 1):
        before, after = (k - 1) / temperatures, k / temperatures
        softplus = torch.nn.functional.softplus
        weights += (after - before) * linear + (softplus(after * field) - softplus(before * field)).sum(1)
        h = (torch.rand_like(field) < torch.sigmoid(after * field)).float()
        v = (torch.rand(len(v), len(a)) < torch.sigmoid(torch.addmm(a, h, wt) * after)).float()
        field, linear = torch.addmm(b, v, w), v @ a
    return weights


def main():
    w, rates = 0.05 * torch.randn(784, 500), []
    with torch.no_grad():
        for repeat in range(4):
            start = time.process_time()
            run(w, torch.zeros(784), torch.zeros(500), 1000, 100)
            if repeat:
                rates.append(1 / (time.process_time() - start))
    print(json.dumps({"AIS of 784x500 units, 1000 temperatures, 100 replicas": statistics.median(rates)}))


main()
