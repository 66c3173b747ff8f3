"""What the scripts for families with random checkpoints share: clips, greedy answers, and the search for checkpoints that answer clearly."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import torch
from transformers import DynamicCache

from fixture_files import TOKENS, picture, write_expected

# Twice the difference of logits that tests allow.
LEAST_MARGIN = 0.02


def greedy(step: Callable, inputs: torch.Tensor, positions: torch.Tensor, table: torch.nn.Embedding, ends: set[int]):
    """Answers until an end token or a near tie. `step(inputs, positions, cache)` gives the logits of the next token."""
    cache = DynamicCache()
    generated: list[int] = []
    margins: list[float] = []
    first = None
    while len(generated) < TOKENS:
        logits = step(inputs, positions, cache)
        first = logits if first is None else first
        best = logits.topk(2)
        margins.append(float(best.values[0] - best.values[1]))
        token = int(best.indices[0])
        if token in ends or margins[-1] < LEAST_MARGIN:
            break
        generated.append(token)
        inputs = table(torch.tensor([[token]]))
        positions = positions[:, :, -1:].amax(0, keepdim=True).expand(3, -1, -1) + 1
    return generated, first, min(margins)


def write_clip(path: Path, width: int, height: int, frames: int, rate: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(rate))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "32", "preset": "slow"}
        for i in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(3 * i, width, height), format="rgb24")))
        container.mux(stream.encode(None))


def write_clear_cases(out: Path, name: str, cases: dict, make: Callable) -> None:
    """Writes a checkpoint with the expected results of its cases. `make(folder, seed)` writes it and returns its reference; seeds are searched."""
    for seed in range(1, 400):
        reference = make(out / "checkpoints" / name, seed)
        traced = {}
        for key, case in cases.items():
            traced[key] = trace, _ = reference.trace(out / "clips" / case.clip, case)
            if len(trace["generated"]) < TOKENS or trace["margin"] < LEAST_MARGIN or len(set(trace["generated"])) < 8:
                break
        else:
            break
    else:
        raise SystemExit(f"no seed gives {name} clear answers")
    for key, (trace, tensors) in traced.items():
        case = cases[key]
        request = {"indices": list(case.indices)} if case.indices else {"frames": case.frames}
        write_expected(out, key, {**trace, "clip": case.clip, "request": request, "maxPixels": case.max_pixels}, tensors)
        path = out / "expected" / f"{key}.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"checkpoint": name}) + "\n")
        print(f"{key}: seed {seed}, margin {trace['margin']:.3f}, grid {trace['grid']}, {len(trace['tokens'])} tokens, {trace['text']!r}")
