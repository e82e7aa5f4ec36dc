"""Matrix products and convolutions."""

from __future__ import annotations

from typing import Any

from bench.case import Case, Make, Run, Step, alike
from bench.cases.inputs import jitted, tensors


def product(m: int, n: int, k: int, form: str = "nn", double: bool = False) -> Make:
    """A B with either operand stored transposed."""

    def make(lib: Any) -> Run:
        a, b = tensors(
            lib, (m, k) if form[0] == "n" else (k, m), (k, n) if form[1] == "n" else (n, k), double=double
        )
        multiply = jitted(lib, lambda a, b: (a if form[0] == "n" else a.T) @ (b if form[1] == "n" else b.T))
        return lambda: multiply(a, b)

    return make


def in_bfloat16(n: int) -> Make:
    """A B with both and the result in bfloat16, which is compared as float32."""

    def make(lib: Any) -> Step:
        a, b = (t.to(lib.bfloat16) for t in tensors(lib, (n, n), (n, n)))
        return Step(lambda: a @ b, lambda: (a @ b).float())

    return make


def batched(count: int, m: int, k: int, n: int) -> Make:
    def make(lib: Any) -> Run:
        a, b = tensors(lib, (count, m, k), (count, k, n))
        return lambda: a @ b

    return make


def convolution(
    n: int, c: int, h: int, o: int, k: int, s: int, p: int, groups: int = 1, backward: bool = False
) -> Make:
    def make(lib: Any) -> Run:
        x, w, dy = tensors(
            lib,
            (n, c, h, h),
            (o, c // groups, k, k),
            (n, o, (h + 2 * p - k) // s + 1, (h + 2 * p - k) // s + 1),
        )
        conv = lib.nn.functional.conv2d
        if not backward:
            return lambda: conv(x, w, None, s, p, 1, groups)
        x.requires_grad_()
        w.requires_grad_()

        def run() -> Any:
            x.grad = w.grad = None
            y = conv(x, w, None, s, p, 1, groups)
            y.backward(dy)
            return y, x.grad, w.grad

        return run

    return make


CONVOLUTIONS = (  # N, C, H, O, k, s, p, groups
    (64, 1, 28, 8, 5, 1, 2, 1), (64, 8, 14, 16, 5, 1, 2, 1), (64, 6, 14, 16, 5, 1, 0, 1),
    (32, 64, 56, 64, 3, 1, 1, 1), (32, 128, 28, 128, 3, 1, 1, 1), (32, 256, 14, 256, 3, 1, 1, 1),
    (16, 3, 224, 64, 7, 2, 3, 1), (32, 64, 28, 64, 3, 1, 1, 64), (32, 32, 16, 64, 3, 1, 1, 1),
)  # fmt: skip


def cases() -> list[Case]:
    found = []
    for n in (16, 32, 64, 128, 256, 512, 1024, 2048):
        make = product(n, n, n)
        makers = alike(make, "numpy", *(["jax"] if n >= 512 else []))
        found.append(
            Case("sgemm", f"{n}^3", makers, 2.0 * n**3, 12.0 * n * n, target=2.0 if n <= 64 else 1.9)
        )
    for m, k, n in ((64, 784, 128), (1, 784, 128), (32, 64, 64), (784, 64, 128)):
        for form in ("nn", "nt", "tn"):
            makers, flops = alike(product(m, n, k, form), "numpy"), 2.0 * m * n * k
            found.append(
                Case("shapes", f"{m}x{k}x{n} {form}", makers, flops, 4.0 * (m * k + k * n + m * n), 2.0)
            )
    for n in (128, 256, 512, 1024, 2048):
        makers = alike(product(n, n, n, double=True), "numpy")
        found.append(Case("dgemm", f"{n}^3", makers, 2.0 * n**3, 24.0 * n * n, double=True))
    for n in (512, 1024):
        makers = alike(in_bfloat16(n))
        found.append(Case("bf16", f"{n}^3", makers, 2.0 * n**3, 6.0 * n * n, tolerance=2.0**-7))
    makers, flops = alike(batched(64, 32, 16, 32)), 2.0 * 64 * 32 * 16 * 32
    found.append(Case("batched", "64x(32x16x32)", makers, flops, 4.0 * 64 * 32 * (16 + 16 + 32), 3.0))
    for n, c, h, o, k, s, p, groups in CONVOLUTIONS:
        out = (h + 2 * p - k) // s + 1
        weights = o * c // groups * k * k
        flops = 2.0 * n * out * out * weights
        size = 4.0 * (n * c * h * h + n * o * out * out + weights)
        name = f"{n},{c},{h},{o},{k},{s},{p}" + (" depthwise" if groups > 1 else "")
        forward = alike(convolution(n, c, h, o, k, s, p, groups))
        both = alike(convolution(n, c, h, o, k, s, p, groups, backward=True))
        found.append(Case("conv", name, forward, flops, size))
        found.append(Case("conv", name + " fb", both, 3 * flops, 3 * size))
    return found
