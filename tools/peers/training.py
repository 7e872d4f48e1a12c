"""The training of the digits example, op by op, in NumPy and in PyTorch."""
import gzip
import os
import re

import numpy as np

random = np.random.default_rng(1)
DIGITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples",
                      "data", "digits.csv.gz")


def digits():
    """Pixels and labels of the training digits: of each class all but every fifth."""
    with gzip.open(DIGITS, "rt") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.float32)
    labels, seen, kept = table[:, -1].astype(np.int64), {}, []
    for i, label in enumerate(labels):
        if seen.setdefault(label, 0) % 5:
            kept.append(i)
        seen[label] += 1
    return np.ascontiguousarray(table[kept, :-1]) / np.float32(16), labels[kept]


def mnist_shaped():
    return (random.random((60000, 784), dtype=np.float32), random.integers(0, 10, 60000))


def first_weights(inputs, hidden):
    def uniform(rows, columns):
        limit = np.sqrt(6 / rows)
        return random.uniform(-limit, limit, (rows, columns)).astype(np.float32)
    return [uniform(inputs, hidden), np.zeros(hidden, np.float32), uniform(hidden, 10),
            np.zeros(10, np.float32)]


def numpy_step(weights, x, wanted, rate):
    w1, b1, w2, b2 = weights
    hidden = np.maximum(x @ w1 + b1, 0)
    logits = hidden @ w2 + b2
    logits -= logits.max(axis=1, keepdims=True)
    powers = np.exp(logits)
    sums = powers.sum(axis=1, keepdims=True)
    loss = (np.log(sums[:, 0]) - (wanted * logits).sum(axis=1)).mean()
    d_logits = (powers / sums - wanted) * np.float32(rate / len(x))
    d_hidden = (d_logits @ w2.T) * (hidden > 0)
    w2 -= hidden.T @ d_logits
    b2 -= d_logits.sum(axis=0)
    w1 -= x.T @ d_hidden
    b1 -= d_hidden.sum(axis=0)
    return loss


def torch_step(torch, weights, x, wanted, rate):
    """Gradients by hand: what autograd would do, without its cost."""
    w1, b1, w2, b2 = weights
    hidden = torch.addmm(b1, x, w1).relu_()
    logits = torch.addmm(b2, hidden, w2)
    logs = torch.log_softmax(logits, 1)
    loss = (wanted * logs).sum(1).mean().neg_()
    d_logits = logs.exp_().sub_(wanted).mul_(rate / len(x))
    d_hidden = (d_logits @ w2.T).mul_(hidden > 0)
    w2.addmm_(hidden.T, d_logits, alpha=-1)
    b2.sub_(d_logits.sum(0))
    w1.addmm_(x.T, d_hidden, alpha=-1)
    b1.sub_(d_hidden.sum(0))
    return loss


def train(step, take, data, weights, epochs, batch, rate):
    pixels, wanted = data
    for _ in range(epochs):
        order = take(random.permutation(len(pixels)))
        x, y = pixels[order], wanted[order]
        for first in range(0, len(pixels), batch):
            step(weights, x[first:first + batch], y[first:first + batch], rate)


def find(name, torch):
    match = re.fullmatch(r"digits (\d+) epochs (ASYNC|SYNC)", name)
    if match:
        plan = (digits(), 128, int(match[1]), 64, 0.5)
    elif name.startswith("MNIST 784-512-10 epoch"):
        plan = (mnist_shaped(), 512, 1, 128, 0.1)
    else:
        return None
    (pixels, labels), hidden, epochs, batch, rate = plan
    wanted = np.eye(10, dtype=np.float32)[labels]

    def in_numpy():
        train(numpy_step, lambda chosen: chosen, (pixels, wanted),
              first_weights(pixels.shape[1], hidden), epochs, batch, rate)

    if torch is None:
        return in_numpy, None
    data = (torch.from_numpy(pixels), torch.from_numpy(wanted))

    def in_torch():
        with torch.inference_mode():
            weights = [torch.from_numpy(w) for w in first_weights(pixels.shape[1], hidden)]
            train(lambda *arguments: torch_step(torch, *arguments), torch.from_numpy, data,
                  weights, epochs, batch, rate)
    return in_numpy, in_torch
