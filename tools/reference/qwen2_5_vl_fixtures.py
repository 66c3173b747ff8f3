"""
Writes `test/fixtures/qwen2-5-vl`: tiny random Qwen2.5-VL checkpoints and the results of the published code for clips and a picture.

    python qwen2_5_vl_fixtures.py [--out ../../test/fixtures/qwen2-5-vl]

Qwen2.5-VL was published with transformers 4.49.0 and qwen-vl-utils 0.0.10, which choose and resize frames and compute positions; other versions differ.
It also needs decord, av, torch, torchvision and Pillow. Seeds are searched so that greedy decoding gives no end token and no near tie.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from qwen_vl_utils import vision_process as published
from safetensors.torch import load_file, save_file
from torchvision import transforms
from torchvision.transforms import InterpolationMode
from transformers import AutoTokenizer, DynamicCache, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2VLImageProcessor

from frames import Clip, open_clip, read_frames
from random_checkpoint import SPECIALS, make_tokenizer, randomize, write_tokenizer
from traced_cases import greedy, write_clear_cases, write_clip

PARITY = "../../parity"


@dataclass(frozen=True)
class Shape:
    """The properties in which checkpoints differ. `whole` are the tower's layers without windows."""

    seed: int = 0
    head: int = 16
    heads: int = 2
    kv_heads: int = 1
    layers: int = 2
    intermediate: int = 64
    tied: bool = False
    vision_head: int = 16
    vision_heads: int = 2
    vision_depth: int = 3
    vision_intermediate: int = 44
    whole: tuple[int, ...] = (1,)
    window: int = 112
    tokens_per_second: int = 2
    keys: str = "published"  # or "newer": model.visual.* and model.language_model.*, with text_config

    @property
    def width(self) -> int:
        return self.head * self.heads

    @property
    def mrope(self) -> list[int]:
        half = self.head // 2
        t = half // 4
        h = (half - t) // 2
        return [t, h, half - t - h]


@dataclass(frozen=True)
class Case:
    """A question. `indices` are frames chosen one by one; otherwise `frames` is the greatest number of them."""

    checkpoint: str
    clip: str
    frames: int = 16
    indices: tuple[int, ...] | None = None
    max_pixels: int | None = None
    prompt: str = "Describe the video in detail."


CHECKPOINTS = {
    "tied-heads-of-16": Shape(tied=True),
    "grouped-heads-of-40": Shape(head=32, vision_head=40, vision_heads=1, vision_depth=2, whole=(0,), tokens_per_second=4, layers=1, window=56),
    "newer-keys-heads-of-8": Shape(head=64, heads=1, layers=1, vision_head=8, vision_heads=3, vision_depth=2, whole=(), keys="newer"),
}
CASES = {
    "by-rate": Case("tied-heads-of-16", f"{PARITY}/clips/odd.mp4"),
    # 8 slices, 5 positions apart, of 2 by 3 tokens: positions in time exceed rows and columns. A scale of 14/15, since one of 7/8 would put many bytes
    # halfway between two values, where rounding to 32 bits decides.
    "long": Case("tied-heads-of-16", "seconds.mp4", max_pixels=4704),
    "portrait": Case("grouped-heads-of-40", "portrait.mp4", frames=5, prompt="What is the person doing?\nIt's 12:30."),
    "uneven": Case("grouped-heads-of-40", f"{PARITY}/clips/vfr.mkv", frames=9, max_pixels=20000),
    "wide-odd": Case("newer-keys-heads-of-8", "wide.mp4", indices=(0, 3, 8, 9, 20), max_pixels=30000, prompt="Où est le café ?"),
    "picture": Case("newer-keys-heads-of-8", f"{PARITY}/pictures/tall.png", prompt="Describe the image in detail."),
}


def make_model(shape: Shape, tokenizer) -> Qwen2_5_VLForConditionalGeneration:
    ids = {text: tokenizer.token_to_id(text) for text in SPECIALS}
    config = Qwen2_5_VLConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=shape.width, intermediate_size=shape.intermediate, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads, rms_norm_eps=1e-6, rope_theta=1e6,
        rope_scaling={"type": "mrope", "mrope_section": shape.mrope}, bos_token_id=ids["<|endoftext|>"], eos_token_id=ids["<|im_end|>"],
        tie_word_embeddings=shape.tied, image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
        vision_config=dict(
            depth=shape.vision_depth, hidden_size=shape.vision_head * shape.vision_heads, num_heads=shape.vision_heads,
            intermediate_size=shape.vision_intermediate, out_hidden_size=shape.width, fullatt_block_indexes=list(shape.whole),
            window_size=shape.window, tokens_per_second=shape.tokens_per_second, in_chans=3, spatial_patch_size=14,
        ),
    )
    model = Qwen2_5_VLForConditionalGeneration(config)
    randomize(model, shape.seed, shape.width)
    return model.to(torch.bfloat16)


def write_checkpoint(out: Path, shape: Shape) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    tokenizer = make_tokenizer(60)
    write_tokenizer(out, tokenizer)
    for name in ("vocab.json", "merges.txt"):
        (out / name).unlink()
    make_model(shape, tokenizer).save_pretrained(out)
    (out / "generation_config.json").unlink(missing_ok=True)
    preprocessor = {
        "min_pixels": 3136, "max_pixels": 12845056, "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor",
    }
    (out / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    if shape.keys == "newer":
        to_newer(out)


def to_newer(out: Path) -> None:
    """The layout of transformers 5: other keys, and the language model's settings apart."""
    path = out / "model.safetensors"
    renamed = {re.sub(r"^model\.", "model.language_model.", re.sub(r"^visual\.", "model.visual.", key)): value for key, value in load_file(path).items()}
    renamed = {key.replace("model.language_model.visual.", "model.visual."): value for key, value in renamed.items()}
    save_file(renamed, path, metadata={"format": "pt"})
    config = json.loads((out / "config.json").read_text())
    outer = ("architectures", "model_type", "vision_config", "image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id", "tie_word_embeddings")
    text = {key: value for key, value in config.items() if key not in outer} | {"model_type": "qwen2_5_vl_text"}
    text["rope_parameters"] = {"rope_type": "default", "rope_theta": text.pop("rope_theta"), "mrope_section": text.pop("rope_scaling")["mrope_section"]}
    (out / "config.json").write_text(json.dumps({key: config[key] for key in outer if key in config} | {"text_config": text}))


class Reference:
    """A checkpoint in memory, and the published preprocessing."""

    def __init__(self, directory: Path, shape: Shape) -> None:
        self.processor = Qwen2VLImageProcessor.from_pretrained(directory)
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        published_form = directory
        if shape.keys == "newer":  # which transformers 4.49 cannot read
            published_form = directory.parent / f"{directory.name}.published"
            write_checkpoint(published_form, replace(shape, keys="published"))
        self.model = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            published_form, torch_dtype=torch.float32, attn_implementation="eager"
        ).eval()
        if published_form != directory:
            shutil.rmtree(published_form)
        self.ends = {self.tokenizer.convert_tokens_to_ids(text) for text in ("<|im_end|>", "<|endoftext|>")}

    def prepare(self, clip: Clip, case: Case):
        """The frames after `fetch_video` or `fetch_image`, their indices, and frames per second."""
        limits = {} if case.max_pixels is None else {"max_pixels": case.max_pixels, "min_pixels": 0}
        if clip.kind == "image":
            (still,) = read_frames(clip, [0])
            return np.asarray(published.fetch_image({"image": still, **limits}))[None], [0], None
        if case.indices:
            chosen = list(case.indices)
            rate = (len(chosen) - 1) / (clip.times[chosen[-1]] - clip.times[chosen[0]])
        else:
            count = published.smart_nframes({"max_frames": case.frames}, clip.count, clip.rate)
            chosen = torch.linspace(0, clip.count - 1, count).round().long().tolist()
            rate = count / max(clip.count, 1e-6) * clip.rate
        video = torch.stack([torch.from_numpy(np.asarray(frame).copy()).permute(2, 0, 1) for frame in read_frames(clip, chosen)])
        count, _, height, width = video.shape
        least = limits.get("min_pixels", published.VIDEO_MIN_PIXELS)
        share = published.VIDEO_TOTAL_PIXELS / count * published.FRAME_FACTOR
        most = max(min(published.VIDEO_MAX_PIXELS, share), int(least * 1.05))
        if case.max_pixels is not None:
            most = min(min(published.VIDEO_MAX_PIXELS, share), case.max_pixels)
        size = published.smart_resize(height, width, factor=28, min_pixels=least, max_pixels=most)
        resized = transforms.functional.resize(video, list(size), interpolation=InterpolationMode.BICUBIC, antialias=True)
        return resized.permute(0, 2, 3, 1).numpy(), chosen, rate

    def _step(self, inputs: torch.Tensor, positions: torch.Tensor, cache: DynamicCache) -> torch.Tensor:
        return self.model(inputs_embeds=inputs, position_ids=positions, past_key_values=cache, use_cache=True).logits[0, -1]

    @torch.inference_mode()
    def trace(self, clip_path: Path, case: Case):
        clip = open_clip(clip_path)
        frames, chosen, rate = self.prepare(clip, case)
        if rate is None:
            made = self.processor(images=[Image.fromarray(frames[0])], return_tensors="pt")
            pixels, grid = made["pixel_values"], made["image_grid_thw"]
        else:
            made = self.processor(images=None, videos=[torch.from_numpy(frames.copy()).permute(0, 3, 1, 2).float()], return_tensors="pt")
            pixels, grid = made["pixel_values_videos"], made["video_grid_thw"]
        embeddings = self.model.visual(pixels.float(), grid_thw=grid)
        kind, pad = ("image", "<|image_pad|>") if rate is None else ("video", "<|video_pad|>")
        pad_id = self.tokenizer.convert_tokens_to_ids(pad)
        message = {"role": "user", "content": [{"type": kind}, {"type": "text", "text": case.prompt}]}
        text = self.tokenizer.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
        tokens: list[int] = []
        for token in self.tokenizer(text, add_special_tokens=False)["input_ids"]:
            tokens.extend([token] * len(embeddings) if token == pad_id else [token])
        ids = torch.tensor([tokens])
        if rate is None:
            positions, _ = self.model.get_rope_index(ids, image_grid_thw=grid)
        else:
            seconds = torch.tensor([self.processor.temporal_patch_size / rate])
            positions, _ = self.model.get_rope_index(ids, video_grid_thw=grid, second_per_grid_ts=seconds)
        table = self.model.get_input_embeddings()
        inputs = table(ids).masked_scatter((ids == pad_id).unsqueeze(-1), embeddings)
        generated, logits, margin = greedy(self._step, inputs, positions, table, self.ends)
        trace = {
            "indices": chosen, "times": [clip.times[i] for i in chosen], "grid": grid[0].tolist(), "prompt": case.prompt,
            "tokens": [-1 if token == pad_id else token for token in tokens], "generated": generated,
            "text": self.tokenizer.decode(generated, skip_special_tokens=True), "margin": margin,
        }
        tensors = {"frames": frames, "embeddings": embeddings.numpy(), "positions": positions[:, 0].numpy().astype(np.int32), "logits": logits.numpy()}
        return trace, tensors


def checkpoint_with(directory: Path, shape: Shape) -> Reference:
    write_checkpoint(directory, shape)
    return Reference(directory, shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[2] / "test/fixtures/qwen2-5-vl")
    out = parser.parse_args().out
    (out / "clips").mkdir(parents=True, exist_ok=True)
    write_clip(out / "clips/seconds.mp4", 90, 60, 40, 2)
    # For Qwen3-VL's fixtures.
    write_clip(out / "clips/long.mp4", 96, 64, 40, 2)
    write_clip(out / "clips/portrait.mp4", 90, 250, 30, 25)
    write_clip(out / "clips/wide.mp4", 320, 60, 24, 12)
    for name, shape in CHECKPOINTS.items():
        cases = {key: case for key, case in CASES.items() if case.checkpoint == name}
        write_clear_cases(out, name, cases, lambda folder, seed: checkpoint_with(folder, replace(shape, seed=seed)))


if __name__ == "__main__":
    main()
