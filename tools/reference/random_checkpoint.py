"""
Random tiny Qwen2-VL checkpoints, as folders that transformers (and `tarsier models import`) reads.

    python random_checkpoint.py OUT --seed 7 [--head 32 --heads 2 --kv-heads 1 --layers 2 --tied --vision-head 16 ...]

Weights are scaled so that every layer matters and the logits spread. With a standard initialization, a wrong
position or a missing bias would hardly change the result.
"""

from __future__ import annotations

import argparse
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

PRETOKENIZER = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIALS = (
    "<|endoftext|> <|im_start|> <|im_end|> <|object_ref_start|> <|object_ref_end|> <|box_start|> <|box_end|> "
    "<|quad_start|> <|quad_end|> <|vision_start|> <|vision_end|> <|vision_pad|> <|image_pad|> <|video_pad|>"
).split()
# Qwen2-VL's chat template, for messages whose content is a list of parts.
TEMPLATE = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' or 'image' in part or 'image_url' in part %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif part['type'] == 'video' or 'video' in part %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CORPUS = """You are a helpful assistant. Describe the video in detail. What is the person doing? A man walks into the room,
picks up a cup and then leaves; the camera pans to the left. How many people are there? The red circle moves right and then up.
What colour is it? First, she opens the door. I don't know, it's raining. They're 12 of 345 frames, 6789 pixels."""


@dataclass(frozen=True)
class Shape:
    """The properties in which checkpoints differ."""

    seed: int = 0
    head: int = 32
    heads: int = 2
    kv_heads: int = 1
    layers: int = 2
    intermediate: int = 96
    sections: tuple[int, int, int] | None = None
    theta: float = 1e6
    eps: float = 1e-6
    tied: bool = False
    vision_head: int = 16
    vision_heads: int = 2
    vision_depth: int = 2
    vision_ratio: int = 2
    words: int = 60
    padding: int = 0
    dtype: str = "bfloat16"
    keys: str = "published"  # or "newer": model.visual.* and model.language_model.*
    config: str = "flat"  # or "nested", as transformers 5 writes it
    shards: int = 1
    min_pixels: int = 3136
    max_pixels: int = 12845056
    extra: dict[str, object] = field(default_factory=dict)

    @property
    def width(self) -> int:
        return self.head * self.heads

    @property
    def mrope(self) -> list[int]:
        half = self.head // 2
        if self.sections:
            return list(self.sections)
        t = half // 4
        h = (half - t) // 2
        return [t, h, half - t - h]


def make_tokenizer(words: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PRETOKENIZER), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=256 + words, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), min_frequency=1, show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS.splitlines(), trainer)
    tokenizer.add_special_tokens([AddedToken(text, normalized=False, special=True) for text in SPECIALS])
    return tokenizer


def write_tokenizer(out: Path, tokenizer: Tokenizer) -> None:
    """Writes the files of published checkpoints."""
    tokenizer.save(str(out / "tokenizer.json"))
    model = json.loads(tokenizer.to_str())["model"]
    (out / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False))
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    (out / "merges.txt").write_text("\n".join(["#version: 0.2", *merges]) + "\n")
    added = {
        str(tokenizer.token_to_id(text)): {
            "content": text, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True
        }
        for text in SPECIALS
    }
    settings = {
        "add_prefix_space": False, "added_tokens_decoder": added, "additional_special_tokens": SPECIALS[1:], "bos_token": None,
        "chat_template": TEMPLATE, "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>", "errors": "replace",
        "model_max_length": 32768, "pad_token": "<|endoftext|>", "split_special_tokens": False, "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    (out / "tokenizer_config.json").write_text(json.dumps(settings, indent=2))


def randomize(model: torch.nn.Module, seed: int, width: int) -> None:
    """Gives every parameter random values whose scale suits its purpose. `width` is that of the language model."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name or "ln_q" in name:
                parameter.copy_(0.2 * noise + (1.0 if name.endswith("weight") else 0.0))
            elif name.endswith("bias"):
                parameter.copy_(0.2 * noise)
            elif "embed_tokens" in name or "lm_head" in name:
                parameter.copy_(noise * (2.0 / width**0.5))
            else:
                gain = 2.0 if any(part in name for part in ("q_proj", "k_proj", "qkv", "merger")) else 1.2
                parameter.copy_(noise * gain / parameter[0].numel() ** 0.5)


def make_model(shape: Shape, tokenizer: Tokenizer) -> Qwen2VLForConditionalGeneration:
    ids = {text: tokenizer.token_to_id(text) for text in SPECIALS}
    config = Qwen2VLConfig(
        text_config=dict(
            vocab_size=tokenizer.get_vocab_size() + shape.padding, hidden_size=shape.width, intermediate_size=shape.intermediate,
            num_hidden_layers=shape.layers, num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads, rms_norm_eps=shape.eps,
            rope_parameters=dict(rope_type="default", rope_theta=shape.theta, mrope_section=shape.mrope),
            bos_token_id=ids["<|endoftext|>"], eos_token_id=ids["<|im_end|>"], tie_word_embeddings=shape.tied,
        ),
        vision_config=dict(
            depth=shape.vision_depth, embed_dim=shape.vision_head * shape.vision_heads, hidden_size=shape.width,
            num_heads=shape.vision_heads, mlp_ratio=shape.vision_ratio,
        ),
        tie_word_embeddings=shape.tied,
        image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
    )
    model = Qwen2VLForConditionalGeneration(config)
    randomize(model, shape.seed, shape.width)
    model.generation_config.eos_token_id = [ids["<|im_end|>"], ids["<|endoftext|>"]]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    model.generation_config.bos_token_id = ids["<|endoftext|>"]
    return model.to(getattr(torch, shape.dtype))


def write_checkpoint(out: Path, shape: Shape) -> None:
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer(shape.words)
    write_tokenizer(out, tokenizer)
    model = make_model(shape, tokenizer)
    total = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    model.save_pretrained(out, max_shard_size="5GB" if shape.shards == 1 else -(-total // shape.shards))
    if shape.keys == "newer":
        _rename_keys(out)
    if shape.config == "flat":
        _flatten_config(out / "config.json")
    preprocessor = {
        "min_pixels": shape.min_pixels, "max_pixels": shape.max_pixels, "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2VLProcessor",
    }
    (out / "preprocessor_config.json").write_text(json.dumps(preprocessor | shape.extra, indent=2))


def _rename_keys(out: Path) -> None:
    def renamed(key: str) -> str:
        if key.startswith("visual."):
            return f"model.{key}"
        return re.sub(r"^model\.", "model.language_model.", key)

    for path in out.glob("*.safetensors"):
        save_file({renamed(key): value for key, value in load_file(path).items()}, path, metadata={"format": "pt"})
    index = out / "model.safetensors.index.json"
    if index.exists():
        content = json.loads(index.read_text())
        content["weight_map"] = {renamed(key): value for key, value in content["weight_map"].items()}
        index.write_text(json.dumps(content, indent=2))


def _flatten_config(path: Path) -> None:
    """The form of published checkpoints: the language model's settings at the top level, the rotary ones separate."""
    config = json.loads(path.read_text())
    text = config.pop("text_config")
    rope = text.pop("rope_parameters")
    for key in ("model_type", "layer_types", "dtype"):
        text.pop(key, None)
    vision = config["vision_config"]
    vision.pop("rope_parameters", None)
    vision["model_type"] = "qwen2_vl"
    vision["in_chans"] = vision.pop("in_channels", 3)
    vision["spatial_patch_size"] = vision["patch_size"]
    dtype = config.pop("dtype", None)
    flat = text | config | {
        "rope_theta": rope["rope_theta"], "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]}, "torch_dtype": dtype
    }
    path.write_text(json.dumps(flat, indent=2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for name, default in vars(Shape()).items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(default, bool):
            parser.add_argument(flag, action="store_true")
        elif name == "sections":
            parser.add_argument(flag, type=lambda text: tuple(int(part) for part in text.split(",")))
        elif name != "extra":
            parser.add_argument(flag, type=type(default), default=default)
    options = vars(parser.parse_args())
    out = options.pop("out")
    write_checkpoint(out, Shape(**options))


if __name__ == "__main__":
    main()
