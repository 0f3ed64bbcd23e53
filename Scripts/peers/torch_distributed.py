"""PyTorch's side of `Scripts/bench --peer torch` for two ranks: DistributedDataParallel over gloo, one thread each, wall time.

Prints one JSON object: samples per second by the kernel's name in `mpirun -n 2 renorm bench`.
"""
import json
import os
import statistics
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch_training import convolutional, perceptron


def rate(model, shape, batch, ranks, steps, repeats=5):
    model = torch.nn.parallel.DistributedDataParallel(model)
    x, y = torch.rand(batch // ranks, *shape), torch.randint(0, 10, (batch // ranks,))
    optimizer, loss = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9), torch.nn.CrossEntropyLoss()
    rates = []
    for repeat in range(repeats + 1):
        dist.barrier()
        start = time.monotonic()
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            loss(model(x), y).backward()
            optimizer.step()
        dist.barrier()
        if repeat:
            rates.append(batch * steps / (time.monotonic() - start))
    return statistics.median(rates)


def work(rank, ranks, port):
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[rank % len(os.sched_getaffinity(0))]})
    torch.set_num_threads(1)
    torch.manual_seed(rank)
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    rates = {
        "MLP 784-512-256-10 training, batch 512 in 8 shards, strict, 2 ranks": rate(perceptron(), (784,), 512, ranks, 40),
        "CNN 32-64 3x3 training, batch 512 in 8 shards, strict, 2 ranks": rate(convolutional(), (1, 28, 28), 512, ranks, 2),
    }
    if rank == 0:
        print(json.dumps(rates))
    dist.destroy_process_group()


if __name__ == "__main__":
    mp.spawn(work, args=(2, 29571), nprocs=2)
