"""
Compares two traces stage by stage, in the order of the pipeline, with the project's tolerances.

    python compare.py REFERENCE TRACE [--half]      # --half: the tower ran in f16

Exits with 1 when a stage exceeds its tolerance.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

FRAMES_MEAN = 1.0
EMBEDDINGS_RELATIVE = 1e-3
EMBEDDINGS_COSINE = 0.9995
LOGITS_ABSOLUTE = 1e-2


def stages(a: Path, b: Path, half: bool):
    """Yields (stage, whether it is within its tolerance, description)."""
    left, right = (json.loads((path / "trace.json").read_text()) for path in (a, b))
    x, y = (load_file(path / "tensors.safetensors") for path in (a, b))
    for name in ("indices", "grid", "tokens"):
        yield name, left[name] == right[name], "equal" if left[name] == right[name] else f"{left[name]} / {right[name]}"
    off = max((abs(p - q) for p, q in zip(left["times"], right["times"])), default=0.0)
    yield "times", off < 1e-3 and len(left["times"]) == len(right["times"]), f"largest difference {off:.6f} s"
    for name in ("frames", "positions", "embeddings", "logits"):
        if x[name].shape != y[name].shape or x[name].dtype != y[name].dtype:
            yield name, False, f"{x[name].dtype}{x[name].shape} / {y[name].dtype}{y[name].shape}"
            return
    difference = np.abs(x["frames"].astype(np.int16) - y["frames"])
    yield "frames", bool(difference.mean() <= FRAMES_MEAN), f"mean {difference.mean():.5f}, largest {difference.max()} of 255"
    different = int((x["positions"] != y["positions"]).sum())
    yield "positions", different == 0, f"{different} of {x['positions'].size} differ"
    p, q = x["embeddings"].astype(np.float64), y["embeddings"].astype(np.float64)
    relative = np.linalg.norm(p - q) / np.linalg.norm(p)
    cosine = float(((p * q).sum(1) / (np.linalg.norm(p, axis=1) * np.linalg.norm(q, axis=1))).min())
    good = cosine >= EMBEDDINGS_COSINE if half else relative <= EMBEDDINGS_RELATIVE
    yield "embeddings", bool(good), f"relative {relative:.2e}, largest {np.abs(p - q).max():.2e} of {np.abs(p).max():.2f}, least cosine {cosine:.7f}"
    off = float(np.abs(x["logits"] - y["logits"]).max())
    yield "logits", half or off <= LOGITS_ABSOLUTE, f"largest difference {off:.2e} (spread {x['logits'].std():.2f})"
    same = left["generated"] == right["generated"]
    yield "generated", half or same, f"{len(left['generated'])} equal" if same else f"{left['generated']} / {right['generated']}"
    if same:
        yield "text", left["text"] == right["text"], "equal" if left["text"] == right["text"] else f"{left['text']!r} / {right['text']!r}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reference", type=Path)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--half", action="store_true")
    options = parser.parse_args()
    failed = False
    for stage, good, found in stages(options.reference, options.trace, options.half):
        print(f"{'ok  ' if good else 'FAIL'} {stage:<10} {found}")
        failed = failed or not good
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
