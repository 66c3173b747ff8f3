"""What the scripts that write fixtures share: pictures to encode, the length of answers, and the files of expected results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

TOKENS = 24
LEAST_MARGIN = 0.05
CROP = 28


def picture(i: int, width: int, height: int) -> np.ndarray:
    """A drifting gradient and a moving square: every frame differs and compresses well."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    rgb = np.stack([128 + 90 * np.sin((x + 3 * i) / 21), 128 + 90 * np.sin((y - 2 * i) / 17), 128 + 90 * np.cos((x + y + 5 * i) / 29)], axis=-1)
    left, top = (7 * i) % max(1, width - 24), (4 * i) % max(1, height - 20)
    rgb[top : top + 20, left : left + 24] = (235, 200 - 3 * (i % 40), 30 + 4 * (i % 40))
    return rgb.clip(0, 255).astype(np.uint8)


def write_expected(out: Path, name: str, trace: dict, tensors: dict) -> None:
    """The expected results of a test: the trace, and only the middles and means of the frames, because they are large."""
    frames = tensors.pop("frames")
    top, left = (frames.shape[1] - CROP) // 2, (frames.shape[2] - CROP) // 2
    tensors["crops"] = np.ascontiguousarray(frames[:, top : top + CROP, left : left + CROP])
    tensors["means"] = frames.mean(axis=(1, 2), dtype=np.float64).astype(np.float32)
    told = {key: value for key, value in trace.items() if key != "device"} | {"checkpoint": name, "size": list(frames.shape[1:3])}
    expected = out / "expected"
    expected.mkdir(exist_ok=True)
    (expected / f"{name}.json").write_text(json.dumps(told) + "\n")
    save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, expected / f"{name}.safetensors")
