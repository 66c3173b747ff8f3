"""Tarsier2's preprocessing from frames to the tower's patches: the sampler, the clip's pixel budget, both resizes, the patches."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from transformers import Qwen2VLImageProcessorPil

FRAME_MAX_PIXELS = 460800
CLIP_MAX_PIXELS = 128 * 384 * 384


def uniform(total: int, count: int) -> list[int]:
    """Version 1: always includes the first and the last frame; Python rounds half to even."""
    if count == 1:
        return [0]
    if total <= count:
        return list(range(total))
    return [round(i * (total - 1) / (count - 1)) for i in range(count)]


def middle(total: int, count: int) -> list[int]:
    """Version 2: the middle of each of `count` runs, longer runs first."""
    if total <= count:
        return list(range(total))
    length, longer = divmod(total, count)
    starts = [i * length + min(i, longer) for i in range(count + 1)]
    return [starts[i] + (starts[i + 1] - starts[i] + 1) // 2 - 1 for i in range(count)]


def smart_resize(height: int, width: int, factor: int, min_pixels: int, max_pixels: int) -> tuple[int, int]:
    if max(height, width) / min(height, width) > 200:
        raise ValueError("aspect ratio over 200")
    h = max(factor, round(height / factor) * factor)
    w = max(factor, round(width / factor) * factor)
    if h * w > max_pixels:
        beta = math.sqrt(height * width / max_pixels)
        h = max(factor, math.floor(height / beta / factor) * factor)
        w = max(factor, math.floor(width / beta / factor) * factor)
    elif h * w < min_pixels:
        beta = math.sqrt(min_pixels / (height * width))
        h = math.ceil(height * beta / factor) * factor
        w = math.ceil(width * beta / factor) * factor
    return h, w


def load_processor(directory: Path) -> Qwen2VLImageProcessorPil:
    """The checkpoint's image processor on Pillow, with the settings of any release of transformers."""
    for name in ("preprocessor_config.json", "processor_config.json"):
        path = directory / name
        if not path.exists():
            continue
        settings = json.loads(path.read_text())
        settings = settings.get("image_processor", settings)
        if "patch_size" in settings or "image_mean" in settings:
            return Qwen2VLImageProcessorPil(**{k: v for k, v in settings.items() if not k.endswith("_type")})
    raise SystemExit(f"{directory} has no image processor settings")


@dataclass(frozen=True)
class Prepared:
    """`frames` uint8 [n, h, w, 3] after both resizes; `pixels` float32 [n * h * w patches, values]; `grid` in patches."""

    frames: np.ndarray
    pixels: np.ndarray
    grid: tuple[int, int, int]


def prepare(images: list[Image.Image], processor: Qwen2VLImageProcessorPil, max_pixels: int | None = None) -> Prepared:
    """
    Every frame represents a whole temporal patch, that is `temporal_patch_size` copies of itself: the copies count
    in the budget, and the image processor creates them from a single picture.
    """
    budget = min(FRAME_MAX_PIXELS, CLIP_MAX_PIXELS // (len(images) * processor.temporal_patch_size))
    if max_pixels is not None:
        budget = min(budget, max_pixels)
    shrunk = []
    for image in images:
        height, width = smart_resize(image.height, image.width, 1, 0, budget)
        shrunk.append(image.resize((width, height)))
    out = processor(images=shrunk, return_tensors="np")
    grids = {tuple(int(v) for v in grid) for grid in out["image_grid_thw"]}
    if len(grids) != 1:
        raise ValueError("frames of several sizes")
    ((_, rows, columns),) = grids
    patch = processor.patch_size
    size = (columns * patch, rows * patch)
    frames = np.stack([np.asarray(image.resize(size, Image.Resampling(processor.resample))) for image in shrunk])
    return Prepared(frames, out["pixel_values"], (len(images), rows, columns))
