"""Measures transformers' Qwen2-VL tower with random weights in f32 and PyTorch's fused attention.

Argument: vision_config as JSON. For every input line with rows and columns of patches, prints the milliseconds for one such frame.
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
print("ready", flush=True)
with torch.inference_mode():
    for line in sys.stdin:
        rows, columns = map(int, line.split())
        patches = torch.randn(rows * columns, 3 * 2 * 14 * 14)
        grid = torch.tensor([[1, rows, columns]])
        start = time.perf_counter()
        tower(patches, grid_thw=grid)
        print((time.perf_counter() - start) * 1000, flush=True)
