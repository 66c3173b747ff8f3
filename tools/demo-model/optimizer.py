"""Muon for the matrices of the blocks, AdamW for the rest, with one schedule over a time budget."""

import math
import time

import torch
from safetensors.torch import load_file, save_file


def orthogonal(g, bf16, steps=5):
    """Newton-Schulz iteration towards the nearest semi-orthogonal matrix."""
    x = g.T if g.shape[0] > g.shape[1] else g
    if bf16:
        x = x.bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    x = x.float()
    return x.T if g.shape[0] > g.shape[1] else x


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr=0.02, momentum=0.95, decay=0.01, bf16=False):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": decay})
        self.bf16 = bf16

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                speed = self.state[p].setdefault("speed", torch.zeros_like(p))
                speed.lerp_(p.grad, 1 - group["momentum"])
                update = orthogonal(p.grad.lerp(speed, group["momentum"]), self.bf16)
                p.mul_(1 - group["lr"] * group["decay"])
                p.add_(update, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)


class Schedule:
    """Both optimizers, with a warm-up of `warmup` steps and a cool-down in the last part of `minutes`."""

    def __init__(self, modules, minutes, muon=0.02, adam=2e-3, warmup=60, flat=0.3, bf16=False, skip=("embed", "merge", "head")):
        named = [(name, p) for module in modules for name, p in module.named_parameters() if p.requires_grad]
        matrix = [p for name, p in named if p.ndim == 2 and not any(part in name for part in skip)]
        rest = [p for name, p in named if not (p.ndim == 2 and not any(part in name for part in skip))]
        self.parameters = matrix + rest
        self.optimizers = [Muon(matrix, muon, bf16=bf16), torch.optim.AdamW(rest, adam, betas=(0.9, 0.95), weight_decay=0.01)]
        self.rates, self.minutes, self.warmup, self.flat = [muon, adam], minutes, warmup, flat
        self.started, self.steps = time.time(), 0

    def part(self):
        return (time.time() - self.started) / 60 / self.minutes

    def step(self):
        part = self.part()
        cool = 1 if part < self.flat else max(0.0, (1 - part) / (1 - self.flat))
        scale = min(1, (self.steps + 1) / self.warmup) * max(0.01, cool)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        for optimizer, rate in zip(self.optimizers, self.rates):
            for group in optimizer.param_groups:
                group["lr"] = rate * scale
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        return math.isfinite(scale)


def save(state, path):
    """Writes to a temporary file and renames it, because another program may be reading."""
    aside = path.with_suffix(".part")
    torch.save(state, aside)
    aside.replace(path)


def load(path):
    """Loads what `save` wrote, or its 16-bit safetensors form, in which the parts' names are prefixes."""
    if path.suffix != ".safetensors":
        return torch.load(path, weights_only=True)
    parts = {}
    for name, tensor in load_file(path).items():
        part, rest = name.split(".", 1)
        parts.setdefault(part, {})[rest] = tensor.float()
    return parts


def keep(state, path):
    """The safetensors form, small enough for the repository."""
    named = {f"{part}.{name}": tensor.half().contiguous() for part in ("tower", "language", "heads") for name, tensor in state[part].items()}
    save_file(named, path)
