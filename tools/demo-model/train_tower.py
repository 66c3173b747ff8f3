"""First stage: trains the tower alone on single images, with labels of every visual token. `train_tower.py OUT --pictures FOLDER --minutes M`

FOLDER has pictures of other things than drawn shapes (see collect_pictures.py). With `--resume checkpoint.safetensors` a tower that `rebase_tower.py` has
turned goes on: its first values stay the labels that they are, because the readout of them is fitted first and then does not change.
"""

import argparse
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from batches import batches
from optimizer import Schedule, load, save
from tower import OUT, Tower

COLORS, SHAPES, BACKGROUNDS = 8, 5, 6
# The last two: the image has no drawn shapes; a picture is behind the shapes.
SIZES = [1, COLORS, SHAPES, 2, 1, 2, BACKGROUNDS, 1, 1]


class Readout(nn.Module):
    """Reads the labels from the first values of a row, each with a scale of its own."""

    def __init__(self):
        super().__init__()
        self.scale, self.bias = nn.Parameter(torch.ones(sum(SIZES))), nn.Parameter(torch.zeros(sum(SIZES)))

    def forward(self, rows):
        return rows[..., : sum(SIZES)] * self.scale + self.bias


def losses(heads, rows, labels, background):
    """Returns the dense losses of visual tokens [n, tokens, OUT] and the fractions of correct labels, both as dictionaries."""
    covered, color, shape, offset, radius, angle, ground, foreign, mixed = heads(rows).split(SIZES, -1)
    there = labels[..., 0] >= 0
    kinds = labels[there]
    symmetric = kinds[:, 2] > 0  # a circle has no angle
    drawn, plain = background > -2, background >= 0
    foreign, mixed = foreign.mean((1, 2)), mixed.mean((1, 2))[drawn]
    loss = {
        "covered": F.binary_cross_entropy_with_logits(covered[..., 0], there.float()),
        "color": F.cross_entropy(color[there], kinds[:, 1].long()),
        "shape": F.cross_entropy(shape[there], kinds[:, 2].long()),
        "offset": F.smooth_l1_loss(offset[there], kinds[:, 3:5], beta=0.1),
        "radius": F.smooth_l1_loss(radius[there][:, 0], kinds[:, 5], beta=0.1),
        "angle": 0.5 * F.mse_loss(angle[there][symmetric], kinds[symmetric, 6:8]),
        "background": F.cross_entropy(ground.mean(1)[plain], background[plain]),
        "foreign": F.binary_cross_entropy_with_logits(foreign, (~drawn).float()),
        "mixed": 0.5 * F.binary_cross_entropy_with_logits(mixed, (~plain[drawn]).float()),
    }
    right = {
        "covered": ((covered[..., 0] > 0) == there).float().mean(),
        "color": (color[there].argmax(-1) == kinds[:, 1]).float().mean(),
        "shape": (shape[there].argmax(-1) == kinds[:, 2]).float().mean(),
        "background": (ground.mean(1)[plain].argmax(-1) == background[plain]).float().mean(),
        "foreign": ((foreign > 0) == ~drawn).float().mean(),
        "mixed": ((mixed > 0) == ~plain[drawn]).float().mean(),
    }
    return loss, right


def fit(heads, tower, stream):
    """Fits the readout to a trained tower. The values of the last two labels start from noise."""
    with torch.no_grad():
        tower.merge2.weight[sum(SIZES) - 2 : sum(SIZES)].normal_(std=0.02)
        heads.scale.fill_(3)
    optimizer = torch.optim.Adam(heads.parameters(), 0.1)
    for step in range(120):
        batch = next(stream)
        with torch.no_grad():
            rows = tower(batch["pixels"])
        loss, right = losses(heads, rows, batch["labels"], batch["background"].long())
        optimizer.zero_grad()
        sum(loss.values()).backward()
        optimizer.step()
    print("readout", " ".join(f"{k} {v:.3f}" for k, v in right.items()), flush=True)
    heads.requires_grad_(False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--muon", type=float, default=0.02)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    tower, heads = Tower(), nn.Linear(OUT, sum(SIZES))
    stream = batches("tower-stream.ts", options.seed, options.batch, options.pictures)
    if options.resume:
        tower.load_state_dict(load(options.resume)["tower"])
        heads = Readout()
        fit(heads, tower, stream)
    schedule = Schedule([tower] if options.resume else [tower, heads], options.minutes, muon=options.muon, adam=options.muon / 10)
    seen, said = {}, time.time()
    for batch in stream:
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
