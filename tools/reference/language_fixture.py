"""Writes test/fixtures/language/tiny-qwen2vl.gguf: a random Qwen2-VL language model small enough to live in the repository.

Needs numpy and gguf. Usage: python tools/reference/language_fixture.py [OUT]

Everything is f32 and generated from a fixed seed. The vocabulary contains all 256 bytes, a few merges, and Qwen2-VL's special
tokens under their own names, so that any text can be tokenized. The width, head size and grouped heads are tiny but have the real
structure: M-RoPE sections add up to half a head.
"""

import sys
from pathlib import Path

import numpy as np
from gguf import GGUFWriter, TokenType

WIDTH, LAYERS, HEADS, KV_HEADS, HEAD, FORWARD, CONTEXT = 64, 2, 4, 2, 16, 96, 2048
SECTIONS = [2, 3, 3, 0]
MERGES = ["t h", "th e", "Ġ the", "Ġ a", "i n", "in g", "e r", "o u", "r e", "Ġ s", "a n", "an d", "Ġ and"]
SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]


def byte_characters() -> list[str]:
    """The printable characters that byte-level BPE uses for the 256 bytes, in byte order."""
    keep = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    spare = 0
    out = []
    for byte in range(256):
        if byte in keep:
            out.append(chr(byte))
        else:
            out.append(chr(256 + spare))
            spare += 1
    return out


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "test/fixtures/language/tiny-qwen2vl.gguf"
    random = np.random.default_rng(20240917)
    plain = byte_characters() + [merge.replace(" ", "") for merge in MERGES]
    tokens = plain + SPECIAL
    types = [TokenType.NORMAL] * len(plain) + [TokenType.CONTROL] * len(SPECIAL)

    writer = GGUFWriter(out, "qwen2vl")
    writer.add_name("tiny random qwen2vl")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_sections(SECTIONS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_file_type(0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(MERGES)
    writer.add_eos_token_id(tokens.index("<|im_end|>"))
    writer.add_pad_token_id(tokens.index("<|endoftext|>"))
    writer.add_bos_token_id(tokens.index("<|endoftext|>"))
    writer.add_add_bos_token(False)

    def matrix(name: str, rows: int, columns: int, scale: float | None = None) -> None:
        scale = scale if scale is not None else 1.5 / np.sqrt(columns)
        writer.add_tensor(name, (random.standard_normal((rows, columns)) * scale).astype(np.float32))

    def vector(name: str, length: int, around: float, scale: float) -> None:
        writer.add_tensor(name, (around + random.standard_normal(length) * scale).astype(np.float32))

    matrix("token_embd.weight", len(tokens), WIDTH, 1.0)
    vector("output_norm.weight", WIDTH, 1.0, 0.1)
    matrix("output.weight", len(tokens), WIDTH, 0.5)
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        vector(f"{block}.attn_norm.weight", WIDTH, 1.0, 0.1)
        for part, heads in (("q", HEADS), ("k", KV_HEADS), ("v", KV_HEADS)):
            matrix(f"{block}.attn_{part}.weight", heads * HEAD, WIDTH)
            vector(f"{block}.attn_{part}.bias", heads * HEAD, 0.0, 0.1)
        matrix(f"{block}.attn_output.weight", WIDTH, HEADS * HEAD)
        vector(f"{block}.ffn_norm.weight", WIDTH, 1.0, 0.1)
        matrix(f"{block}.ffn_gate.weight", FORWARD, WIDTH)
        matrix(f"{block}.ffn_up.weight", FORWARD, WIDTH)
        matrix(f"{block}.ffn_down.weight", WIDTH, FORWARD)

    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
