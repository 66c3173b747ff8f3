"""Writes test/fixtures/vision: the rows of Hugging Face's Qwen2-VL tower for small pictures.

The checkpoints are not stored: every weight is a formula of its name and index (see `weights`), which
test/engine/vision/formula-weights.ts reproduces bit for bit. Run: python tools/reference/tower_fixtures.py
"""

import json
import math
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file
from transformers.models.qwen2_vl.configuration_qwen2_vl import Qwen2VLVisionConfig
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VisionTransformerPretrainedModel

OUT = Path(__file__).resolve().parents[2] / "test" / "fixtures" / "vision"

# Name, key prefix of the checkpoint, tower, merged grids (rows, columns) of its pictures. All pictures of one grid are frames of one clip.
CASES = [
    ("head16", "visual.", dict(depth=3, embed_dim=32, num_heads=2, hidden_size=24, mlp_ratio=4), [(2, 3), (2, 3), (2, 3)]),
    ("head32", "model.visual.", dict(depth=2, embed_dim=96, num_heads=3, hidden_size=40, mlp_ratio=2), [(4, 2), (4, 2)]),
    ("head80", "vision_tower.", dict(depth=1, embed_dim=160, num_heads=2, hidden_size=16, mlp_ratio=4), [(3, 5)]),
]


def mix(values: np.ndarray) -> np.ndarray:
    """MurmurHash3's 32-bit finaliser."""
    values = values ^ (values >> np.uint32(16))
    values = values * np.uint32(0x85EBCA6B)
    values = values ^ (values >> np.uint32(13))
    values = values * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def uniform(name: str, count: int) -> np.ndarray:
    """`count` numbers from -0.5 to 0.5 on a grid of 2^-24, exact in 32-bit floats."""
    seed = np.uint32(zlib.crc32(name.encode()))
    drawn = mix(np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + seed)
    return (drawn >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24) - np.float32(0.5)


def weights(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Scales are powers of two, so that rounding is the same in both languages. Queries and keys are large, so that attention is not flat."""
    values = uniform(name, math.prod(shape))
    if len(shape) == 1:
        scale, offset = 0.5, 1.0 if ("norm" in name or "ln_q" in name) and name.endswith("weight") else 0.0
    else:
        fan_in = math.prod(shape[1:])
        scale, offset = 2.0 ** (2 - math.floor(math.log2(fan_in) / 2 + 0.5)) * (2 if "qkv" in name else 1), 0.0
    return (values * np.float32(scale) + np.float32(offset)).reshape(shape)


def picture(name: str, height: int, width: int) -> np.ndarray:
    """A smooth gradient with noise."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    noise = (uniform(name, height * width * 3).reshape(height, width, 3) * 64).astype(np.int64)
    return np.clip(x * (c + 1) * 2 + y * (3 - c) + 32 * c + noise, 0, 255).astype(np.uint8)


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    index = []
    for name, prefix, sizes, grids in CASES:
        config = Qwen2VLVisionConfig(**sizes)
        config._attn_implementation = "eager"
        tower = Qwen2VisionTransformerPretrainedModel(config).eval().float()
        shapes = {}
        with torch.no_grad():
            for key, parameter in tower.named_parameters():
                shapes[key] = list(parameter.shape)
                parameter.copy_(torch.from_numpy(weights(key, tuple(parameter.shape))))
        factor = config.patch_size * config.spatial_merge_size
        pictures = np.stack([picture(f"{name}/{i}", h * factor, w * factor) for i, (h, w) in enumerate(grids)])
        processor = Qwen2VLImageProcessorPil(do_resize=False, patch_size=config.patch_size, merge_size=config.spatial_merge_size)
        # An image is repeated to fill its temporal patch, just as upstream passes every frame of a clip twice.
        processed = processor([Image.fromarray(one) for one in pictures], return_tensors="pt")
        with torch.no_grad():
            patches, grid = processed["pixel_values"], processed["image_grid_thw"]
            embeddings = tower(patches, grid_thw=grid).pooler_output
            from transformers.vision_utils import get_vision_position_ids

            cos, sin = tower.rotary_pos_emb(patches, get_vision_position_ids(grid[:1], config.spatial_merge_size))
        first = patches[: int(grid[0].prod())].reshape(-1, 3, 2, config.patch_size**2)
        assert torch.equal(first[:, :, 0], first[:, :, 1])
        half = cos.shape[-1] // 2
        save_file(
            {
                "pictures": pictures,
                "patches": first[:, :, 0].reshape(first.shape[0], -1)[:8].contiguous().numpy().astype(np.float32),
                "cos": cos[:, :half].contiguous().numpy(),
                "sin": sin[:, :half].contiguous().numpy(),
                "embeddings": embeddings.reshape(len(grids), -1, config.hidden_size).contiguous().numpy(),
            },
            OUT / f"{name}.safetensors",
        )
        index.append({"name": name, "prefix": prefix, "vision_config": {**sizes, "in_channels": 3, "patch_size": 14, "temporal_patch_size": 2, "spatial_merge_size": 2, "hidden_act": "quick_gelu", "model_type": "qwen2_vl"}, "tensors": shapes, "range": [float(embeddings.min()), float(embeddings.max())]})
        print(name, embeddings.shape, embeddings.std(), embeddings.reshape(len(grids), -1).std(0).mean())
    (OUT / "towers.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()
