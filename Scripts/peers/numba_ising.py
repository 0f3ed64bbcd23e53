"""The Ising kernels that `renorm bench` measures, as one writes them in Python with numba: the peer of Scripts/bench.

Prints one JSON object: units of work per second of processor time, median of the repeats, one core, by the name of the
kernel in `renorm bench`. Each kernel's energy is checked against the exact value, so that what is measured is right.
"""
import json
import math
import sys
import time

import numpy as np
from numba import njit, uint64

K_CRITICAL = 0.5 * math.log(1 + math.sqrt(2))


@njit(inline="always")
def next_word(s):
    """xoshiro256++ (Blackman, Vigna 2021)."""
    t = s[0] + s[3]
    result = ((t << uint64(23)) | (t >> uint64(41))) + s[0]
    t = s[1] << uint64(17)
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = (s[3] << uint64(45)) | (s[3] >> uint64(19))
    return result


@njit(inline="always")
def uniform(s):
    return (next_word(s) >> uint64(11)) * (1.0 / 9007199254740992.0)


@njit
def checkerboard(spins, odds, s):
    """One Metropolis sweep; odds[n + 4] = min(1, exp(-2 K n)) for s times the neighbour sum n."""
    rows, columns = spins.shape
    for colour in range(2):
        for y in range(rows):
            above, below = spins[y - 1 if y else rows - 1], spins[y + 1 if y + 1 < rows else 0]
            row = spins[y]
            for x in range((y + colour) & 1, columns, 2):
                n = row[x - 1 if x else columns - 1] + row[x + 1 if x + 1 < columns else 0] + above[x] + below[x]
                cost = row[x] * n
                if cost <= 0 or uniform(s) < odds[cost + 4]:
                    row[x] = -row[x]


@njit(inline="always")
def root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


@njit(inline="always")
def unite(parent, i, j):
    a, b = root(parent, i), root(parent, j)
    if a < b:
        parent[b] = a
    elif b < a:
        parent[a] = b


@njit
def swendsen_wang(spins, parent, coin, bond, s):
    """One sweep of union-find with path halving; coin holds a new spin for each root."""
    rows, columns = spins.shape
    for i in range(rows * columns):
        parent[i] = i
    for y in range(rows):
        under = y + 1 if y + 1 < rows else 0
        for x in range(columns):
            i, right = y * columns + x, x + 1 if x + 1 < columns else 0
            if spins[y, x] == spins[y, right] and uniform(s) < bond:
                unite(parent, i, y * columns + right)
            if spins[y, x] == spins[under, x] and uniform(s) < bond:
                unite(parent, i, under * columns + x)
    for i in range(rows * columns):
        # A root is the first site of its cluster, so a site's parent has the cluster's coin already.
        if parent[i] == i:
            coin[i] = 1 if next_word(s) >> uint64(63) else -1
        else:
            parent[i] = parent[parent[i]]
            coin[i] = coin[parent[i]]
        spins[i // columns, i % columns] *= coin[i]


@njit
def wolff(spins, stack, bond, s):
    """One cluster; returns its size."""
    rows, columns = spins.shape
    seed = next_word(s) % uint64(rows * columns)
    y, x = int(seed) // columns, int(seed) % columns
    old = spins[y, x]
    spins[y, x] = -old
    stack[0] = y * columns + x
    waiting, size = 1, 1
    while waiting:
        waiting -= 1
        y, x = stack[waiting] // columns, stack[waiting] % columns
        for k in range(4):
            v = y if k < 2 else (y + 1 if y + 1 < rows else 0) if k == 2 else (y - 1 if y else rows - 1)
            u = x if k >= 2 else (x + 1 if x + 1 < columns else 0) if k == 0 else (x - 1 if x else columns - 1)
            if spins[v, u] == old and uniform(s) < bond:
                spins[v, u] = -old
                stack[waiting] = v * columns + u
                waiting += 1
                size += 1
    return size


def energy(spins):
    s = spins.astype(np.int32)
    return -float((s * (np.roll(s, 1, 0) + np.roll(s, 1, 1))).sum()) / s.size


def generator():
    return np.array([1, 2, 3, 4], dtype=np.uint64)


def median_rate(work, repeats):
    work()
    rates = []
    for _ in range(repeats):
        start = time.process_time()
        done = work()
        rates.append(done / (time.process_time() - start))
    return sorted(rates)[len(rates) // 2]


def checkerboard_rate(size, repeats):
    spins, s = np.ones((size, size), np.int8), generator()
    odds = np.array([min(1.0, math.exp(-2 / 2.5 * n)) for n in range(-4, 5)])
    for _ in range(300 if size <= 1024 else 60):
        checkerboard(spins, odds, s)
    # Onsager's energy at K = 0.4; a 1024 x 1024 lattice knows it to 0.002.
    assert abs(energy(spins) + 1.10608) < 0.01, energy(spins)
    count = max(1, (1 << 25) // (size * size))

    def work():
        for _ in range(count):
            checkerboard(spins, odds, s)
        return count * size * size

    return median_rate(work, repeats)


def swendsen_wang_rate(size, repeats):
    spins, s = np.ones((size, size), np.int8), generator()
    parent, coin = np.zeros(size * size, np.int32), np.zeros(size * size, np.int8)
    bond = 1 - math.exp(-2 * K_CRITICAL)
    for _ in range(50):
        swendsen_wang(spins, parent, coin, bond, s)
    assert abs(energy(spins) + math.sqrt(2)) < 0.02, energy(spins)
    count = max(1, (1 << 24) // (size * size))

    def work():
        for _ in range(count):
            swendsen_wang(spins, parent, coin, bond, s)
        return count * size * size

    return median_rate(work, repeats)


def wolff_rate(size, repeats):
    spins, s = np.ones((size, size), np.int8), generator()
    parent, coin, stack = np.zeros(size * size, np.int32), np.zeros(size * size, np.int8), np.zeros(size * size, np.int32)
    bond = 1 - math.exp(-2 * K_CRITICAL)
    for _ in range(100):
        swendsen_wang(spins, parent, coin, bond, s)

    def work():
        done = 0
        while done < 1 << 24:
            done += wolff(spins, stack, bond, s)
        return done

    rate = median_rate(work, repeats)
    assert abs(energy(spins) + math.sqrt(2)) < 0.02, energy(spins)
    return rate


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rates = {
        "checkerboard Metropolis, Ising 4096x4096, T = 2.5": checkerboard_rate(4096, repeats),
        "checkerboard Metropolis, Ising 1024x1024, T = 2.5": checkerboard_rate(1024, repeats),
        "Swendsen-Wang, Ising 1024x1024, K_c": swendsen_wang_rate(1024, repeats),
        "Swendsen-Wang, Ising 4096x4096, K_c": swendsen_wang_rate(4096, repeats),
        "Wolff, Ising 1024x1024, K_c": wolff_rate(1024, repeats),
    }
    print(json.dumps(rates))


if __name__ == "__main__":
    main()
