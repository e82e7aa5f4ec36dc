"""Every loss in its three reductions, and with its settings; distances."""

from __future__ import annotations

from case import A, C, I, V

from modules.row import row

# Each with its inputs.
PLAIN = {
    "MSELoss": (A(3, 4), C(3, 4)),
    "L1Loss": (A(3, 4), C(3, 4)),
    "SmoothL1Loss": (A(3, 4), C(3, 4)),
    "HuberLoss": (A(3, 4), C(3, 4)),
    "PoissonNLLLoss": (A(3, 4), C(3, 4, low=0.0, high=4.0)),
    "GaussianNLLLoss": (A(3, 4), C(3, 4), A(3, 4, low=0.5)),
    "KLDivLoss": (A(3, 4), C(3, 4, low=0.1, high=0.9)),
    "CrossEntropyLoss": (A(3, 4), I(3, high=4)),
    "NLLLoss": (A(3, 4), I(3, high=4)),
    "BCELoss": (A(3, 4, low=0.1, high=0.9), C(3, 4, low=0.0, high=1.0)),
    "BCEWithLogitsLoss": (A(3, 4), C(3, 4, low=0.0, high=1.0)),
    "SoftMarginLoss": (A(3), V([1.0, -1.0, 1.0], "const")),
    "MultiMarginLoss": (A(3, 4), I(3, high=4)),
    "MultiLabelMarginLoss": (A(2, 4), V([[3, 0, -1, 1], [1, -1, 0, 0]], "index")),
    "MultiLabelSoftMarginLoss": (A(2, 4), V([[1.0, 0, 0, 1], [0, 1, 0, 0]], "const")),
    "MarginRankingLoss": (A(3), A(3), V([1.0, -1.0, 1.0], "const")),
    "CosineEmbeddingLoss": (A(3, 4), A(3, 4), V([1, -1, 1], "index")),
    "HingeEmbeddingLoss": (A(3), V([1.0, -1.0, 1.0], "const")),
    "TripletMarginLoss": (A(3, 4), A(3, 4), A(3, 4)),
    "TripletMarginWithDistanceLoss": (A(3, 4), A(3, 4), A(3, 4)),
}
SETTINGS = {
    "SmoothL1Loss": {"beta": 0.5},
    "HuberLoss": {"delta": 0.5},
    "PoissonNLLLoss": {"log_input": False, "full": True, "eps": 0.1},
    "GaussianNLLLoss": {"full": True, "eps": 0.8},
    "KLDivLoss": {"log_target": True, "reduction": "batchmean"},
    "CrossEntropyLoss": {"label_smoothing": 0.1, "ignore_index": 2},
    "NLLLoss": {"ignore_index": 2},
    "MultiMarginLoss": {"p": 2, "margin": 0.7},
    "MarginRankingLoss": {"margin": 0.4},
    "CosineEmbeddingLoss": {"margin": -0.5},
    "HingeEmbeddingLoss": {"margin": 0.3},
    "TripletMarginLoss": {"margin": 3.0, "p": 3.0, "eps": 1e-3, "swap": True},
    "TripletMarginWithDistanceLoss": {"margin": 3.0, "swap": True},
}
WEIGHTED = {
    "CrossEntropyLoss": [0.5, 1.0, 2.0, 0.1],
    "NLLLoss": [0.5, 1.0, 2.0, 0.1],
    "BCELoss": [0.5, 1.0, 2.0, 0.1],
    "BCEWithLogitsLoss": [0.5, 1.0, 2.0, 0.1],
    "MultiMarginLoss": [0.5, 1.0, 2.0, 0.1],
    "MultiLabelSoftMarginLoss": [0.5, 1.0, 2.0, 0.1],
}


def reduced(name, reduction):
    make = lambda nn: getattr(nn, name)(reduction=reduction)  # noqa: E731
    return row(f"{name} {reduction}", make, *PLAIN[name])


def with_settings(name, settings):
    inputs = PLAIN[name]
    if name == "PoissonNLLLoss":
        inputs = (A(3, 4, low=0.2), inputs[1])
    return row(f"{name} with settings", lambda nn: getattr(nn, name)(**settings), *inputs)


class Weighted:
    """Makes a loss with weights, which need the library and not only its ``nn``."""

    def __init__(self, name, weight, **more):
        self.name, self.weight, self.more = name, weight, more

    def __call__(self, nn):
        from importlib import import_module

        lib = import_module(nn.__name__.split(".")[0])
        more = {key: lib.tensor(value) for key, value in self.more.items()}
        return getattr(nn, self.name)(weight=lib.tensor(self.weight), **more)


ROWS = (
    *(reduced(name, reduction) for name in PLAIN for reduction in ("mean", "sum", "none")),
    *(with_settings(name, settings) for name, settings in SETTINGS.items()),
    *(row(f"{name} weighted", Weighted(name, weight), *PLAIN[name]) for name, weight in WEIGHTED.items()),
    row(
        "BCEWithLogitsLoss with pos_weight",
        Weighted("BCEWithLogitsLoss", [0.5, 1.0, 2.0, 0.1], pos_weight=[2.0, 1.0, 0.5, 3.0]),
        *PLAIN["BCEWithLogitsLoss"],
    ),
    row("CrossEntropyLoss of shares", lambda nn: nn.CrossEntropyLoss(), A(3, 4), C(3, 4, low=0.0, high=1.0)),
    row(
        "TripletMarginWithDistanceLoss of one's own",
        lambda nn: nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: 1 - (x * y).sum(-1)),
        A(3, 4),
        A(3, 4),
        A(3, 4),
    ),
    row("CosineSimilarity", lambda nn: nn.CosineSimilarity(), A(3, 4), A(3, 4)),
    row("CosineSimilarity along rows", lambda nn: nn.CosineSimilarity(0, 0.1), A(3, 4), A(3, 4)),
    row("PairwiseDistance", lambda nn: nn.PairwiseDistance(), A(3, 4), A(3, 4)),
    row("PairwiseDistance of p 1", lambda nn: nn.PairwiseDistance(1.0, 1e-3, True), A(3, 4), A(3, 4)),
)
