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


def numpy_step(weights, x, labels, rate):
    w1, b1, w2, b2 = weights
    hidden = np.maximum(x @ w1 + b1, 0)
    logits = hidden @ w2 + b2
    logits -= logits.max(axis=1, keepdims=True)
    powers = np.exp(logits)
    sums = powers.sum(axis=1, keepdims=True)
    rows, share = np.arange(len(x)), np.float32(1 / len(x))
    loss = (np.log(sums[:, 0]) - logits[rows, labels]).sum() * share
    d_logits = powers / sums
    d_logits[rows, labels] -= 1
    d_logits *= share
    d_hidden = (d_logits @ w2.T) * (hidden > 0)
    w2 -= rate * (hidden.T @ d_logits)
    b2 -= rate * d_logits.sum(axis=0)
    w1 -= rate * (x.T @ d_hidden)
    b1 -= rate * d_hidden.sum(axis=0)
    return loss


def torch_step(torch, weights, x, labels, rate):
    """Gradients by hand: what autograd would do, without its cost."""
    w1, b1, w2, b2 = weights
    hidden = torch.addmm(b1, x, w1).relu_()
    logits = torch.addmm(b2, hidden, w2)
    logs = torch.log_softmax(logits, 1)
    loss = torch.nn.functional.nll_loss(logs, labels)
    d_logits = logs.exp_()
    d_logits[torch.arange(len(x)), labels] -= 1
    d_logits *= 1 / len(x)
    d_hidden = (d_logits @ w2.T).mul_(hidden > 0)
    w2.addmm_(hidden.T, d_logits, alpha=-rate)
    b2.sub_(d_logits.sum(0), alpha=rate)
    w1.addmm_(x.T, d_hidden, alpha=-rate)
    b1.sub_(d_hidden.sum(0), alpha=rate)
    return loss


def train(step, take, data, weights, epochs, batch, rate):
    pixels, labels = data
    for _ in range(epochs):
        order = random.permutation(len(labels))
        for first in range(0, len(labels), batch):
            chosen = take(order[first:first + batch])
            step(weights, pixels[chosen], labels[chosen], np.float32(rate).item())


def find(name, torch):
    match = re.fullmatch(r"digits (\d+) epochs (ASYNC|SYNC)", name)
    if match:
        plan = (digits(), 128, int(match[1]), 64, 0.5)
    elif name.startswith("MNIST 784-512-10 epoch"):
        plan = (mnist_shaped(), 512, 1, 128, 0.1)
    else:
        return None
    (pixels, labels), hidden, epochs, batch, rate = plan

    def in_numpy():
        train(numpy_step, lambda chosen: chosen, (pixels, labels),
              first_weights(pixels.shape[1], hidden), epochs, batch, rate)

    if torch is None:
        return in_numpy, None
    data = (torch.from_numpy(pixels), torch.from_numpy(labels))

    def in_torch():
        with torch.inference_mode():
            weights = [torch.from_numpy(w) for w in first_weights(pixels.shape[1], hidden)]
            train(lambda *arguments: torch_step(torch, *arguments), torch.from_numpy, data,
                  weights, epochs, batch, rate)
    return in_numpy, in_torch
