"""What a row of eagercl-bench is in NumPy and in PyTorch, by its area and name.

find() gives two functions, either of them None, that do the work of one execution and
return its result. Results go into memory that is there already wherever a library can.
"""
import re

import numpy as np

try:
    import torch
except ImportError:
    torch = None

import training

random = np.random.default_rng(1)


def versions():
    return f"NumPy {np.__version__}" + (
        f", PyTorch {torch.__version__} with {torch.get_num_threads()} threads" if torch
        else "; no PyTorch")


def floats(*shape, low=-4.0, high=4.0):
    return random.uniform(low, high, shape).astype(np.float32)


def both(in_numpy, in_torch, *arrays):
    """The two functions, each given its own kind of arrays."""
    tensors = [torch.from_numpy(array) for array in arrays] if torch else None
    return (in_numpy and (lambda: in_numpy(*arrays)),
            in_torch and torch and (lambda: in_torch(*tensors)))


def into(function, shape, dtype=np.float32):
    """A NumPy function whose result goes into memory of its own."""
    out = np.empty(shape, dtype)
    return lambda *arrays: function(*arrays, out=out)


def into_tensor(function, shape, dtype="float32"):
    if torch is None:
        return None
    out = torch.empty(shape, dtype=getattr(torch, dtype))
    return lambda *tensors: function(*tensors, out=out)


# --- elementwise, math, broadcast ---


def elementwise(name):
    match = re.fullmatch(r"(\w+) float32(?: int32)? 1e(\d)", name)
    if not match:
        return None
    count = 10 ** int(match[2])
    a, b, c = (floats(count, low=-100, high=100) for _ in range(3))
    operation = match[1]
    simple = {"add": "add", "mul": "multiply"}
    if operation in simple:
        f = simple[operation]
        return both(into(getattr(np, f), count),
                    into_tensor(torch and getattr(torch, f), count), a, b)
    if operation == "fma":
        product = np.empty(count, np.float32)
        return both(lambda a, b, c: np.add(np.multiply(a, b, out=product), c, out=product),
                    into_tensor(torch and (lambda a, b, c, out:
                                           torch.addcmul(c, a, b, out=out)), count),
                    a, b, c)
    if operation == "cast":
        return both(lambda a: a.astype(np.int32),
                    torch and (lambda a: a.to(torch.int32)), a)
    if operation == "less":
        return both(into(np.less, count, bool),
                    into_tensor(torch and torch.lt, count, "bool"), a, b)
    if operation == "select":
        return both(np.where, torch and torch.where, a < b, a, b)
    return None


def mathematics(name):
    match = re.fullmatch(r"(\w+)( approximate)? float32 1e(\d)", name)
    if not match:
        return None
    count, f = 10 ** int(match[3]), match[1]
    x = floats(count, low=0.001, high=5)
    if f == "pow":
        return both(into(np.power, count), into_tensor(torch and torch.pow, count), x,
                    floats(count, low=-2, high=2))
    if f == "gelu":
        kind = "tanh" if match[2] else "none"
        return both(None, torch and (lambda x: torch.nn.functional.gelu(
            x, approximate=kind)), x)
    if f == "sigmoid":
        y = np.empty(count, np.float32)

        def sigmoid(x):
            np.exp(np.negative(x, out=y), out=y)
            return np.reciprocal(np.add(y, 1, out=y), out=y)
        return both(sigmoid, into_tensor(torch and torch.sigmoid, count), x)
    if not hasattr(np, f):
        return None
    return both(into(getattr(np, f), count),
                into_tensor(torch and getattr(torch, f, None), count), x)


BROADCASTS = {  # as in area_broadcast.c
    "row": {"4": ((1024, 1024), (1, 1024)), "134": ((8192, 4096), (1, 4096))},
    "column": {"4": ((1024, 1024), (1024, 1)), "134": ((8192, 4096), (8192, 1))},
    "scalar": {"4": ((1024, 1024), (1, 1)), "134": ((8192, 4096), (1, 1))},
    "4-D channels": {"4": ((4, 64, 64, 64), (1, 64, 1, 1)),
                     "134": ((32, 64, 128, 128), (1, 64, 1, 1))},
    "4-D both": {"4": ((16, 1, 64, 32), (1, 32, 1, 32)),
                 "134": ((64, 1, 128, 64), (1, 64, 1, 64))},
    "4-D pixels": {"4": ((8, 200, 218, 3), (1, 1, 1, 3)),
                   "134": ((32, 512, 683, 3), (1, 1, 1, 3))},
}


def broadcast(name):
    match = re.fullmatch(r"add float32 (.*) (\d+) MB", name)
    shapes = match and BROADCASTS.get(match[1], {}).get(match[2])
    if not shapes:
        return None
    a, b = shapes
    out = np.broadcast_shapes(a, b)
    return both(into(np.add, out), into_tensor(torch and torch.add, out), floats(*a),
                floats(*b))


# --- reduce, softmax ---

AXES = {"full": None, "last axis": -1, "first axis": 0, "middle axis": 1}
SHAPES = {"4 MB": ((1024, 1024), (16, 256, 256)),
          "128 MB": ((8192, 4096), (32, 1024, 1024))}


def reduce(name):
    match = re.fullmatch(r"(\w+) (.* axis|full) (\d+ MB)", name)
    if not match or match[2] not in AXES or match[3] not in SHAPES:
        return None
    operation, axis = match[1], AXES[match[2]]
    x = floats(*SHAPES[match[3]][axis == 1])
    if operation == "cumsum":
        x = x.reshape(-1) if axis is None else x
        return both(into(lambda x, out: np.cumsum(x, axis or 0, out=out), x.shape),
                    into_tensor(torch and (lambda x, out: torch.cumsum(
                        x, axis or 0, out=out)), x.shape), x)
    in_torch = torch and {"max": torch.amax}.get(operation, getattr(torch, operation, None))
    if not in_torch or not hasattr(np, operation):
        return None
    if axis is None:
        return both(lambda x: np.asarray(getattr(np, operation)(x)), in_torch, x)
    return both(lambda x: getattr(np, operation)(x, axis=axis),
                lambda x: in_torch(x, axis), x)


def softmax(name):
    match = re.fullmatch(r"(softmax rows|log-softmax rows|layer norm) (\d+ MB)", name)
    if not match or match[2] not in SHAPES:
        return None
    shape = SHAPES[match[2]][0]
    y = np.empty(shape, np.float32)

    def in_numpy(x):
        np.subtract(x, x.max(axis=1, keepdims=True), out=y)
        if match[1] == "log-softmax rows":
            return np.subtract(y, np.log(np.exp(y).sum(axis=1, keepdims=True)), out=y)
        np.exp(y, out=y)
        return np.divide(y, y.sum(axis=1, keepdims=True), out=y)

    def normalise(x, scale, offset):
        np.subtract(x, x.mean(axis=1, keepdims=True), out=y)
        deviation = np.sqrt(np.square(y).mean(axis=1, keepdims=True) + 1e-3)
        np.divide(y, deviation, out=y)
        return np.add(np.multiply(y, scale, out=y), offset, out=y)

    if match[1] == "layer norm":
        return both(normalise, torch and (lambda x, scale, offset:
                    torch.nn.functional.layer_norm(x, shape[1:], scale, offset, 1e-3)),
                    floats(*shape), floats(shape[1]), floats(shape[1]))
    f = torch and (torch.log_softmax if match[1][0] == "l" else torch.softmax)
    return both(in_numpy, f and (lambda x: f(x, 1)), floats(*shape))


# --- transpose, gather ---


def transpose(name):
    match = re.fullmatch(r"(2-D \w+|NHWC to NCHW|NCHW to NHWC|4-D) ([\dx]+)(?: perm ([\d ]+))?",
                         name)
    if not match:
        return None
    shape = tuple(int(extent) for extent in match[2].split("x"))
    perm = {"NHWC to NCHW": (0, 3, 1, 2), "NCHW to NHWC": (0, 2, 3, 1)}.get(match[1], (1, 0))
    if match[3]:
        perm = tuple(int(axis) for axis in match[3].split())
    dtype = match[1].split()[1] if match[1].startswith("2-D") else "float32"
    x = (random.random(shape) * 100).astype(dtype)
    out = np.empty([shape[axis] for axis in perm], dtype)

    def in_numpy(x):
        np.copyto(out, x.transpose(perm))
        return out
    return both(in_numpy, torch and (lambda x: x.permute(perm).contiguous()), x)


def gather(name):
    match = re.fullmatch(r"(.*), (\d+) MB", name)
    count = {"4": 16384, "128": 524288}.get(match[2]) if match else None
    if not count:
        return None
    table, what = floats(count, 64), match[1]
    if what == "gather rows":
        ids = random.integers(0, count, count)
        return both(into(lambda x, i, out: np.take(x, i, 0, out=out, mode="clip"),
                         table.shape),
                    into_tensor(torch and (lambda x, i, out: torch.index_select(
                        x, 0, i, out=out)), table.shape), table, ids)
    if what in ("segment sum", "scatter add"):
        targets = count // (16 if what == "segment sum" else 4)
        ids, base = random.integers(0, targets, count), np.zeros((targets, 64), np.float32)

        def in_numpy(x, ids, base):
            out = base.copy()
            np.add.at(out, ids, x)
            return out
        return both(in_numpy, torch and (lambda x, ids, base: base.index_add(0, ids, x)),
                    table, ids, base)
    if what == "concat axis 1":
        return both(into(lambda a, b, out: np.concatenate((a, b), 1, out=out), table.shape),
                    into_tensor(torch and (lambda a, b, out: torch.cat(
                        (a, b), 1, out=out)), table.shape),
                    floats(count, 24), floats(count, 40))
    if what == "one-hot 1024":
        ids, rows = random.integers(0, 1024, count // 16), np.arange(count // 16)

        def hot(ids):
            out = np.zeros((len(ids), 1024), np.float32)
            out[rows, ids] = 1
            return out
        return both(hot, torch and (lambda ids: torch.zeros(len(ids), 1024).scatter_(
            1, ids[:, None], 1)), ids)
    top = re.fullmatch(r"top (\d+) of (\d+)", what)
    if top:
        return both(None, torch and (lambda x: torch.topk(x, int(top[1]), 1)[0]),
                    floats(count * 64 // int(top[2]), int(top[2])))
    return None


# --- gemm, conv ---

PRODUCT = re.compile(r"(\w+) (?:(\d+) of )?(\d+)x(\d+)x(\d+) ([NT])([NTV])")


def product(name):
    match = PRODUCT.fullmatch(name)
    if not match or match[1] not in ("float32", "float64", "float16", "bfloat16"):
        return None
    batch = (int(match[2]),) if match[2] else ()
    m, k, n = (int(match[i]) for i in (3, 4, 5))
    turned_a, turned_b = match[6] == "T", match[7] == "T"
    a = floats(*batch, k, m) if turned_a else floats(*batch, m, k)
    b = floats(*batch, n, k) if turned_b else floats(*batch, k, n)
    shape = (*batch, m, n)

    def turn(x, turned):
        return x.swapaxes(-1, -2) if turned else x
    if match[1] in ("float16", "bfloat16"):  # NumPy has no fast product of these
        if torch is None:
            return None
        dtype = getattr(torch, match[1])
        ta, tb = torch.from_numpy(a).to(dtype), torch.from_numpy(b).to(dtype)
        return None, lambda: torch.matmul(turn(ta, turned_a), turn(tb, turned_b)).float()
    dtype = match[1]
    a, b = a.astype(dtype), b.astype(dtype)
    return both(into(lambda a, b, out: np.matmul(turn(a, turned_a), turn(b, turned_b),
                                                 out=out), shape, dtype),
                into_tensor(torch and (lambda a, b, out: torch.matmul(
                    turn(a, turned_a), turn(b, turned_b), out=out)), shape, dtype), a, b)


LAYER = re.compile(r"(3x3|1x1|7x7/2|depthwise|depthwise/2) (\d+)x(\d+)x(\d+)x(\d+)->(\d+) "
                   r"(nhwc|nchw) (forward|input gradient|filter gradient)")


def convolution(name):
    """PyTorch alone: NumPy has none. Its own padding, as much as SAME has in all."""
    match = LAYER.fullmatch(name)
    if not match or torch is None:
        return None
    batch, height, width, channels, filters = (int(match[i]) for i in range(2, 7))
    size = 7 if match[1].startswith("7") else 1 if match[1].startswith("1") else 3
    stride, groups = (2 if match[1].endswith("/2") else 1), 1
    if match[1].startswith("depthwise"):
        groups = channels
    x = torch.from_numpy(floats(batch, channels, height, width))
    w = torch.from_numpy(floats(filters, channels // groups, size, size))
    if match[7] == "nhwc":
        x = x.contiguous(memory_format=torch.channels_last)
        w = w.contiguous(memory_format=torch.channels_last)
    options = {"stride": stride, "padding": size // 2, "groups": groups}
    y = torch.nn.functional.conv2d(x, w, **options)
    wanted = [match[8] == "input gradient", match[8] == "filter gradient", False]

    def forward():
        return torch.nn.functional.conv2d(x, w, **options)

    def backward():
        return torch.ops.aten.convolution_backward(
            y, x, w, None, [stride] * 2, [size // 2] * 2, [1, 1], False, [0, 0], groups,
            wanted)[0 if wanted[0] else 1]
    return None, (backward if any(wanted) else forward)


AREAS = {
    "elementwise": elementwise, "math": mathematics, "broadcast": broadcast,
    "reduce": reduce, "softmax": softmax, "transpose": transpose, "gather": gather,
    "gemm": product, "gemm-batched": product, "conv": convolution,
    "train": lambda name: training.find(name, torch),
}


def find(area, name):
    """(in NumPy, in PyTorch), or None for a row that neither has."""
    maker = AREAS.get(area)
    return maker(name) if maker else None
