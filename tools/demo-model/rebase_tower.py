"""Rotates the tower's last layer between the stages so that its first values contain what was learnt, each with mean 0 and variance 1.

`rebase_tower.py TOWER OUT PICTURES`. The linear heads of the first stage compute each token's color, shape, place and so on from its row, some from directions
of little variance, which a language model takes long to find. Folded into the merger's last layer they become the row's first values; the
other values are free for the language model. The architecture does not change.
"""

import argparse
from pathlib import Path

import torch
from torch import nn

from batches import batches
from optimizer import save
from tower import OUT, Tower
from train_tower import SIZES


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tower", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("pictures", type=Path)
    options = parser.parse_args()
    state = torch.load(options.tower, weights_only=True)
    tower, heads = Tower(), nn.Linear(OUT, sum(SIZES))
    tower.load_state_dict(state["tower"])
    heads.load_state_dict(state["heads"])
    with torch.no_grad():
        stream = batches("tower-stream.ts", 4321, 64, options.pictures)
        read = torch.cat([heads(tower(next(stream)["pixels"])).flatten(0, 1) for _ in range(12)])
        mean, deviation = read.mean(0), read.std(0)
        weight = (heads.weight / deviation[:, None]) @ tower.merge2.weight
        bias = (heads.weight @ tower.merge2.bias + heads.bias - mean) / deviation
        tower.merge2.weight.zero_()
        tower.merge2.bias.zero_()
        tower.merge2.weight[: len(weight)] = weight
        tower.merge2.bias[: len(bias)] = bias
    save({"tower": tower.state_dict()}, options.out)


if __name__ == "__main__":
    main()
