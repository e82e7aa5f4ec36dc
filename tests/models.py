"""Networks written once against PyTorch's names: `lenet(torch)`, `lenet(tinygrad_ext)`."""

from __future__ import annotations

from typing import Any

import numpy as np


def lenet(lib: Any) -> Any:
    nn = lib.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def lstm_classifier(lib: Any) -> Any:
    """Reads [N, 28, 28] row by row, as a sequence of 28 steps."""

    class Classifier(lib.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = lib.nn.LSTM(28, 64, batch_first=True)
            self.head = lib.nn.Linear(64, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.lstm(x)[0][:, -1])

    return Classifier()


def basic_block(lib: Any) -> Any:
    """The class of ResNet-18's blocks (He et al., 2015), with torchvision's names of the parameters."""
    nn = lib.nn

    class Block(nn.Module):
        def __init__(self, c_in: int, c: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(c_in, c, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(c)
            self.conv2 = nn.Conv2d(c, c, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(c)
            self.downsample = None
            if stride != 1 or c_in != c:
                self.downsample = nn.Sequential(nn.Conv2d(c_in, c, 1, stride, bias=False), nn.BatchNorm2d(c))

        def forward(self, x: Any) -> Any:
            y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
            return (y + (x if self.downsample is None else self.downsample(x))).relu()

    return Block


def residual(lib: Any) -> Any:
    """One block on 64 channels."""
    return lib.nn.Sequential(
        basic_block(lib)(64, 64, 1), lib.nn.AdaptiveAvgPool2d(1), lib.nn.Flatten(), lib.nn.Linear(64, 10)
    )


def vgg(lib: Any) -> Any:
    """A network for 32x32 images in the manner of VGG (Simonyan & Zisserman, 2015)."""
    nn = lib.nn
    layers: list[Any] = []
    c = 3
    for width in (32, 64, 128):
        layers += [nn.Conv2d(c, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1)]
        layers += [nn.ReLU(), nn.MaxPool2d(2)]
        c = width
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 16, 256), nn.ReLU(), nn.Linear(256, 10))


def resnet18(lib: Any, classes: int = 10) -> Any:
    """He et al., 2015."""
    nn = lib.nn

    Block = basic_block(lib)

    class ResNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.maxpool = nn.MaxPool2d(3, 2, 1)
            for i, c in enumerate((64, 128, 256, 512)):
                first = Block(max(64, c // 2), c, 1 if i == 0 else 2)
                setattr(self, f"layer{i + 1}", nn.Sequential(first, Block(c, c, 1)))
            self.avgpool = nn.AdaptiveAvgPool2d(1)
            self.fc = nn.Linear(512, classes)

        def forward(self, x: Any) -> Any:
            x = self.maxpool(self.bn1(self.conv1(x)).relu())
            x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
            return self.fc(self.avgpool(x).flatten(1))

    return ResNet()


def gpt(
    lib: Any, vocabulary: int = 65, layers: int = 4, heads: int = 4, width: int = 64, length: int = 32
) -> Any:
    """GPT-2's architecture and names of parameters (Radford et al., 2019)."""
    nn, F = lib.nn, lib.nn.functional

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c_attn = nn.Linear(width, 3 * width)
            self.c_proj = nn.Linear(width, width)

        def forward(self, x: Any) -> Any:
            n, t, _ = x.shape
            q, k, v = self.c_attn(x).view(n, t, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.c_proj(y.transpose(1, 2).reshape(n, t, width))

    class Mlp(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c_fc = nn.Linear(width, 4 * width)
            self.c_proj = nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ln_1 = nn.LayerNorm(width)
            self.attn = Attention()
            self.ln_2 = nn.LayerNorm(width)
            self.mlp = Mlp()

        def forward(self, x: Any) -> Any:
            x = x + self.attn(self.ln_1(x))
            return x + self.mlp(self.ln_2(x))

    class Gpt(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wte = nn.Embedding(vocabulary, width)
            self.wpe = nn.Embedding(length, width)
            self.h = nn.ModuleList(Block() for _ in range(layers))
            self.ln_f = nn.LayerNorm(width)
            self.lm_head = nn.Linear(width, vocabulary, bias=False)

        def forward(self, tokens: Any) -> Any:
            x = self.wte(tokens) + self.wpe(lib.arange(tokens.shape[1]))
            for block in self.h:
                x = block(x)
            return self.lm_head(self.ln_f(x)).flatten(0, 1)

    return Gpt()


# Model, optimizer, learning rate, shape of the input (of tokens where it is two sizes), batch among them.
TRAININGS = {
    "lenet": (lenet, "Adam", 1e-3, (32, 1, 28, 28)),
    "lstm": (lstm_classifier, "Adam", 2e-3, (32, 28, 28)),
    "gpt": (gpt, "AdamW", 1e-3, (8, 32)),
}


def batch(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and class numbers to be learnt by heart."""
    random = np.random.default_rng(0)
    if len(shape) == 2:
        text = random.integers(0, 65, (shape[0], shape[1] + 1))
        return text[:, :-1], text[:, 1:].reshape(-1)
    return random.standard_normal(shape).astype(np.float32), np.arange(shape[0]) % 10


def training_step(lib: Any, model: Any, optimizer: Any, x: Any, y: Any) -> Any:
    loss = lib.nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def losses(lib: Any, name: str, steps: int = 50) -> list[float]:
    """The losses of training from seed 0."""
    make, optimizer_name, rate, shape = TRAININGS[name]
    lib.manual_seed(0)
    model = make(lib)
    optimizer = getattr(lib.optim, optimizer_name)(model.parameters(), lr=rate)
    x, y = (lib.tensor(a) for a in batch(shape))
    return [training_step(lib, model, optimizer, x, y).item() for _ in range(steps)]
