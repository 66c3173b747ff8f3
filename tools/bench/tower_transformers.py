"""Prints the milliseconds that transformers' Qwen2-VL tower takes for one frame, the fastest of a few.

Arguments: vision_config as JSON, rows and columns of patches, runs.
"""

import json
import sys
import time

import torch
from transformers.models.qwen2_vl.configuration_qwen2_vl import Qwen2VLVisionConfig
from transformers.models.qwen2_vl.modeling_qwen2_vl import Qwen2VisionTransformerPretrainedModel

config = Qwen2VLVisionConfig(**json.loads(sys.argv[1]))
config._attn_implementation = "sdpa"
tower = Qwen2VisionTransformerPretrainedModel(config).eval()
rows, columns, runs = map(int, sys.argv[2:5])
patches = torch.randn(rows * columns, 3 * 2 * 14 * 14)
grid = torch.tensor([[1, rows, columns]])
best = float("inf")
with torch.inference_mode():
    for _ in range(runs):
        start = time.perf_counter()
        tower(patches, grid_thw=grid)
        best = min(best, time.perf_counter() - start)
print(best * 1000)
