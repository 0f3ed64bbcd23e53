"""A move of the gas on the sphere that `renorm bench` measures, as one writes it in Python with numba: the peer of Scripts/bench.

Prints one JSON object: moves per second of processor time, median of the repeats, one core, by the name of the kernel in
`renorm bench`. E|sum x|^2 = N/(1 + beta) is checked, so that what is measured is right.
"""
import json
import math
import sys

import numpy as np
from numba import njit

from numba_ising import generator, median_rate, uniform


@njit
def sweep(points, s, beta, lengths):
    """One Metropolis move of each point by the product form: N logarithms a move; returns the number of moves accepted."""
    n, accepted = points.shape[0], 0
    exponent = 4 * beta / (n - 1)
    for i in range(n):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        # Uniform in the unit ball, by rejection.
        while True:
            a, b, c = 2 * uniform(s) - 1, 2 * uniform(s) - 1, 2 * uniform(s) - 1
            if a * a + b * b + c * c <= 1:
                break
        length = lengths[int(uniform(s) * 4)]
        u, v, w = x + length * a, y + length * b, z + length * c
        norm = 1 / math.sqrt(u * u + v * v + w * w)
        u, v, w = u * norm, v * norm, w * norm
        change = 0.0
        for j in range(n):
            if j != i:
                p, q, r = points[j, 0], points[j, 1], points[j, 2]
                after = (u - p) * (u - p) + (v - q) * (v - q) + (w - r) * (w - r)
                before = (x - p) * (x - p) + (y - q) * (y - q) + (z - r) * (z - r)
                change += math.log(after / before)
        change *= exponent / 2
        if change >= 0 or uniform(s) < math.exp(change):
            points[i, 0], points[i, 1], points[i, 2] = u, v, w
            accepted += 1
    return accepted


def rate(n, repeats, beta=1.0):
    s = generator()
    draws = np.random.default_rng(1).normal(size=(n, 3))
    points = draws / np.linalg.norm(draws, axis=1)[:, None]
    spacing = 2 / math.sqrt(n)
    lengths = np.array([2, 2 * math.sqrt(spacing), spacing, spacing / 4])
    squares, count = [], max(1, (1 << 22) // (n * (20 + n)))
    for k in range(400):
        sweep(points, s, beta, lengths)
        if k >= 50:
            squares.append((points.sum(axis=0) ** 2).sum() / n)
    # Squares of three normal components; 350 sweeps are some 50 independent ones: 0.3 is five standard errors.
    assert abs(np.mean(squares) - 1 / (1 + beta)) < 0.3, np.mean(squares)

    def work():
        for _ in range(count):
            sweep(points, s, beta, lengths)
        return count * n

    return median_rate(work, repeats)


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(json.dumps({f"moves of a point of the gas on the sphere, N = {n}, beta = 1": rate(n, repeats) for n in (64, 256, 1024)}))


if __name__ == "__main__":
    main()
