"""Which of its motions an object is at: the losses of the third and fourth layers, and long clips whose rows are computed before.

Most objects have one or two motions, and the visual tokens that show a third or fourth one are a tenth of all: trained with equal weights, the fourth layer read their
number in .40 and .03 of 17 to 32 frames, and descriptions left motions out. A batch of train_language.py has few long clips, since they have many visual tokens and 36
dialogues each. Those of this program have three short ones, a description and two times, so a step can have more of them.

`phases.py OUT --pictures FOLDER --minutes M [--seed S]` computes such rows, with the tower of checkpoint.safetensors.
"""

import argparse
import os
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from batches import batches
from language import HEAD, WIDTH, turn
from optimizer import load
from tower import Tower

MOTIONS = 10
# Maximum number of an object's motions, its phases.
PHASES = 4
# Third and fourth motions are rare.
PHASE_WEIGHTS = torch.tensor([1.0, 2.0, 4.0, 8.0])
# Visual tokens of a step's long clips.
LONG_TOKENS = 1600
# Visual tokens of a stored batch.
BATCH_TOKENS = 4000
FRAMES_AT_ONCE = 64


def phase_heads():
    """Heads for the number of the phase and of the frame after the fourth layer, and for a phase's first two frames after the third."""
    return {"head7": nn.Linear(WIDTH, PHASES + 1), "head9": nn.Linear(WIDTH, 1)}


def beginnings(phase, frames):
    """Which visual tokens [n, tokens] show the first two frames of a phase; `phase` as in clip-stream.ts."""
    frame = torch.arange(phase.shape[1]) // (phase.shape[1] // frames)
    begun = torch.zeros_like(phase, dtype=torch.bool)
    for number in range(2 * PHASES):
        shown = phase == number
        begun |= shown & (frame <= torch.where(shown, frame, frames).min(1).values[:, None] + 1)
    return begun


def phase_loss(phase, frames, known, after, visual, heads):
    """Loss of the numbers of phases and frames, and of where phases begin. Also returns for each known token whether its phase is right."""
    own = phase[known] % PHASES
    frame = (torch.arange(phase.shape[1]) // (phase.shape[1] // frames)).expand_as(phase)[known]
    number = heads["head7"](after[3][:, visual])[known]
    begun = heads["head9"](after[2][:, visual])[..., 0][known]
    weight = PHASE_WEIGHTS[own]
    loss = 0.5 * (F.cross_entropy(number[:, :PHASES], own, reduction="none") * weight).sum() / weight.sum()
    loss = loss + 0.5 * F.smooth_l1_loss(number[:, PHASES], frame / 16, beta=0.05)
    loss = loss + 0.3 * F.binary_cross_entropy_with_logits(begun, beginnings(phase, frames)[known].float(), pos_weight=torch.tensor(3.0))
    return loss, (number[:, :PHASES].argmax(-1) == own).float()


def beginnings_looks(layer, hidden, turns, visual, phase, frames, queries):
    """How far the first head of a layer is from looking, from visual tokens of a later phase, equally at where each of the object's phases up to that one begins: as
    many parts as there are phases, so the share of one part tells their number. Also returns the share of its attention that is there."""
    cos, sin = (part[:, 0] for part in turns)
    samples, tokens = queries.T
    normed = layer.input_layernorm(hidden)
    key = turn(layer.k_proj(normed), cos, sin)
    query = turn(layer.q_proj(normed)[..., :HEAD], cos, sin)[samples, visual.start + tokens]
    scores = torch.einsum("qd,qkd->qk", query, key[samples]) / HEAD**0.5
    scores = scores.masked_fill(torch.arange(key.shape[1]) > visual.start + tokens[:, None], -1e9).log_softmax(-1)[:, visual]
    own, of_sample = phase[samples, tokens][:, None], phase[samples]
    same_object = of_sample // PHASES == own // PHASES
    before = (of_sample <= own) & (torch.arange(phase.shape[1]) <= tokens[:, None])
    begun = beginnings(phase, frames)[samples] & same_object & before
    wanted = torch.zeros_like(scores)
    for number in range(PHASES):
        shown = begun & (of_sample % PHASES == number)
        wanted += shown / shown.sum(1, keepdim=True).clamp(min=1)
    wanted /= wanted.sum(1, keepdim=True).clamp(min=1e-6)
    return -(wanted * scores.clamp(min=-12)).sum(1).mean(), (scores.exp() * begun).sum(1).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--seed", type=int, default=701)
    options = parser.parse_args()
    tower, kept, started = Tower(), [], time.time()
    tower.load_state_dict(load(Path(__file__).with_name("checkpoint.safetensors"))["tower"])
    with torch.no_grad():
        for batch in batches("clip-stream.ts", "long", options.seed, BATCH_TOKENS, 1, options.pictures, ahead=2):
            rows = torch.cat([tower(frames) for frames in batch.pop("pixels").split(FRAMES_AT_ONCE)])
            labels = {key: batch[key].char() for key in ("current", "first", "phase")}
            halves = {"places": batch["places"].half(), "visual": rows.reshape(len(labels["phase"]), -1, WIDTH).half()}
            kept.append({key: batch[key] for key in ("frames", "rows", "columns", "dialogues", "objects")} | labels | halves)
            if time.time() - started > 60 * options.minutes:
                break
    torch.save(kept, options.out)
    print(f"{sum(len(batch['phase']) for batch in kept)} clips", flush=True)
    # The generator's pipe would keep the process waiting.
    os._exit(0)


if __name__ == "__main__":
    main()
