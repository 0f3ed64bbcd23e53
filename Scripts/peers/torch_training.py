"""PyTorch's side of `Scripts/bench --peer torch`: the same work as kernels of `renorm bench`, one thread, processor time.

Prints one JSON object: samples (of InfoNCE: steps) per second by the kernel's name there, single precision, and ", bf16" behind it for bf16.
"""
import json
import statistics
import sys
import time

import torch

torch.set_num_threads(1)
torch.manual_seed(1)


def rate(step, samples, steps, repeats):
    """The median of samples per second of processor time, after one run that is not counted."""
    step()
    rates = []
    for _ in range(repeats):
        start = time.process_time()
        for _ in range(steps):
            step()
        rates.append(samples * steps / (time.process_time() - start))
    return statistics.median(rates)


def training(model, shape, bf16):
    x, y = torch.rand(256, *shape), torch.randint(0, 10, (256,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    loss = torch.nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            value = loss(model(x), y)
        value.backward()
        optimizer.step()

    return step


def perceptron():
    n = torch.nn
    return n.Sequential(n.Linear(784, 512), n.ReLU(), n.Linear(512, 256), n.ReLU(), n.Linear(256, 10))


def convolutional():
    n = torch.nn
    return n.Sequential(
        n.Conv2d(1, 32, 3), n.ReLU(), n.Conv2d(32, 64, 3), n.ReLU(), n.MaxPool2d(2), n.Flatten(),
        n.Linear(9216, 128), n.ReLU(), n.Linear(128, 10))


def contrastive_divergence(visible, hidden, batch, dtype):
    """CD-1 with momentum and L1, hidden samples in between, probabilities at the ends."""
    w = (0.01 * torch.randn(visible, hidden)).to(dtype)
    a, b = torch.zeros(visible, dtype=dtype), torch.zeros(hidden, dtype=dtype)
    speed = torch.zeros_like(w)
    data = (torch.rand(batch, visible) < 0.5).to(dtype)

    def step():
        p0 = torch.sigmoid(data @ w + b)
        h0 = torch.bernoulli(p0)
        v1 = torch.bernoulli(torch.sigmoid(h0 @ w.t() + a))
        p1 = torch.sigmoid(v1 @ w + b)
        gradient = (data.t() @ p0 - v1.t() @ p1) / batch
        speed.mul_(0.5).add_(gradient - 4e-3 * torch.sign(w), alpha=0.064)
        w.add_(speed)
        a.add_((data - v1).mean(0), alpha=0.064)
        b.add_((p0 - p1).mean(0), alpha=0.064)

    return step


def contrast(bf16):
    """A step of InfoNCE with a separable critic: two networks, all pairs of a batch, Adam."""
    n = torch.nn

    def network():
        return n.Sequential(n.Linear(10, 256), n.ReLU(), n.Linear(256, 256), n.ReLU(), n.Linear(256, 32))

    first, second, x = network(), network(), torch.randn(6000, 10)
    y = 0.6 * x + 0.8 * torch.randn(6000, 10)
    optimizer = torch.optim.Adam([*first.parameters(), *second.parameters()], lr=1e-3)

    def step():
        chosen = torch.randint(0, 6000, (512,))
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            scores = first(x[chosen]) @ second(y[chosen]).t()
        scores = scores.float()
        (torch.logsumexp(scores, 1) - scores.diagonal()).mean().backward()
        optimizer.step()

    return step


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rates = {}

    def add(name, samples, steps, make):
        rates[name] = rate(make(False), samples, steps, repeats)
        rates[name + ", bf16"] = rate(make(True), samples, steps, repeats)

    with torch.no_grad():
        for visible, hidden, batch, steps in [(1024, 256, 512, 10), (4096, 1024, 1024, 1), (784, 512, 256, 20)]:
            add(f"CD-1 step, {visible}x{hidden}, batch {batch}", batch, steps,
                lambda bf16: contrastive_divergence(visible, hidden, batch, torch.bfloat16 if bf16 else torch.float32))
    add("MLP 784-512-256-10 training, batch 256", 256, 20, lambda bf16: training(perceptron(), (784,), bf16))
    add("CNN 32-64 3x3 training, batch 256", 256, 1, lambda bf16: training(convolutional(), (1, 28, 28), bf16))
    add("InfoNCE step, batch 512, d = 10, two networks of 256 x 256 units", 1, 50, contrast)
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
