"""Recomputes a tangent kernel from U, W, V and X by plain backpropagation through RK4.

usage: recompute_ntk.py WEIGHTS_DIRECTORY X.npy K.npy DEPTH
Softplus, horizon 1, scales 1, one output. Prints max |K - recomputed| / max |recomputed|.
"""

import sys

import numpy as np

weights, inputs, gram, depth = sys.argv[1:]
U, W, V = (np.load(f"{weights}/{name}.npy") for name in "UWV")
X = np.load(inputs)
K = np.load(gram)
(n, d), L = U.shape, int(depth)
dt = 1.0 / L
w = W / np.sqrt(n)


def phi(h):
    return np.logaddexp(0, h)


def slope(h):
    return 1 / (1 + np.exp(-h))


def gradient(x):
    h = U @ x / np.sqrt(d)
    steps = []
    for _ in range(L):
        y1 = h
        k1 = w @ phi(y1)
        y2 = h + dt / 2 * k1
        k2 = w @ phi(y2)
        y3 = h + dt / 2 * k2
        k3 = w @ phi(y3)
        y4 = h + dt * k3
        k4 = w @ phi(y4)
        steps.append((y1, y2, y3, y4))
        h = h + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    grad_v = phi(h) / np.sqrt(n)
    a = V[0] * slope(h) / np.sqrt(n)
    grad_w = np.zeros((n, n))
    for y1, y2, y3, y4 in reversed(steps):
        b4 = dt / 6 * a
        c4 = slope(y4) * (w.T @ b4)
        b3 = dt / 3 * a + dt * c4
        c3 = slope(y3) * (w.T @ b3)
        b2 = dt / 3 * a + dt / 2 * c3
        c2 = slope(y2) * (w.T @ b2)
        b1 = dt / 6 * a + dt / 2 * c2
        c1 = slope(y1) * (w.T @ b1)
        for b, y in ((b1, y1), (b2, y2), (b3, y3), (b4, y4)):
            grad_w += np.outer(b, phi(y)) / np.sqrt(n)
        a = a + c1 + c2 + c3 + c4
    grad_u = np.outer(a, x) / np.sqrt(d)
    return np.concatenate([grad_u.ravel(), grad_w.ravel(), grad_v])


J = np.array([gradient(x) for x in X])
exact = J @ J.T
print(np.abs(K - exact).max() / np.abs(exact).max())
