"""First stage: trains the tower alone on single images, with labels of every visual token. `train_tower.py OUT --minutes M`"""

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from batches import batches
from optimizer import Schedule, save
from tower import OUT, Tower

COLORS, SHAPES, BACKGROUNDS = 8, 5, 6
SIZES = [1, COLORS, SHAPES, 2, 1, 2, BACKGROUNDS]


def losses(heads, rows, labels, background):
    """Returns the dense losses of visual tokens [n, tokens, OUT] and the fractions of correct labels, both as dictionaries."""
    covered, color, shape, offset, radius, angle, ground = heads(rows).split(SIZES, -1)
    there = labels[..., 0] >= 0
    kinds = labels[there]
    symmetric = kinds[:, 2] > 0  # a circle has no angle
    loss = {
        "covered": F.binary_cross_entropy_with_logits(covered[..., 0], there.float()),
        "color": F.cross_entropy(color[there], kinds[:, 1].long()),
        "shape": F.cross_entropy(shape[there], kinds[:, 2].long()),
        "offset": F.smooth_l1_loss(offset[there], kinds[:, 3:5], beta=0.1),
        "radius": F.smooth_l1_loss(radius[there][:, 0], kinds[:, 5], beta=0.1),
        "angle": 0.5 * F.mse_loss(angle[there][symmetric], kinds[symmetric, 6:8]),
        "background": F.cross_entropy(ground.mean(1), background),
    }
    right = {
        "covered": ((covered[..., 0] > 0) == there).float().mean(),
        "color": (color[there].argmax(-1) == kinds[:, 1]).float().mean(),
        "shape": (shape[there].argmax(-1) == kinds[:, 2]).float().mean(),
        "background": (ground.mean(1).argmax(-1) == background).float().mean(),
    }
    return loss, right


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    tower, heads = Tower(), nn.Linear(OUT, sum(SIZES))
    schedule = Schedule([tower, heads], options.minutes)
    seen, said = {}, time.time()
    for batch in batches("tower-stream.ts", options.seed, options.batch):
        rows = tower(batch["pixels"])
        loss, right = losses(heads, rows, batch["labels"], batch["background"].long())
        sum(loss.values()).backward()
        schedule.step()
        for name, value in [*((f"-{k}", v) for k, v in loss.items()), *right.items()]:
            seen[name] = 0.98 * seen.get(name, value.item()) + 0.02 * value.item()
        if time.time() - said > 20 or schedule.part() >= 1:
            said = time.time()
            print(schedule.steps, f"{schedule.part():.2f}", " ".join(f"{k} {v:.3f}" for k, v in seen.items()), flush=True)
            save({"tower": tower.state_dict(), "heads": heads.state_dict()}, options.out)
        if schedule.part() >= 1:
            return


if __name__ == "__main__":
    main()
