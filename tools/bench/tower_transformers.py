"""Measures a vision tower of transformers with random weights in f32 and PyTorch's fused attention.

Arguments: model_type of a checkpoint, and its vision_config as JSON. For every input line with rows and columns of patches, prints the milliseconds for one
frame of that size, or for the two that the tower sees together.
"""

import json
import sys
import time

import torch
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLVisionConfig
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel
from transformers.models.qwen2_vl.configuration_qwen2_vl import Qwen2VLVisionConfig
from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VisionTransformerPretrainedModel
from transformers.models.qwen3_vl.configuration_qwen3_vl import Qwen3VLVisionConfig
from transformers.models.qwen3_vl.modeling_qwen3_vl import Qwen3VLVisionModel

FAMILIES = {
    "qwen2_vl": (Qwen2VLVisionConfig, Qwen2VisionTransformerPretrainedModel),
    "qwen2_5_vl": (Qwen2_5_VLVisionConfig, Qwen2_5_VisionTransformerPretrainedModel),
    "qwen3_vl": (Qwen3VLVisionConfig, Qwen3VLVisionModel),
}

settings, model = FAMILIES[sys.argv[1]]
config = settings(**json.loads(sys.argv[2]))
config._attn_implementation = "sdpa"
tower = model(config).eval()
patch_values = 3 * config.temporal_patch_size * config.patch_size**2
print("ready", flush=True)
with torch.inference_mode():
    for line in sys.stdin:
        rows, columns = map(int, line.split())
        patches = torch.randn(rows * columns, patch_values)
        grid = torch.tensor([[1, rows, columns]])
        start = time.perf_counter()
        tower(patches, grid_thw=grid)
        print((time.perf_counter() - start) * 1000, flush=True)
