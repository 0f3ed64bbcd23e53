"""numpy's side of `Scripts/bench --peer numpy`: TRG, HOTRG and sweeps of a ternary MERA, one core, processor time.

Prints one JSON object: units of work per second of processor time, median of the repeats, by the name of the kernel in
`renorm bench`; ", full SVD" behind it where TRG takes LAPACK's whole decomposition in place of a randomised one. Free energies
are checked against Onsager's value, so that what is measured is right.
"""
import itertools
import json
import math
import sys
import time

import numpy as np

K_CRITICAL = 0.5 * math.log(1 + math.sqrt(2))
# Onsager's ln Z per site at K_c.
EXACT = 0.929695398341610


def ising():
    """T[u,l,r,d] of one spin."""
    c, s = math.sqrt(math.cosh(K_CRITICAL)), math.sqrt(math.sinh(K_CRITICAL))
    w = np.array([[c, s], [c, -s]])
    return np.einsum("su,sl,sr,sd->ulrd", w, w, w, w)


def halves(matrix, chi, randomised, generator):
    """U sqrt(s) and V sqrt(s), at most chi columns: Halko, Martinsson and Tropp's algorithm with one power iteration."""
    width = chi + max(8, chi // 2)
    if randomised and min(matrix.shape) >= 4 * width:
        q, _ = np.linalg.qr(matrix @ generator.standard_normal((matrix.shape[1], width)))
        q, _ = np.linalg.qr(matrix.T @ q)
        q, _ = np.linalg.qr(matrix @ q)
        u, s, v = np.linalg.svd(q.T @ matrix, full_matrices=False)
        u = q @ u[:, :chi]
    else:
        u, s, v = np.linalg.svd(matrix, full_matrices=False)
    kept = min(chi, int((s > 1e-14 * s[0]).sum()))
    root = np.sqrt(s[:kept])
    return u[:, :kept] * root, v[:kept].T * root


def trg_step(t, chi, randomised, generator):
    p, q = t.shape[0], t.shape[1]
    s1, s3 = halves(t.reshape(p * q, q * p), chi, randomised, generator)
    s2, s4 = halves(t.transpose(0, 2, 1, 3).reshape(p * q, q * p), chi, randomised, generator)
    s1, s3, s2, s4 = s1.reshape(p, q, -1), s3.reshape(q, p, -1), s2.reshape(p, q, -1), s4.reshape(q, p, -1)
    # S3[w,z,u] S2[z,y,l] and S4[w,x,r] S1[x,y,d], then over w and y.
    left = np.tensordot(s3, s2, ([1], [0])).transpose(1, 3, 0, 2)
    right = np.tensordot(s4, s1, ([1], [0])).transpose(0, 2, 1, 3)
    return np.tensordot(left, right, ([2, 3], [0, 1]))


def cut(gram, chi):
    """The leading eigenvectors, and the weight that they lack."""
    values, vectors = np.linalg.eigh(gram)
    return vectors[:, ::-1][:, :chi], 1 - values[::-1][:chi].sum() / values.sum()


def hotrg_step(t, chi):
    p, q = t.shape[0], t.shape[1]
    def gram(side):
        # Of the upper tensor by (side, m), of the lower one by (m, side), joined over m and m'.
        up = np.moveaxis(t, side, 0).transpose(0, 3, 1, 2).reshape(q * p, -1)
        down = np.moveaxis(t, side, 1).reshape(p * q, -1)
        a = (up @ up.T).reshape(q, p, q, p).transpose(0, 2, 1, 3).reshape(q * q, p * p)
        b = (down @ down.T).reshape(p, q, p, q).transpose(0, 2, 1, 3).reshape(p * p, q * q)
        return (a @ b).reshape(q, q, q, q).transpose(0, 2, 1, 3).reshape(q * q, q * q)
    v = min((cut(gram(1), chi), cut(gram(2), chi)), key=lambda pair: pair[1])[0].reshape(q, q, -1)
    # v[l1,l2,L] T[u,l1,r1,m] T[m,l2,r2,d] v[r1,r2,R]: (l2,L,u,r1,m), then (L,u,r1,r2,d), then (L,u,d,R).
    upper = np.tensordot(v, t, ([0], [1]))
    both = np.tensordot(upper, t, ([0, 4], [1, 0]))
    new = np.tensordot(both, v, ([2, 3], [0, 1]))
    # The other direction next: u', l', r', d' are L, u, d, R.
    return np.ascontiguousarray(new)


def network_rate(scheme, chi, repeats, tolerance, randomised=True):
    generator = np.random.default_rng(1)

    def run():
        t, total = ising(), 0.0
        for step in range(21):
            if step > 0:
                t = trg_step(t, chi, randomised, generator) if scheme == "trg" else hotrg_step(t, chi)
            largest = np.abs(t).max()
            t = t / largest
            total += math.log(largest) / 2**step
        total += math.log(np.einsum("uiiu->", t)) / 2**20
        assert abs(total / EXACT - 1) < tolerance, total / EXACT - 1
        return 1

    return median_rate(run, repeats)


DIAGRAMS = [
    ["abcA", "defB", "stcd", "stST", "STCD", "abCX", "DefY", "ABXY"], ["abcA", "defB", "stcd", "bsgS", "StCD", "agCX", "DefY", "ABXY"],
    ["abcA", "defB", "stcd", "teTG", "sTCD", "abCX", "DGfY", "ABXY"],
]


def cheapest_path(terms, output, sizes):
    """The einsum path with the fewest multiplications, over all trees of pairs."""
    count, sets = len(terms), [set(term) for term in terms]

    def open_legs(subset):
        inside = set().union(*(sets[i] for i in subset))
        return inside & set().union(set(output), *(sets[i] for i in range(count) if i not in subset))

    best = {frozenset([i]): (0, i) for i in range(count)}
    for size in range(2, count + 1):
        for subset in map(frozenset, itertools.combinations(range(count), size)):
            for part in range(1, size // 2 + 1):
                for left in map(frozenset, itertools.combinations(sorted(subset), part)):
                    right = subset - left
                    product = math.prod(sizes[leg] for leg in open_legs(left) | open_legs(right))
                    cost = best[left][0] + best[right][0] + product
                    if subset not in best or cost < best[subset][0]:
                        best[subset] = (cost, (left, right))
    # einsum takes a pair out of its list and puts their contraction at the end.
    waiting, path = [frozenset([i]) for i in range(count)], ["einsum_path"]

    def contract(subset):
        if len(subset) > 1:
            pair = best[subset][1]
            for part in pair:
                contract(part)
            places = tuple(sorted(waiting.index(part) for part in pair))
            path.append(places)
            for place in reversed(places):
                del waiting[place]
            waiting.append(subset)

    contract(frozenset(range(count)))
    return path


class Networks:
    """The three diagrams of a layer with a hole, contracted along paths that are found once."""

    def __init__(self, lower, upper):
        sizes = {leg: upper if leg in "ABXY" else lower for leg in "abcdefgstSTCDGABXY"}
        self.terms = {}
        for hole in (0, 1, 2, 3, 7):
            for legs in DIAGRAMS:
                rest = [legs[i] for i in range(8) if i != hole]
                text = ",".join(rest) + "->" + legs[hole]
                self.terms.setdefault(hole, []).append((text, cheapest_path(rest, legs[hole], sizes)))

    def mean(self, hole, tensors):
        rest = [tensors[i] for i in range(8) if i != hole]
        return sum(np.einsum(text, *rest, optimize=path) for text, path in self.terms[hole]) / 3


def polar(environment, rows):
    u, _, v = np.linalg.svd(environment.reshape(rows, -1), full_matrices=False)
    return -(u @ v).reshape(environment.shape)


def update(networks, w, u, h, rho):
    for _ in range(2):
        u = polar(networks.mean(2, [w, w, u, h, u, w, w, rho]), u.shape[0] ** 2)
        tensors = [w, w, u, h, u, w, w, rho]
        w = polar(networks.mean(0, tensors) + networks.mean(1, tensors), w.shape[0] ** 3)
    return w, u


def mera_rate(chi, repeats, sweeps):
    generator = np.random.default_rng(2)
    x, z = np.array([[0.0, 1], [1, 0]]), np.diag([1.0, -1])
    bond = -(np.kron(z, z) + 0.5 * (np.kron(x, np.eye(2)) + np.kron(np.eye(2), x)))
    shift = math.sqrt(2)
    h = (bond - shift * np.eye(4)).reshape(2, 2, 2, 2)
    spins, repeated = Networks(2, chi), Networks(chi, chi)
    def random(rows, shape):
        return polar(generator.standard_normal(shape), rows)
    w0, u0 = random(8, (2, 2, 2, chi)), random(4, (2, 2, 2, 2))
    w, u = random(chi**3, (chi,) * 4), random(chi**2, (chi,) * 4)
    rho = (np.eye(chi * chi) / chi**2).reshape((chi,) * 4)

    def run():
        nonlocal w0, u0, w, u, rho
        for _ in range(sweeps):
            for _ in range(3):
                rho = repeated.mean(3, [w, w, u, None, u, w, w, rho])
                rho = 0.5 * (rho + rho.transpose(2, 3, 0, 1))
                rho = rho / np.einsum("abab->", rho)
            w0, u0 = update(spins, w0, u0, h, rho)
            above = spins.mean(7, [w0, w0, u0, h, u0, w0, w0, None])
            second = repeated.mean(7, [w, w, u, above, u, w, w, None])
            seen = above + second + repeated.mean(7, [w, w, u, second, u, w, w, None])
            matrix = seen.reshape(chi * chi, -1)
            matrix = matrix - np.linalg.eigvalsh(matrix)[-1] * np.eye(chi * chi)
            w, u = update(repeated, w, u, matrix.reshape(seen.shape), rho)
        energy = float((above * rho).sum()) + shift
        assert -4 / math.pi - 0.01 < energy < 0, energy
        return sweeps

    return median_rate(run, repeats)


def median_rate(work, repeats):
    work()
    rates = []
    for _ in range(repeats):
        start = time.process_time()
        done = work()
        rates.append(done / (time.process_time() - start))
    return sorted(rates)[len(rates) // 2]


def main():
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rates = {}
    # After 20 steps the torus still deviates by 1e-6.
    for chi, tolerance in [(16, 1e-5), (24, 3e-6), (32, 3e-6)]:
        name = f"TRG, Ising at K_c, chi = {chi}, 20 steps"
        rates[name] = network_rate("trg", chi, repeats, tolerance)
        if chi < 32:
            rates[name + ", full SVD"] = network_rate("trg", chi, repeats, tolerance, randomised=False)
    for chi in (16, 24):
        rates[f"HOTRG, Ising at K_c, chi = {chi}, 20 steps"] = network_rate("hotrg", chi, repeats, 3e-6)
    for chi, sweeps in [(4, 20), (8, 1)]:
        rates[f"ternary MERA sweep, chi = {chi}"] = mera_rate(chi, repeats, sweeps)
    print(json.dumps(rates))


main()
