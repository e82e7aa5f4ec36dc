"""Cases on which a peer fails in every way there is; worker processes find them here."""

from __future__ import annotations

import os
import time

import numpy as np

from bench.case import Case, Step


def right(lib):
    return lambda: (np.arange(4.0), np.ones(2))


def slightly_off(lib):
    return lambda: (np.arange(4.0), np.ones(2) + 1e-3)


def other_shape(lib):
    return lambda: (np.arange(4.0), np.ones(3))


def not_a_number(lib):
    return lambda: (np.arange(4.0), np.array([1.0, np.nan]))


def unprepared(lib):
    raise ValueError("no way\nto do it")


def later(lib):
    """Right when it is compared, and never after."""
    return Step(lambda: 1 / 0, right(lib))


def dying(lib):
    return lambda: os._exit(3)


def hanging(lib):
    return lambda: time.sleep(60)


def counting(lib):
    """Changes what it works on: only its first run gives 1."""
    state = np.zeros(1)

    def run():
        state[:] += 1
        return state.copy()

    return run


PEERS = {
    "right": right,
    "slightly off": slightly_off,
    "other shape": other_shape,
    "not a number": not_a_number,
    "unprepared": unprepared,
    "later": later,
    "dying": dying,
    "hanging": hanging,
}
CASES = {
    f"peer {name}": Case("peer", name, {"tinygrad_ext": right, "numpy": make}) for name, make in PEERS.items()
}
CASES["peer counting"] = Case("peer", "counting", {"tinygrad_ext": counting, "numpy": counting})
CASES["ours dying"] = Case("ours", "dying", {"tinygrad_ext": dying, "numpy": right})


def find(label):
    return CASES[label]
