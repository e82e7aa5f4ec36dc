"""Text by characters, for language models: a vocabulary, and blocks with what comes next."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_ext._core import Tensor, arange, from_numpy
from tinygrad_ext.data.dataset import Dataset


class Text:
    """A text as numbers of its characters.

    Parameters
    ----------
    content : str
    vocabulary : str, optional
        The characters by number; by default those of `content`, sorted.

    Attributes
    ----------
    content, vocabulary : str
    tokens : Tensor, int64 [N]
        The whole text, encoded.

    Examples
    --------
    >>> text = tg.data.Text("hello")
    >>> text.vocabulary, text.encode("hole").tolist(), text.decode([1, 0])
    ('ehlo', [1, 3, 2, 0], 'he')
    """

    def __init__(self, content: str, vocabulary: str | None = None) -> None:
        self.content = content
        self.vocabulary = "".join(sorted(set(content))) if vocabulary is None else vocabulary
        self._number = {character: i for i, character in enumerate(self.vocabulary)}
        if len(self._number) < len(self.vocabulary):
            raise ValueError("Text: the vocabulary has a character twice")
        self.tokens = self.encode(content)

    def __len__(self) -> int:
        return len(self.content)

    def encode(self, content: str) -> Tensor:
        """Return the characters' numbers, int64 [len(content)].

        Raises
        ------
        ValueError
            If a character is not in the vocabulary; names it and its position.
        """
        try:
            numbers = [self._number[character] for character in content]
        except KeyError as error:
            at = content.index(error.args[0])
            raise ValueError(
                f"Text.encode: {error.args[0]!r} at position {at} is not in the vocabulary of "
                f"{len(self.vocabulary)} characters"
            ) from None
        return from_numpy(np.array(numbers, dtype=np.int64))

    def decode(self, tokens: Tensor | Iterable[int]) -> str:
        """Return the text of some numbers.

        Raises
        ------
        ValueError
            If a number is outside of the vocabulary; names it.
        """
        numbers = tokens.flatten().tolist() if isinstance(tokens, Tensor) else list(tokens)
        for number in numbers:
            if not 0 <= number < len(self.vocabulary):
                raise ValueError(f"Text.decode: token {number}, expected 0 to {len(self.vocabulary) - 1}")
        return "".join(self.vocabulary[number] for number in numbers)

    def blocks(self, length: int, step: int = 1) -> Blocks:
        """Return the text's blocks of `length` characters, every `step` characters, as a dataset."""
        return Blocks(self.tokens, length, step)


class Blocks(Dataset[tuple[Tensor, Tensor]]):
    """Blocks of a token sequence, and the same one later: what a language model is to say.

    Sample i is ``(tokens[a : a + length], tokens[a + 1 : a + 1 + length])`` with ``a = i * step``.

    Parameters
    ----------
    tokens : Tensor, int64 [N]
    length : int
        Tokens per block.
    step : int, default 1
        From one block's start to the next one's; `length` makes them follow each other without overlap.

    Raises
    ------
    ValueError
        If a number is not positive, or the sequence too short for one block.
    """

    def __init__(self, tokens: Tensor, length: int, step: int = 1) -> None:
        if length < 1 or step < 1:
            raise ValueError(f"Blocks: length and step must be positive, got {length} and {step}")
        if tokens.ndim != 1 or len(tokens) <= length:
            raise ValueError(
                f"Blocks: expected more than {length} tokens in one dimension, got {tuple(tokens.shape)}"
            )
        self.tokens = tokens
        self.length = length
        self.step = step

    def __len__(self) -> int:
        return (len(self.tokens) - self.length - 1) // self.step + 1

    def __getitem__(self, index: Any) -> tuple[Tensor, Tensor]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"Blocks of {len(self)} samples: index {index} is out of range")
        begin = index % len(self) * self.step
        block = self.tokens[begin : begin + self.length + 1]
        return block[:-1], block[1:]

    def gather(self, indices: Tensor) -> list[Tensor]:
        """Return the blocks at int64 positions [B] as one batch: two tensors [B, length]."""
        places = (indices * self.step)[:, None] + arange(self.length + 1)
        blocks = self.tokens[places]
        return [blocks[:, :-1].contiguous(), blocks[:, 1:].contiguous()]


def text(path: str | os.PathLike[str], vocabulary: str | None = None) -> Text:
    """Read a text file, in UTF-8, as it is.

    Parameters
    ----------
    path : path
    vocabulary : str, optional
        Of another text, so that both count characters alike.

    Raises
    ------
    FileNotFoundError
        If there is no such file; names texts to put there.
    ValueError
        If it is empty or not UTF-8, with the offset; if a character is not in `vocabulary`.
    """
    try:
        with open(path, encoding="utf-8", newline="") as file:
            content = file.read()
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{os.fspath(path)}: no such file; put any text in UTF-8 there, for example a book from Project "
            "Gutenberg (https://www.gutenberg.org) or char-rnn's tiny Shakespeare "
            "(https://github.com/karpathy/char-rnn)"
        ) from None
    except UnicodeDecodeError as error:
        seen = f"{error.object[error.start]:#04x}"
        raise ValueError(
            f"{os.fspath(path)}: at byte {error.start}: expected text in UTF-8, got {seen}"
        ) from None
    if not content:
        raise ValueError(f"{os.fspath(path)}: at byte 0: expected text, got the end of the file")
    return Text(content, vocabulary)
