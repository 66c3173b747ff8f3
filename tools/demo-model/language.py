"""A plain implementation of Qwen2-VL's language model for one clip and several dialogues about it."""

import torch
import torch.nn.functional as F
from torch import nn

WIDTH, DEPTH, HEADS, KV_HEADS, HEAD, MLP = 192, 6, 3, 1, 64, 512
THETA, SECTIONS = 100.0, [8, 6, 18]
EPSILON = 1e-6


def rotary(positions):
    """Cosines and sines [batch, 1, tokens, HEAD] of positions [3, batch, tokens]: each section of the frequencies uses one plane."""
    frequencies = 1 / THETA ** (torch.arange(0, HEAD, 2).float() / HEAD)
    angles = positions[..., None].float() * frequencies
    mixed = torch.cat([part[plane] for plane, part in enumerate(angles.split(SECTIONS, -1))], -1)
    both = torch.cat([mixed, mixed], -1)[:, None]
    return both.cos(), both.sin()


def turn(x, cos, sin):
    a, b = x.chunk(2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = nn.RMSNorm(WIDTH, EPSILON), nn.RMSNorm(WIDTH, EPSILON)
        self.q_proj, self.k_proj, self.v_proj = nn.Linear(WIDTH, HEADS * HEAD), nn.Linear(WIDTH, KV_HEADS * HEAD), nn.Linear(WIDTH, KV_HEADS * HEAD)
        self.o_proj = nn.Linear(HEADS * HEAD, WIDTH, bias=False)
        self.gate_proj, self.up_proj = nn.Linear(WIDTH, MLP, bias=False), nn.Linear(WIDTH, MLP, bias=False)
        self.down_proj = nn.Linear(MLP, WIDTH, bias=False)

    def forward(self, x, cos, sin, prefix, mask):
        n, count, _ = x.shape
        normed = self.input_layernorm(x)
        q = turn(self.q_proj(normed).view(n, count, HEADS, HEAD).transpose(1, 2), cos, sin)
        k = turn(self.k_proj(normed).view(n, count, KV_HEADS, HEAD).transpose(1, 2), cos, sin)
        v = self.v_proj(normed).view(n, count, KV_HEADS, HEAD).transpose(1, 2)
        k, v = (t.expand(-1, HEADS, -1, -1) for t in (k, v))
        clip = F.scaled_dot_product_attention(q[:, :, :prefix], k[:, :, :prefix], v[:, :, :prefix], is_causal=True)
        dialogues = F.scaled_dot_product_attention(q[:, :, prefix:], k, v, attn_mask=mask)
        seen = torch.cat([clip, dialogues], 2)
        x = x + self.o_proj(seen.transpose(1, 2).reshape(n, count, -1))
        normed = self.post_attention_layernorm(x)
        return x + self.down_proj(F.silu(self.gate_proj(normed)) * self.up_proj(normed))


class Language(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, WIDTH)
        nn.init.normal_(self.embed_tokens.weight, std=0.05)
        self.layers = nn.ModuleList(Layer() for _ in range(DEPTH))
        self.norm = nn.RMSNorm(WIDTH, EPSILON)
        for layer in self.layers:
            for matrix in (layer.o_proj, layer.down_proj):
                nn.init.normal_(matrix.weight, std=0.02)

    def forward(self, x, positions, prefix, mask, frozen=0):
        """Returns the hidden states of rows [n, tokens, WIDTH] after every layer and the final norm.

        The first `prefix` rows see all rows before them; mask [n, 1, tokens - prefix, tokens] says what the other rows see. The first `frozen` layers get no gradients.
        """
        cos, sin = rotary(positions)
        after = []
        for number, layer in enumerate(self.layers):
            with torch.set_grad_enabled(torch.is_grad_enabled() and number >= frozen):
                x = layer(x, cos, sin, prefix, mask)
            after.append(x)
        return after, self.norm(x)

    def logits(self, hidden):
        """Tied to the embeddings, as in the small Qwen2-VL."""
        return hidden @ self.embed_tokens.weight.T


def hugging_face_names(language):
    named = {}
    for key, value in language.state_dict().items():
        parts = key.split(".")
        if parts[0] == "layers" and parts[2].endswith("_proj"):
            group = "self_attn" if parts[2][0] in "qkvo" else "mlp"
            named[f"model.layers.{parts[1]}.{group}.{'.'.join(parts[2:])}"] = value
        else:
            named[f"model.{key}"] = value
    return named
