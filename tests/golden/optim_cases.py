"""Optimizers and schedules with their settings, written once for PyTorch and for this library.

`trajectory` and `rates` take a library and give numbers; both must agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

STEPS = 100
SHOWN = (1, 2, 7, 30, STEPS)
SHAPES = ((3, 4), (), (5,), (0, 2))

SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.01, "momentum": 0.5, "nesterov": True, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-3}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.3}),
    ("Adam", {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True}),
    ("Adam", {"lr": 0.1, "amsgrad": True}),
    ("Adam", {"lr": 0.1, "maximize": True}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "betas": (0.5, 0.7), "momentum_decay": 0.1}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.3, "maximize": True}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.1, "betas": (0.5, 0.9)}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.3, "maximize": True}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.3, "decoupled_weight_decay": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "betas": (0.5, 0.7), "eps": 1e-3, "weight_decay": 0.3}),
    ("Adamax", {"lr": 0.1, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.8, "weight_decay": 0.3}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"lr": 0.02, "momentum": 0.5, "centered": True, "eps": 1e-3, "maximize": True}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.5, "lr_decay": 0.1, "weight_decay": 0.3}),
    ("Adagrad", {"lr": 0.5, "initial_accumulator_value": 0.4, "eps": 1e-3, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.3}),
    ("Adadelta", {"maximize": True}),
]
LBFGS_SETTINGS: list[dict[str, Any]] = [
    {},
    {"lr": 0.3, "max_iter": 5, "history_size": 3},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "lr": 0.5, "max_iter": 4, "history_size": 2},
    {"line_search_fn": "strong_wolfe", "max_iter": 30, "max_eval": 7},
    {"line_search_fn": "strong_wolfe", "lr": 100.0, "max_iter": 3},
    {"line_search_fn": "strong_wolfe", "lr": 0.01, "max_iter": 6, "history_size": 4},
]
LBFGS_STEPS = 8


def label(name: str, settings: dict[str, Any]) -> str:
    """A name for a case."""
    return " ".join([name, *(f"{key}={value}" for key, value in settings.items())])


def start(lib: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Numbers between -1 and 1, without randomness."""
    n = 1
    for size in shape:
        n *= size
    return ((((lib.arange(n) * 37 + 11) % 64).to(dtype) - 31.5) / 32).reshape(shape)


def trajectory(lib: Any, name: str, settings: dict[str, Any], dtype: str = "float64") -> list[list[float]]:
    """All parameters after each of the steps SHOWN; the gradient is a formula of p and the step."""
    kind = getattr(lib, dtype)
    params = [start(lib, shape, kind).requires_grad_() for shape in SHAPES]
    optimizer = getattr(lib.optim, name)(params, **settings)
    shown = []
    for step in range(1, STEPS + 1):
        for p in params:
            with lib.no_grad():
                p.grad = (p - 0.25) * (1 + 1 / step) + 0.5 * lib.sin(5 * p + step)
        optimizer.step()
        if step in SHOWN:
            shown.append([x for p in params for x in p.detach().reshape(-1).tolist()])
    return shown


def lbfgs(lib: Any, settings: dict[str, Any]) -> list[list[float]]:
    """The parameters and the loss after each step on Rosenbrock's function in 6 dimensions."""
    x = start(lib, (5,), lib.float64).requires_grad_()
    y = start(lib, (), lib.float64).requires_grad_()
    optimizer = lib.optim.LBFGS([x, y], **settings)

    def closure() -> Any:
        optimizer.zero_grad()
        v = lib.cat([x, y.reshape(1)])
        loss = (10 * (v[1:] - v[:-1] ** 2) ** 2 + (1 - v[:-1]) ** 2).sum()
        loss.backward()
        return loss

    shown = []
    for _ in range(LBFGS_STEPS):
        loss = optimizer.step(closure)
        shown.append([*x.detach().tolist(), y.item(), loss.item()])
    return shown


Schedule = Callable[[Any, Any], Any]
SCHEDULES: dict[str, Schedule] = {
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda e: 0.95**e),
    "LambdaLR list": lambda m, o: m.LambdaLR(o, [lambda e: 1 / (e + 1), lambda e: 1 + e]),
    "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, lambda e: 1 - 0.1 / e),
    "StepLR": lambda m, o: m.StepLR(o, 4, 0.3),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, [3, 8, 8, 20], 0.3),
    "ConstantLR": lambda m, o: m.ConstantLR(o),
    "ConstantLR 7": lambda m, o: m.ConstantLR(o, 0.3, 7),
    "LinearLR": lambda m, o: m.LinearLR(o),
    "LinearLR down": lambda m, o: m.LinearLR(o, 0.9, 0.1, 11),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o),
    "PolynomialLR 2.5": lambda m, o: m.PolynomialLR(o, 17, 2.5),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, 9),
    "CosineAnnealingLR min": lambda m, o: m.CosineAnnealingLR(o, 7, 0.02),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, 7),
    "CosineAnnealingWarmRestarts 2": lambda m, o: m.CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
    "CyclicLR": lambda m, o: m.CyclicLR(o, 0.01, 0.3, 5),
    "CyclicLR 2": lambda m, o: m.CyclicLR(
        o, [0.01, 0.02], 0.3, 3, 6, "triangular2", base_momentum=[0.5, 0.6]
    ),
    "CyclicLR exp": lambda m, o: m.CyclicLR(o, 0.01, 0.3, 4, None, "exp_range", 0.9, cycle_momentum=False),
    "CyclicLR fn": lambda m, o: m.CyclicLR(o, 0.01, 0.3, 4, scale_fn=lambda x: 1 / x, scale_mode="cycle"),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, 0.5, 31),
    "OneCycleLR three": lambda m, o: m.OneCycleLR(
        o, [0.5, 0.3], 40, three_phase=True, anneal_strategy="linear"
    ),
    "OneCycleLR epochs": lambda m, o: m.OneCycleLR(
        o, 0.5, epochs=5, steps_per_epoch=7, pct_start=0.5, div_factor=10.0, cycle_momentum=False
    ),
    "SequentialLR": lambda m, o: m.SequentialLR(
        o, [m.LinearLR(o, 0.1, 1.0, 5), m.CosineAnnealingLR(o, 10), m.StepLR(o, 2, 0.5)], [5, 16]
    ),
    "SequentialLR 2": lambda m, o: m.SequentialLR(
        o, [m.ConstantLR(o, 0.1, 3), m.ExponentialLR(o, 0.8), m.PolynomialLR(o, 6)], [4, 12]
    ),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler(
        [m.ConstantLR(o, 0.1, 4), m.ExponentialLR(o, 0.9), m.CosineAnnealingLR(o, 12)], o
    ),
    "ReduceLROnPlateau": lambda m, o: m.ReduceLROnPlateau(o, patience=2),
    "ReduceLROnPlateau max": lambda m, o: m.ReduceLROnPlateau(
        o, "max", 0.5, 1, 0.05, "abs", cooldown=2, min_lr=[0.01, 0.02]
    ),
}
RATE_STEPS = 30


def two_groups(lib: Any, kind: str) -> Any:
    """An optimizer with two groups and different rates."""
    params = [lib.ones(2, requires_grad=True) for _ in range(2)]
    groups = [{"params": [params[0]]}, {"params": [params[1]], "lr": 0.25}]
    return getattr(lib.optim, kind)(groups, lr=0.1, **({"momentum": 0.9} if kind == "SGD" else {}))


def present(optimizer: Any) -> list[float]:
    """Both rates and the first group's momentum."""
    first, second = optimizer.param_groups
    return [first["lr"], second["lr"], first["betas"][0] if "betas" in first else first["momentum"]]


def advance(optimizer: Any, schedule: Any, step: int) -> None:
    """Step both; the metric of schedules that want one falls, stalls and rises."""
    optimizer.step()
    if "best" in vars(schedule):
        schedule.step(1 / (step + 1) if step < 5 else 0.2 + (step % 7) * 0.01)
    else:
        schedule.step()


def rates(lib: Any, name: str, kind: str) -> list[list[float]]:
    """What `present` gives at the start and after each step."""
    optimizer = two_groups(lib, kind)
    schedule = SCHEDULES[name](lib.optim.lr_scheduler, optimizer)
    shown = [present(optimizer)]
    for step in range(RATE_STEPS):
        advance(optimizer, schedule, step)
        shown.append(present(optimizer))
    return shown
