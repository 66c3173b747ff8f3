"""
Random tiny checkpoints of Tarsier 1, as folders that `tarsier models import` reads: CLIP's tower, LLaVA's projector or that of
Pixel_Shuffle, and a Llama or Qwen2 language model.

    python tarsier1_checkpoint.py OUT --case NAME --seed 7

Weights are scaled so that every layer matters and the logits spread (see random_checkpoint.py).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from sentencepiece import SentencePieceProcessor
from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from transformers import LlamaTokenizer

from converter_fixtures import added, train, write_json
from random_checkpoint import make_tokenizer, write_tokenizer

EXTRA = ["<image>", "<pad>", "<image_newline>", "<image_new>"]


@dataclass(frozen=True)
class Shape:
    """The properties in which checkpoints differ."""

    seed: int = 0
    tokenizer: str = "vicuna"  # "vicuna-newer", "yi", "qwen2"
    # The language model.
    width: int = 32
    head: int = 16
    heads: int = 2
    kv_heads: int = 2
    layers: int = 2
    intermediate: int = 48
    # The tower; `side` in pixels.
    side: int = 56
    patch: int = 14
    vision_head: int = 16
    vision_heads: int = 2
    vision_layers: int = 3
    vision_intermediate: int = 48
    projector: str = "MLP"  # or "Pixel_Shuffle"
    keys: str = "published"  # "newer": model.vision_tower.*, model.language_model.*; "transformers-5": without vision_model.
    dtype: str = "bfloat16"
    config: dict[str, object] = field(default_factory=dict)
    text_config: dict[str, object] = field(default_factory=dict)
    vision_config: dict[str, object] = field(default_factory=dict)
    preprocessor: dict[str, object] = field(default_factory=dict)


def sentencepiece_tokenizer(out: Path, prefix: bool, bos: bool, begin: str, end: str, legacy: bool = True) -> dict[str, int]:
    """
    Writes tokenizer.model and the tokenizer.json that transformers converts it to, with LLaVA's and Tarsier's tokens added. Older ones add a
    space before every text between special tokens, newer ones only before the first.
    """
    train(out / "tokenizer.model", prefix, vocab_size=360, bos_piece=begin, eos_piece=end)
    base = SentencePieceProcessor(model_file=str(out / "tokenizer.model")).vocab_size()
    ids = {content: base + i for i, content in enumerate(EXTRA)}
    tokenizer: Tokenizer = LlamaTokenizer.from_pretrained(out, bos_token=begin, eos_token=end).backend_tokenizer
    first = [normalizers.Prepend("▁")] if prefix else []
    tokenizer.normalizer = normalizers.Sequence([*first, normalizers.Replace(" ", "▁")])
    tokenizer.pre_tokenizer = None
    if not legacy:
        tokenizer.normalizer = None
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(content=" ", left=1, right=0)]
    )
    tokenizer.add_special_tokens([AddedToken(content, normalized=False, special=True) for content in ("<unk>", begin, end, *EXTRA)])
    if any(tokenizer.token_to_id(content) != i for content, i in ids.items()):
        raise SystemExit("the tokenizer has other tokens than its model")
    single, pair = (f"{begin} $A", f"{begin} $A {begin} $B") if bos else ("$A", "$A $B")
    tokenizer.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=[(begin, 1)])
    tokenizer.save(str(out / "tokenizer.json"))
    tokens = {0: "<unk>", 1: begin, 2: end} | {i: content for content, i in ids.items()}
    write_json(out / "tokenizer_config.json", {
        "add_bos_token": bos, "add_eos_token": False, "added_tokens_decoder": {str(i): added(content, True) for i, content in tokens.items()},
        "bos_token": begin, "eos_token": end, "pad_token": "<pad>", "unk_token": "<unk>", "legacy": legacy,
        "tokenizer_class": "LlamaTokenizer", "processor_class": "LlavaProcessor",
    })
    return ids


def qwen2_tokenizer(out: Path) -> dict[str, int]:
    tokenizer = make_tokenizer(60)
    tokenizer.add_special_tokens([AddedToken(content, normalized=False, special=True) for content in EXTRA])
    write_tokenizer(out, tokenizer)
    for name in ("vocab.json", "merges.txt"):
        (out / name).unlink()
    settings = json.loads((out / "tokenizer_config.json").read_text())
    ids = {content: tokenizer.token_to_id(content) for content in EXTRA}
    settings["added_tokens_decoder"] |= {str(i): added(content, True) for content, i in ids.items()}
    del settings["chat_template"]
    write_json(out / "tokenizer_config.json", settings)
    return ids


def make_tokenizer_files(out: Path, kind: str) -> dict[str, int]:
    if kind == "vicuna":
        return sentencepiece_tokenizer(out, True, True, "<s>", "</s>")
    if kind == "vicuna-newer":
        return sentencepiece_tokenizer(out, True, True, "<s>", "</s>", legacy=False)
    if kind == "yi":
        return sentencepiece_tokenizer(out, False, False, "<|startoftext|>", "<|endoftext|>")
    return qwen2_tokenizer(out)


def tensors(shape: Shape, vocabulary: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(shape.seed)
    made: dict[str, torch.Tensor] = {}

    def matrix(name: str, *size: int, gain: float = 1.2) -> None:
        made[name] = torch.randn(size, generator=generator) * gain / torch.Size(size[1:]).numel() ** 0.5

    def vector(name: str, size: int, offset: float = 0.0) -> None:
        made[name] = 0.2 * torch.randn(size, generator=generator) + offset

    def linear(name: str, rows: int, columns: int, gain: float = 1.2, bias: bool = True) -> None:
        matrix(f"{name}.weight", rows, columns, gain=gain)
        if bias:
            vector(f"{name}.bias", rows)

    def norm(name: str, size: int, bias: bool = True) -> None:
        vector(f"{name}.weight", size, 1.0)
        if bias:
            vector(f"{name}.bias", size)

    tower = {"published": "vision_tower.vision_model.", "newer": "model.vision_tower.vision_model.", "transformers-5": "vision_tower."}[shape.keys]
    wrapper = "model." if shape.keys == "newer" else ""
    body, head = ("model.language_model.", "lm_head") if shape.keys == "newer" else ("language_model.model.", "language_model.lm_head")
    channels, inner = shape.vision_head * shape.vision_heads, shape.vision_intermediate
    made[f"{tower}embeddings.class_embedding"] = torch.randn(channels, generator=generator)
    matrix(f"{tower}embeddings.patch_embedding.weight", channels, 3, shape.patch, shape.patch, gain=2.0)
    made[f"{tower}embeddings.position_embedding.weight"] = 0.5 * torch.randn((shape.side // shape.patch) ** 2 + 1, channels, generator=generator)
    norm(f"{tower}pre_layrnorm", channels)
    norm(f"{tower}post_layernorm", channels)
    for layer in range(shape.vision_layers):
        at = f"{tower}encoder.layers.{layer}."
        for part in ("q", "k", "v"):
            linear(f"{at}self_attn.{part}_proj", channels, channels, gain=1.2 if part == "v" else 2.0)
        linear(f"{at}self_attn.out_proj", channels, channels)
        norm(f"{at}layer_norm1", channels)
        norm(f"{at}layer_norm2", channels)
        linear(f"{at}mlp.fc1", inner, channels)
        linear(f"{at}mlp.fc2", channels, inner)
    if shape.projector == "MLP":
        linear(f"{wrapper}multi_modal_projector.linear_1", shape.width, channels, gain=2.0)
        linear(f"{wrapper}multi_modal_projector.linear_2", shape.width, shape.width, gain=2.0)
    else:
        norm(f"{wrapper}multi_modal_projector.mlp.0", 4 * channels)
        linear(f"{wrapper}multi_modal_projector.mlp.1", shape.width, 4 * channels, gain=2.0)
        linear(f"{wrapper}multi_modal_projector.mlp.3", shape.width, shape.width, gain=2.0)

    biases = shape.tokenizer == "qwen2"
    made[f"{body}embed_tokens.weight"] = torch.randn(vocabulary, shape.width, generator=generator) * (2.0 / shape.width**0.5)
    if not shape.text_config.get("tie_word_embeddings"):
        made[f"{head}.weight"] = torch.randn(vocabulary, shape.width, generator=generator) * (4.0 / shape.width**0.5)
    for layer in range(shape.layers):
        at = f"{body}layers.{layer}."
        linear(f"{at}self_attn.q_proj", shape.heads * shape.head, shape.width, gain=2.0, bias=biases)
        linear(f"{at}self_attn.k_proj", shape.kv_heads * shape.head, shape.width, gain=2.0, bias=biases)
        linear(f"{at}self_attn.v_proj", shape.kv_heads * shape.head, shape.width, bias=biases)
        linear(f"{at}self_attn.o_proj", shape.width, shape.heads * shape.head, bias=False)
        linear(f"{at}mlp.gate_proj", shape.intermediate, shape.width, bias=False)
        linear(f"{at}mlp.up_proj", shape.intermediate, shape.width, bias=False)
        linear(f"{at}mlp.down_proj", shape.width, shape.intermediate, bias=False)
        norm(f"{at}input_layernorm", shape.width, bias=False)
        norm(f"{at}post_attention_layernorm", shape.width, bias=False)
    norm(f"{body}norm", shape.width, bias=False)
    return {name: tensor.to(getattr(torch, shape.dtype)).contiguous() for name, tensor in made.items()}


def write_settings(out: Path, shape: Shape) -> int:
    """Writes all files except the weights; returns the number of rows of the embedding table."""
    out.mkdir(parents=True, exist_ok=True)
    ids = make_tokenizer_files(out, shape.tokenizer)
    vocabulary = max(ids.values()) + 5
    text = {
        "model_type": "qwen2" if shape.tokenizer == "qwen2" else "llama", "vocab_size": vocabulary, "hidden_size": shape.width,
        "intermediate_size": shape.intermediate, "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads, "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "torch_dtype": shape.dtype,
    }
    if shape.head * shape.heads != shape.width:
        text["head_dim"] = shape.head
    vision = {
        "model_type": "clip_vision_model", "hidden_size": shape.vision_head * shape.vision_heads, "image_size": shape.side,
        "intermediate_size": shape.vision_intermediate, "num_attention_heads": shape.vision_heads,
        "num_hidden_layers": shape.vision_layers, "patch_size": shape.patch, "projection_dim": 768, "vocab_size": 32000,
    }
    config = {
        "architectures": ["TarsierForConditionalGeneration"], "model_type": "llava", "ignore_index": -100,
        "image_token_index": ids["<image>"], "image_newline_idx": ids["<image_newline>"], "image_new_idx": ids["<image_new>"],
        "pad_token_id": ids["<pad>"], "projector_hidden_act": "gelu", "vision_feature_layer": -2,
        "vision_feature_select_strategy": "default", "torch_dtype": shape.dtype, "text_config": text | shape.text_config,
        "vision_config": vision | shape.vision_config,
    }
    config |= shape.config
    write_json(out / "config.json", {key: value for key, value in config.items() if value is not None})
    write_json(out / "preprocessor_config.json", {
        "crop_size": {"height": shape.side, "width": shape.side}, "do_center_crop": True, "do_convert_rgb": True, "do_normalize": True,
        "do_rescale": True, "do_resize": True, "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711], "image_processor_type": "CLIPImageProcessor", "resample": 3,
        "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": shape.side}, "processor_class": "LlavaProcessor",
    } | shape.preprocessor)
    return vocabulary


def write_weights(out: Path, shape: Shape, vocabulary: int) -> None:
    save_file(tensors(shape, vocabulary), out / "model.safetensors", metadata={"format": "pt"})


CASES = {
    # Tarsier-7b's form.
    "tarsier-heads-of-16": Shape(),
    # Tarsier-34b's: Yi's tokenizer, grouped heads; frames padded; another layer, by its number.
    "tarsier-grouped-heads-of-32": Shape(
        tokenizer="yi", head=32, kv_heads=1, layers=1, intermediate=64, side=28, patch=7, vision_head=32, vision_heads=1, keys="newer",
        dtype="float16", config={"do_image_padding": True, "vision_feature_layer": 2, "projection_head": "MLP"}, text_config={"rope_theta": 5e6},
    ),
    # Pixel_Shuffle before Qwen2, with the exact GELU; the whole tower.
    "tarsier-shuffled-heads-of-64": Shape(
        tokenizer="qwen2", width=64, head=64, heads=1, kv_heads=1, layers=1, intermediate=32, side=42, patch=7, vision_layers=2, vision_head=40,
        vision_heads=1, keys="transformers-5", projector="Pixel_Shuffle", vision_config={"hidden_act": "gelu"},
        config={"projection_head": "Pixel_Shuffle", "vision_feature_layer": -1},
        text_config={"rope_theta": 1e6, "tie_word_embeddings": True},
    ),
    # LLaVA itself: no separators, with the class token, cropped pictures; heads wider than the model, scaled positions, tied embeddings.
    "llava-heads-of-128": Shape(
        tokenizer="vicuna-newer",
        head=128, kv_heads=1, layers=1, intermediate=32, side=28, patch=7, vision_layers=2,
        config={
            "architectures": ["LlavaForConditionalGeneration"], "image_newline_idx": None, "image_new_idx": None,
            "vision_feature_select_strategy": "full",
        },
        text_config={"rope_scaling": {"type": "linear", "factor": 2.0}, "tie_word_embeddings": True},
        preprocessor={"size": {"shortest_edge": 33}},
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--case", choices=CASES, default="tarsier-heads-of-16")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    shape = replace(CASES[options.case], seed=options.seed)
    write_weights(options.out, shape, write_settings(options.out, shape))


if __name__ == "__main__":
    main()
