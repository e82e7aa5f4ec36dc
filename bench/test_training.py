"""Training steps of small networks: forward, backward and a step of Adam."""

from __future__ import annotations


def training_step(lib, model, x, y):
    optimizer = lib.optim.Adam(model.parameters(), lr=1e-3)
    criterion = lib.nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()

    return step


def test_mnist_mlp_step(lib, timed):
    """784-128-64-10, batch 64."""
    nn = lib.nn
    lib.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    timed(training_step(lib, model, lib.rand(64, 784), lib.randint(0, 10, (64,))))


def test_lenet_step(lib, timed):
    """The example's LeNet on 28x28, batch 64."""
    nn = lib.nn
    lib.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * 49, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    timed(training_step(lib, model, lib.rand(64, 1, 28, 28), lib.randint(0, 10, (64,))))


def test_digits_cnn_step(lib, timed):
    """A small network on 8x8 digits, batch 32, the size of the one that python -m tinygrad_ext trains."""
    nn = lib.nn
    lib.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 16, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    timed(training_step(lib, model, lib.rand(32, 1, 8, 8), lib.randint(0, 10, (32,))))
