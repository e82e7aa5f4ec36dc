"""What a call costs beyond its arithmetic: tensors of one element, chains of them, a tiny network.

The cases named x1000 make a thousand calls in a plain loop, so that nanoseconds read as microseconds and the
loop's own cost (about 10 ns a turn) is all that is added.
"""

from __future__ import annotations

TIMES = range(1000)


def test_add_untracked_x1000(lib, timed):
    a, b = lib.tensor([1.0]), lib.tensor([2.0])

    def run():
        for _ in TIMES:
            a + b

    timed(run)


def test_mul_tracked_x1000(lib, timed):
    a, b = lib.tensor(1.0, requires_grad=True), lib.tensor(2.0, requires_grad=True)

    def run():
        for _ in TIMES:
            a * b

    timed(run)


def test_tanh_tracked_x1000(lib, timed):
    a = lib.tensor([1.0], requires_grad=True)

    def run():
        for _ in TIMES:
            a.tanh()

    timed(run)


def test_sum_with_keywords_x1000(lib, timed):
    a = lib.ones(4, 5)

    def run():
        for _ in TIMES:
            a.sum(dim=1, keepdim=True)

    timed(run)


def test_index_x1000(lib, timed):
    a = lib.ones(4, 5)

    def run():
        for _ in TIMES:
            a[1:3]

    timed(run)


def test_chain_of_100(lib, timed):
    """50 multiplications and 50 additions with numbers, forward and backward."""
    x = lib.tensor(1.0, requires_grad=True)

    def run():
        y = x
        for _ in range(50):
            y = y * 1.01
            y = y + 0.5
        y.backward()

    timed(run)


def test_micrograd_mlp_step(lib, timed):
    """MLP(3, [4, 4, 1]) on the lecture's four examples: forward, backward, a step of SGD."""
    nn = lib.nn
    lib.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1), nn.Tanh())
    x = lib.tensor([[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]])
    y = lib.tensor([[1.0], [-1.0], [-1.0], [1.0]])
    criterion = nn.MSELoss()
    optimizer = lib.optim.SGD(model.parameters(), lr=0.05)

    def step():
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    timed(step)
