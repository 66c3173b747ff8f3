"""A plain implementation of Qwen2-VL's vision tower: all frames of a batch have the same grid, so attention is one call per layer."""

import torch
import torch.nn.functional as F
from torch import nn

MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]) * 255
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]) * 255
PATCH, MERGE = 14, 2
WIDTH, DEPTH, HEADS, MLP, OUT = 128, 4, 4, 512, 192


def patches(pixels):
    """Converts images [n, height, width, 3] of bytes to normalized patches [n, patches, 588] in Qwen2-VL's merged order."""
    n, height, width, _ = pixels.shape
    values = (pixels.float() - MEAN) / STD
    rows, columns = height // (PATCH * MERGE), width // (PATCH * MERGE)
    values = values.view(n, rows, MERGE, PATCH, columns, MERGE, PATCH, 3).permute(0, 1, 4, 2, 5, 7, 3, 6)
    return values.reshape(n, rows * columns * MERGE**2, 3 * PATCH**2)


def rotary(rows, columns):
    """Cosines and sines [patches, head size] of the patches of an image of rows x columns visual tokens."""
    h = torch.arange(rows * MERGE).view(rows, MERGE, 1, 1).expand(rows, MERGE, columns, MERGE)
    w = torch.arange(columns * MERGE).view(1, 1, columns, MERGE).expand(rows, MERGE, columns, MERGE)
    where = torch.stack([h.permute(0, 2, 1, 3).flatten(), w.permute(0, 2, 1, 3).flatten()], -1).float()
    size = WIDTH // HEADS // 2
    frequencies = 1 / 10000 ** (torch.arange(0, size, 2).float() / size)
    angles = (where[:, :, None] * frequencies).flatten(1)
    return torch.cat([angles, angles], -1).cos(), torch.cat([angles, angles], -1).sin()


def turn(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, 1e-6), nn.LayerNorm(WIDTH, 1e-6)
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.fc1, self.fc2 = nn.Linear(WIDTH, MLP), nn.Linear(MLP, WIDTH)

    def forward(self, x, cos, sin):
        n, count, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, count, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(turn(q, cos, sin), turn(k, cos, sin), v)
        x = x + self.proj(seen.transpose(1, 2).reshape(n, count, WIDTH))
        hidden = self.fc1(self.norm2(x))
        return x + self.fc2(hidden * torch.sigmoid(1.702 * hidden))


class Tower(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(3 * PATCH**2, WIDTH, bias=False)
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.norm = nn.LayerNorm(WIDTH, 1e-6)
        self.merge1, self.merge2 = nn.Linear(WIDTH * MERGE**2, WIDTH * MERGE**2), nn.Linear(WIDTH * MERGE**2, OUT)

    def forward(self, pixels):
        """Converts images [n, height, width, 3] of bytes to rows [n, visual tokens, OUT]."""
        n, height, width, _ = pixels.shape
        cos, sin = rotary(height // (PATCH * MERGE), width // (PATCH * MERGE))
        x = self.embed(patches(pixels))
        for block in self.blocks:
            x = block(x, cos, sin)
        x = self.norm(x).reshape(n, -1, WIDTH * MERGE**2)
        return self.merge2(F.gelu(self.merge1(x)))


def hugging_face_names(tower):
    """Returns the tower's tensors under the names of Qwen2-VL's checkpoints. The patch embedding is halved over the two equal frames of a temporal patch."""
    state = tower.state_dict()
    half = state["embed.weight"].view(WIDTH, 3, 1, PATCH, PATCH) / 2
    named = {"visual.patch_embed.proj.weight": half.expand(-1, -1, 2, -1, -1).contiguous()}
    ours = {"qkv": "attn.qkv", "proj": "attn.proj", "fc1": "mlp.fc1", "fc2": "mlp.fc2", "norm1": "norm1", "norm2": "norm2"}
    for key, value in state.items():
        parts = key.split(".")
        if parts[0] == "blocks":
            named[f"visual.blocks.{parts[1]}.{ours[parts[2]]}.{parts[3]}"] = value
        elif parts[0] != "embed":
            named[f"visual.merger.{ {'norm': 'ln_q', 'merge1': 'mlp.0', 'merge2': 'mlp.2'}[parts[0]] }.{parts[1]}"] = value
    return named
