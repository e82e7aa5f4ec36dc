"""Every function of ``nn.init``, on small tensors: those equal to PyTorch's to the bit, and the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Init = Callable[[Any, Any], Any]  # the library, a generator


def init(name: str, shape: tuple[int, ...], *args: Any, draws: bool = True, **kwargs: Any) -> Init:
    """A call of an init function on zeros."""

    def call(lib: Any, generator: Any) -> Any:
        more = {"generator": generator} if draws else {}
        return getattr(lib.nn.init, name)(lib.zeros(shape), *args, **more, **kwargs)

    return call


EXACT: dict[str, Init] = {
    "uniform_": init("uniform_", (3, 4)),
    "uniform_ in a range": init("uniform_", (3, 4), -2.0, 0.5),
    "constant_": init("constant_", (2, 2), 0.3, draws=False),
    "ones_": init("ones_", (2, 2), draws=False),
    "zeros_": init("zeros_", (2, 2), draws=False),
    "eye_": init("eye_", (3, 2), draws=False),
    "dirac_": init("dirac_", (4, 2, 3), draws=False),
    "dirac_ of groups": init("dirac_", (4, 2, 3, 2), 2, draws=False),
    "dirac_ of volumes": init("dirac_", (2, 3, 1, 2, 2), draws=False),
    "xavier_uniform_": init("xavier_uniform_", (3, 4), 1.5),
    "kaiming_uniform_": init("kaiming_uniform_", (2, 3, 2)),
    "kaiming_uniform_ of outputs": init("kaiming_uniform_", (3, 4), mode="fan_out", nonlinearity="tanh"),
}
ROUNDED: dict[str, Init] = {
    "normal_": init("normal_", (3, 4), 1.0, 0.5),
    "normal_ of many": init("normal_", (5, 5), 1.0, 0.5),
    "trunc_normal_": init("trunc_normal_", (4, 5), 0.0, 1.0, -0.7, 0.9),
    "trunc_normal_ of the tail": init("trunc_normal_", (4, 5), 0.0, 1.0, 1.0, 1.5),
    "xavier_normal_": init("xavier_normal_", (3, 4)),
    "kaiming_normal_": init("kaiming_normal_", (3, 4), 0.2),
    "kaiming_normal_ of outputs": init("kaiming_normal_", (3, 4, 2), 0.0, "fan_out", "relu"),
    "orthogonal_": init("orthogonal_", (4, 3)),
    "orthogonal_ of rows": init("orthogonal_", (2, 3, 2), 2.0),
    "sparse_": init("sparse_", (4, 3), 0.3, 0.5),
}
INITS = EXACT | ROUNDED
GAINS = (
    *(("linear",), ("conv1d",), ("conv_transpose2d",), ("sigmoid",), ("tanh",), ("relu",), ("selu",)),
    *(("leaky_relu",), ("leaky_relu", 0.3), ("leaky_relu", 2)),
)
