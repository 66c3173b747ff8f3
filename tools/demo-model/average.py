"""Averages the weights of two states of one training.

`average.py STATE OTHER OUT --share 0.5`. OTHER was trained on from STATE: their average keeps most of what OTHER has learned, and loses
less of what STATE had learned. Heads that only OTHER has stay as they are. Method: WiSE-FT, https://arxiv.org/abs/2109.01903.
"""

import argparse
from pathlib import Path

from optimizer import load, save


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("state", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--share", type=float, default=0.5, help="share of OTHER")
    options = parser.parse_args()
    state, other = load(options.state), load(options.other)
    for part in ("language", "heads"):
        for name, weights in other[part].items():
            if name in state[part]:
                other[part][name] = state[part][name].lerp(weights, options.share)
    save(other, options.out)


if __name__ == "__main__":
    main()
