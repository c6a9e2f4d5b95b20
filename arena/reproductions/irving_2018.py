"""Two debaters reveal pixels of a digit to a judge who sees nothing else: MNIST, as in Irving et al. 2018."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from arena import estimate
from arena.errors import ConfigError, DataError
from arena.estimate import Scores
from arena.reproduction import Line, Reproduction

_PUBLISHED = {6: (0.594, 0.889), 4: (0.482, 0.852)}
"""Pixels -> accuracy of the judge on random ones, and after a debate."""
_PIXELS = 28 * 28
_CONSIDERED = 20
"""Moves whose replies a debater looks at: those best for it at once."""
_WIDTH, _BATCH = 512, 128

Floats = NDArray[np.float32]


class _Digits(NamedTuple):
    images: Floats
    """(n, 784), from 0 to 1."""
    labels: NDArray[np.int64]


class Irving2018(Reproduction):
    """The judge's accuracy on random nonzero pixels, and how often the truth wins against every lie."""

    source: ClassVar[str] = (
        "Irving, Christiano & Amodei 2018 (arXiv 1805.00899), section 3.2: MNIST, claims stated first"
    )
    data: ClassVar[str] = "mnist10k: images.*.idx3-ubyte.gz and labels.*.idx1-ubyte.gz; takes some minutes"
    deviations: ClassVar[tuple[str, ...]] = (
        "the judge is a network of one hidden layer, trained on 80 % of the images given (the paper: convolutions and "
        "60,000 images), and on fewer pixels too, so that an unfinished debate has a value",
        "debaters look one reply ahead from their 20 best moves (the paper: tree search with 10,000 rollouts a move)",
        "as in the paper claims are stated first, nine games are played an image, one for each lie, and the truth must "
        "win them all; it moves first on every other image",
        "intervals are ours (Wilson, by image); one judge is trained, and its own luck is not in them",
    )

    images: int = Field(default=200, ge=1)
    """Held-out images that are debated."""
    epochs: int = Field(default=60, ge=1)
    """Passes over the training images, each with other pixels."""

    def lines(self) -> Iterator[Line]:
        digits = _digits(self.path)
        cut = len(digits.labels) * 4 // 5
        train, test = (_Digits(digits.images[part], digits.labels[part]) for part in (slice(cut), slice(cut, None)))
        for pixels, papers in _PUBLISHED.items():
            judge = _Judge.trained(train, pixels, self.epochs)
            alone = judge.right(test, pixels)
            debated = [judge.debated(test, i, pixels) for i in range(min(self.images, len(test.labels)))]
            for figure, paper, won in zip(("random pixels", "debate"), papers, (alone, debated), strict=True):
                found = estimate.mean(Scores.of((str(i), str(i), float(one)) for i, one in enumerate(won)))
                yield Line(
                    group=f"{pixels} pixels",
                    figure=figure,
                    published=paper,
                    ours=found.value,
                    low=found.low,
                    high=found.high,
                    n=len(won),
                    method=found.method,
                    digits=3,
                )


class _Judge:
    """A network whose first layer sums over pixels, so that a move is an addition."""

    def __init__(self, network: Any) -> None:
        (first, last), (bias, lean) = network.coefs_, network.intercepts_
        self._first, self._last, self._bias, self._lean = (
            part.astype(np.float32) for part in (first, last, bias, lean)
        )

    @classmethod
    def trained(cls, digits: _Digits, pixels: int, epochs: int) -> _Judge:
        """On `pixels` random nonzero pixels in half of the cases, and on fewer in the others."""
        from sklearn.neural_network import MLPClassifier

        rng = np.random.default_rng(pixels)
        network = MLPClassifier((_WIDTH,), batch_size=min(_BATCH, len(digits.labels)), random_state=pixels)
        for _ in range(epochs):
            count = np.where(
                rng.random(len(digits.labels)) < 0.5, pixels, rng.integers(1, pixels + 1, len(digits.labels))
            )
            network.partial_fit(_seen(digits.images, count, rng), digits.labels, classes=np.arange(10))
        return cls(network)

    def right(self, digits: _Digits, pixels: int) -> list[bool]:
        """Whether it names each digit from random pixels."""
        seen = _seen(digits.images, np.full(len(digits.labels), pixels), np.random.default_rng(0))
        hidden = np.maximum(seen @ self._first + self._bias, 0)
        found: list[bool] = ((hidden @ self._last + self._lean).argmax(axis=1) == digits.labels).tolist()
        return found

    def debated(self, digits: _Digits, number: int, pixels: int) -> bool:
        """Whether the truth wins against each of the nine lies."""
        image, truth = digits.images[number], int(digits.labels[number])
        shown = np.flatnonzero(image)
        moves = self._first[shown] + image[shown, None] * self._first[_PIXELS + shown]
        return all(self._game(moves, truth, lie, pixels, number % 2) > 0 for lie in range(10) if lie != truth)

    def _game(self, moves: Floats, truth: int, lie: int, pixels: int, liar_first: int) -> float:
        """The truth's lead over the lie when all pixels are revealed."""
        weights = self._last[:, truth] - self._last[:, lie]
        lean = float(self._lean[truth] - self._lean[lie])
        hidden, left = self._bias, np.ones(len(moves), dtype=np.bool_)
        for turn in range(min(pixels, len(moves))):
            sign = 1 if (turn + liar_first) % 2 == 0 else -1
            free = np.flatnonzero(left)
            chosen = free[_move(hidden, moves[free], weights, sign, last=turn == pixels - 1)]
            hidden, left[chosen] = hidden + moves[chosen], False
        return float(np.maximum(hidden, 0) @ weights) + lean


def _move(hidden: Floats, moves: Floats, weights: Floats, sign: int, last: bool) -> int:
    """The move that is best for the player of that sign after the other's best reply."""
    after = hidden + moves
    lead = sign * (np.maximum(after, 0) @ weights)
    if last or len(moves) < 2:
        return int(lead.argmax())
    best = np.argsort(-lead)[:_CONSIDERED]
    replies = sign * (np.maximum(after[best, None, :] + moves[None, :, :], 0) @ weights)
    replies[np.arange(len(best)), best] = np.inf  # a pixel is revealed once
    return int(best[replies.min(axis=1).argmax()])


def _seen(images: Floats, count: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """(n, 1568): which pixels are seen, `count` of each image's nonzero ones at random, and their values."""
    draw = rng.random(images.shape, dtype=np.float32) * (images > 0)
    rank = (-draw).argsort(axis=1).argsort(axis=1)
    seen = (rank < count[:, None]) & (images > 0)
    return np.concatenate([seen, seen * images], axis=1).astype(np.float32)


def _digits(path: str) -> _Digits:
    """Raises ConfigError without a path, and DataError for files that are not there or no such files."""
    if not path:
        raise ConfigError("no path: name a folder that holds images.*.idx3-ubyte.gz and labels.*.idx1-ubyte.gz")
    folder = Path(path).expanduser()
    found = [sorted(folder.glob(f"{stem}.*ubyte.gz")) for stem in ("images", "labels")]
    if not all(found) or len(found[0]) != len(found[1]):
        raise DataError(f"{path}: no images.*.idx3-ubyte.gz with labels.*.idx1-ubyte.gz of the same parts here")
    images, labels = (
        np.concatenate([_bytes(file, header) for file in files]) for files, header in zip(found, (16, 8), strict=True)
    )
    if len(images) != len(labels) * _PIXELS or not len(labels) or labels.max() > 9:
        raise DataError(
            f"{path}: {len(images)} pixels for {len(labels)} labels; an image has 28 x 28, a label is 0 to 9"
        )
    return _Digits((images.reshape(-1, _PIXELS) / 255).astype(np.float32), labels.astype(np.int64))


def _bytes(file: Path, header: int) -> NDArray[np.uint8]:
    """What follows the header of an IDX file."""
    try:
        data = gzip.decompress(file.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file}: cannot be read: {error}") from None
    if data[:2] != b"\0\0" or len(data) < header:
        raise DataError(f"{file}: is no IDX file")
    return np.frombuffer(data, np.uint8)[header:]
