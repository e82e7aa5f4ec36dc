"""Steps of JAX: loss, gradients and update are one compiled function, which may reuse its inputs' memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bench.case import Make, Step, steps
from bench.peers.weights import initial

Loss = Callable[[Any, Mapping[str, Any], Any, Any], Any]
Tree = dict[str, Any]


def cross_entropy(jax: Any, logits: Any, y: Any) -> Any:
    chosen = jax.numpy.take_along_axis(jax.nn.log_softmax(logits), y[:, None], 1)
    return -chosen.mean()


def linear(weights: Mapping[str, Any], name: str, x: Any) -> Any:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def mlp_loss(jax: Any, weights: Mapping[str, Any], x: Any, y: Any) -> Any:
    *hidden, last = sorted((n.removesuffix(".weight") for n in weights if n.endswith(".weight")), key=int)
    for layer in hidden:
        x = jax.nn.relu(linear(weights, layer, x))
    return cross_entropy(jax, linear(weights, last, x), y)


def names_loss(jax: Any, weights: Mapping[str, Any], x: Any, y: Any) -> Any:
    h = weights["table"][x].reshape(len(x), -1)
    h = jax.numpy.tanh(h @ weights["w1"] + weights["bias1"])
    return cross_entropy(jax, h @ weights["w2"] + weights["bias2"], y)


def lenet_loss(jax: Any, weights: Mapping[str, Any], x: Any, y: Any) -> Any:
    for layer, padding in (("0", 2), ("3", 0)):
        x = jax.lax.conv_general_dilated(x, weights[f"{layer}.weight"], (1, 1), [(padding, padding)] * 2)
        x = jax.nn.relu(x + weights[f"{layer}.bias"][:, None, None])
        x = jax.lax.reduce_window(x, -np.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
    x = x.reshape(len(x), -1)
    for layer in ("7", "9"):
        x = jax.nn.relu(linear(weights, layer, x))
    return cross_entropy(jax, linear(weights, "11", x), y)


def gpt_loss(layers: int, heads: int) -> Loss:
    def normalised(jax: Any, weights: Mapping[str, Any], name: str, x: Any) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        scale = jax.lax.rsqrt((centred * centred).mean(-1, keepdims=True) + 1e-5)
        return centred * scale * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def attention(jax: Any, weights: Mapping[str, Any], name: str, x: Any) -> Any:
        n, t, width = x.shape
        qkv = linear(weights, f"{name}.c_attn", x).reshape(n, t, 3, heads, width // heads)
        y = jax.nn.dot_product_attention(qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2], is_causal=True)
        return linear(weights, f"{name}.c_proj", y.reshape(n, t, width))

    def loss(jax: Any, weights: Mapping[str, Any], tokens: Any, y: Any) -> Any:
        x = weights["wte.weight"][tokens] + weights["wpe.weight"][: tokens.shape[1]]
        for i in range(layers):
            x = x + attention(jax, weights, f"h.{i}.attn", normalised(jax, weights, f"h.{i}.ln_1", x))
            h = linear(weights, f"h.{i}.mlp.c_fc", normalised(jax, weights, f"h.{i}.ln_2", x))
            x = x + linear(weights, f"h.{i}.mlp.c_proj", jax.nn.gelu(h, approximate=True))
        logits = normalised(jax, weights, "ln_f", x) @ weights["lm_head.weight"].T
        return cross_entropy(jax, logits.reshape(-1, logits.shape[-1]), y)

    return loss


def update_of(jax: Any, optimizer: str, rate: float) -> tuple[Callable[[Tree], Any], Callable[..., Any]]:
    """The optimizer's first state, and (weights, gradients, state) -> (weights, state)."""
    np = jax.numpy
    decay = 0.01 if optimizer == "AdamW" else 0.0

    def sgd(weights: Tree, gradients: Tree, state: Any) -> Any:
        return {name: w - rate * gradients[name] for name, w in weights.items()}, state

    def adam(weights: Tree, gradients: Tree, state: Any) -> Any:
        m, v, count = state
        count = count + 1
        m = {name: 0.9 * m[name] + 0.1 * g for name, g in gradients.items()}
        v = {name: 0.999 * v[name] + 0.001 * g * g for name, g in gradients.items()}
        size, root = rate / (1 - 0.9**count), np.sqrt(1 - 0.999**count)
        found = {
            name: w * (1 - rate * decay) - size * m[name] / (np.sqrt(v[name]) / root + 1e-8)
            for name, w in weights.items()
        }
        return found, (m, v, count)

    def moments(weights: Tree) -> Any:
        m, v = ({name: np.zeros_like(w) for name, w in weights.items()} for _ in range(2))
        return m, v, np.zeros((), np.float32)

    return (lambda weights: (), sgd) if optimizer == "SGD" else (moments, adam)


def training(
    loss: Loss,
    shapes: Mapping[str, tuple[int, ...]],
    x: np.ndarray,
    y: np.ndarray,
    optimizer: str,
    rate: float,
) -> Make:
    def make(jax: Any) -> Step:
        first = initial(shapes)
        weights: Tree = {name: jax.numpy.asarray(w) for name, w in first.items()}
        begin, update = update_of(jax, optimizer, rate)
        state = begin(weights)
        inputs, targets = jax.numpy.asarray(x), jax.numpy.asarray(y)

        def step(weights: Tree, state: Any, x: Any, y: Any) -> Any:
            value, gradients = jax.value_and_grad(lambda w: loss(jax, w, x, y))(weights)
            return value, *update(weights, gradients, state)

        compiled = jax.jit(step, donate_argnums=(0, 1))

        def run() -> Any:
            nonlocal weights, state
            value, weights, state = compiled(weights, state, inputs, targets)
            jax.block_until_ready((value, weights, state))
            return value

        def gradients() -> Any:
            found = jax.jit(jax.grad(lambda w: loss(jax, w, inputs, targets)))(first)
            return [found[name] for name in first]

        return steps(run, gradients)

    return make
