"""
Writes `test/fixtures/qwen3-vl`: tiny random Qwen3-VL checkpoints and the results of the published code for clips and a picture.

    python qwen3_vl_fixtures.py [--out ../../test/fixtures/qwen3-vl]

Qwen3-VL was published with transformers 4.57, whose processors choose and resize frames and write their times into the prompt. It also needs decord, av,
torch, torchvision and Pillow. Clips are those of Qwen2.5-VL's fixtures. Seeds are searched so that greedy decoding gives no end token and no near tie.
"""

from __future__ import annotations

import argparse
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torchvision.transforms.v2 import functional
from torchvision.transforms.v2 import InterpolationMode
from transformers import AutoTokenizer, DynamicCache, Qwen2VLImageProcessorFast, Qwen3VLConfig, Qwen3VLForConditionalGeneration
from transformers import Qwen3VLProcessor, Qwen3VLVideoProcessor
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize
from transformers.models.qwen3_vl.video_processing_qwen3_vl import smart_resize as smart_resize_clip
from transformers.video_utils import VideoMetadata

from frames import Clip, open_clip, read_frames
from media_fixtures import RESIZES, digest, noise
from random_checkpoint import SPECIALS, make_tokenizer, randomize, write_tokenizer
from traced_cases import greedy, write_clear_cases

CLIPS = "../../qwen2-5-vl/clips"
PARITY = "../../parity"
FACTOR = 32
# As the published template for messages whose content is a list of parts: without a system message of its own.
TEMPLATE = (
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' }}"
    "{%- if message.content is string %}{{- message.content }}{%- else %}{%- for content in message.content %}"
    "{%- if content.type == 'image' or 'image' in content or 'image_url' in content %}<|vision_start|><|image_pad|><|vision_end|>"
    "{%- elif content.type == 'video' or 'video' in content %}<|vision_start|><|video_pad|><|vision_end|>"
    "{%- elif 'text' in content %}{{- content.text }}{%- endif %}{%- endfor %}{%- endif %}{{- '<|im_end|>\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)


@dataclass(frozen=True)
class Shape:
    """The properties in which checkpoints differ. `deepstack` are the tower's layers with a merger of their own."""

    seed: int = 0
    width: int = 32
    head: int = 16
    heads: int = 2
    kv_heads: int = 1
    layers: int = 3
    intermediate: int = 64
    sections: tuple[int, int, int] = (3, 3, 2)
    theta: float = 1e6
    tied: bool = False
    vision_head: int = 16
    vision_heads: int = 2
    vision_depth: int = 3
    vision_intermediate: int = 72
    side: int = 6
    deepstack: tuple[int, ...] = (0, 1)
    clip_pixels: tuple[int, int] = (4096, 25165824)


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
    # Heads together wider than the model, as in the 4B model, and positions enlarged.
    "wide-heads-of-64": Shape(head=64, sections=(12, 10, 10), theta=5e6, layers=2, vision_head=40, vision_heads=1, vision_depth=2, deepstack=(1,), side=4),
    "three-deepstack-heads-of-8": Shape(layers=4, kv_heads=2, vision_head=8, vision_heads=3, deepstack=(0, 1, 2), side=12, clip_pixels=(4096, 40000)),
}
CASES = {
    "by-rate": Case("tied-heads-of-16", f"{PARITY}/clips/odd.mp4", max_pixels=9000),
    "many-seconds": Case("tied-heads-of-16", f"{CLIPS}/long.mp4", frames=15, max_pixels=2048),
    # 8 slices of 2 by 3 tokens.
    "more-slices": Case("tied-heads-of-16", f"{CLIPS}/long.mp4", frames=15, prompt="What happens in the video?"),
    "portrait": Case("wide-heads-of-64", f"{CLIPS}/portrait.mp4", frames=5, prompt="What is the person doing?\nIt's 12:30."),
    "wide-odd": Case("wide-heads-of-64", f"{CLIPS}/wide.mp4", indices=(0, 3, 8, 9, 20), max_pixels=30000, prompt="Où est le café ?"),
    "shrunk": Case("three-deepstack-heads-of-8", f"{CLIPS}/long.mp4", frames=7),
    "picture": Case("three-deepstack-heads-of-8", f"{PARITY}/pictures/tall.png", prompt="Describe the image in detail."),
}


def make_model(shape: Shape, tokenizer) -> Qwen3VLForConditionalGeneration:
    ids = {text: tokenizer.token_to_id(text) for text in SPECIALS}
    config = Qwen3VLConfig(
        text_config=dict(
            vocab_size=tokenizer.get_vocab_size(), hidden_size=shape.width, intermediate_size=shape.intermediate, num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads, num_key_value_heads=shape.kv_heads, head_dim=shape.head, rms_norm_eps=1e-6, rope_theta=shape.theta,
            rope_scaling={"rope_type": "default", "mrope_interleaved": True, "mrope_section": list(shape.sections)},
            max_position_embeddings=262144, bos_token_id=ids["<|endoftext|>"], eos_token_id=ids["<|im_end|>"], tie_word_embeddings=shape.tied,
        ),
        vision_config=dict(
            depth=shape.vision_depth, hidden_size=shape.vision_head * shape.vision_heads, num_heads=shape.vision_heads,
            intermediate_size=shape.vision_intermediate, out_hidden_size=shape.width, num_position_embeddings=shape.side**2,
            deepstack_visual_indexes=list(shape.deepstack),
        ),
        tie_word_embeddings=shape.tied, image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
    )
    model = Qwen3VLForConditionalGeneration(config)
    randomize(model, shape.seed, shape.width)
    return model.to(torch.bfloat16)


def write_checkpoint(out: Path, shape: Shape) -> None:
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    tokenizer = make_tokenizer(60)
    write_tokenizer(out, tokenizer)
    for name in ("vocab.json", "merges.txt"):
        (out / name).unlink()
    settings = json.loads((out / "tokenizer_config.json").read_text()) | {"chat_template": TEMPLATE}
    (out / "tokenizer_config.json").write_text(json.dumps(settings))
    make_model(shape, tokenizer).save_pretrained(out)
    (out / "generation_config.json").unlink(missing_ok=True)
    patches = {
        "patch_size": 16, "temporal_patch_size": 2, "merge_size": 2, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
        "processor_class": "Qwen3VLProcessor",
    }
    picture = {"size": {"longest_edge": 16777216, "shortest_edge": 4096}, "image_processor_type": "Qwen2VLImageProcessorFast"}
    least, most = shape.clip_pixels
    clip = {"size": {"longest_edge": most, "shortest_edge": least}, "video_processor_type": "Qwen3VLVideoProcessor"}
    (out / "preprocessor_config.json").write_text(json.dumps(patches | picture))
    (out / "video_preprocessor_config.json").write_text(json.dumps(patches | clip))


class Reference:
    """A checkpoint in memory with its processors."""

    def __init__(self, directory: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        self.clips = Qwen3VLVideoProcessor.from_pretrained(directory)
        self.pictures = Qwen2VLImageProcessorFast.from_pretrained(directory)
        self.processor = Qwen3VLProcessor(self.pictures, self.tokenizer, self.clips, chat_template=self.tokenizer.chat_template)
        self.model = Qwen3VLForConditionalGeneration.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval()
        self.ends = {self.tokenizer.convert_tokens_to_ids(text) for text in ("<|im_end|>", "<|endoftext|>")}
        self.deepstack: list[torch.Tensor] = []
        self.places = torch.zeros(1, 1, dtype=torch.bool)

    def prepare(self, clip: Clip, case: Case):
        """The resized frames [frames, 3, height, width], the indices, and the inputs for the model."""
        kind = "image" if clip.kind == "image" else "video"
        message = {"role": "user", "content": [{"type": kind}, {"type": "text", "text": case.prompt}]}
        text = self.processor.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
        metadata = VideoMetadata(total_num_frames=clip.count, fps=clip.rate, frames_indices=None)
        if kind == "image":
            chosen = [0]
        elif case.indices:
            chosen = list(case.indices)
        else:
            self.clips.max_frames = case.frames
            chosen = self.clips.sample_frames(metadata).tolist()
        read = read_frames(clip, chosen)
        frames = torch.stack([torch.from_numpy(np.asarray(frame).copy()).permute(2, 0, 1) for frame in read])
        height, width = frames.shape[2:]
        limits = self.pictures.size if kind == "image" else self.clips.size
        size = smart_resize_clip(
            len(chosen), height, width, factor=FACTOR, min_pixels=limits["shortest_edge"], max_pixels=limits["longest_edge"]
        ) if kind == "video" else smart_resize(height, width, FACTOR, limits["shortest_edge"], limits["longest_edge"])
        if case.max_pixels is not None and size[0] * size[1] > case.max_pixels:
            size = smart_resize(height, width, FACTOR, 0, case.max_pixels)
        resized = functional.resize(frames, list(size), interpolation=InterpolationMode.BICUBIC, antialias=True)
        given = frames if case.max_pixels is None else resized
        options = {"text": [text], "return_tensors": "pt", "do_resize": case.max_pixels is None}
        if kind == "image":
            return resized, chosen, self.processor(images=list(given), **options)
        metadata.frames_indices = list(chosen)
        made = self.processor(videos=[given], video_metadata=[metadata], do_sample_frames=False, **options)
        return resized, chosen, made

    def _step(self, inputs: torch.Tensor, positions: torch.Tensor, cache: DynamicCache) -> torch.Tensor:
        first = cache.get_seq_length() == 0
        extra = {"visual_pos_masks": self.places, "deepstack_visual_embeds": self.deepstack} if first else {}
        hidden = self.model.model.language_model(
            inputs_embeds=inputs, position_ids=positions, past_key_values=cache, use_cache=True, **extra
        ).last_hidden_state
        return self.model.lm_head(hidden)[0, -1]

    @torch.inference_mode()
    def trace(self, clip_path: Path, case: Case):
        clip = open_clip(clip_path)
        frames, chosen, made = self.prepare(clip, case)
        ending = "" if clip.kind == "image" else "_videos"
        grid = made["image_grid_thw" if clip.kind == "image" else "video_grid_thw"]
        rows, self.deepstack = self.model.model.visual(made[f"pixel_values{ending}"], grid_thw=grid)
        ids = made["input_ids"]
        pad = self.tokenizer.convert_tokens_to_ids("<|image_pad|>" if clip.kind == "image" else "<|video_pad|>")
        self.places = ids == pad
        named = {"image_grid_thw": grid} if clip.kind == "image" else {"video_grid_thw": grid}
        positions, _ = self.model.model.get_rope_index(ids, **named)
        table = self.model.get_input_embeddings()
        inputs = table(ids).masked_scatter(self.places.unsqueeze(-1), rows)
        generated, logits, margin = greedy(self._step, inputs, positions, table, self.ends)
        trace = {
            "indices": chosen, "times": [clip.times[i] for i in chosen], "grid": grid[0].tolist(), "prompt": case.prompt,
            "tokens": [-1 if token == pad else token for token in ids[0].tolist()], "generated": generated,
            "text": self.tokenizer.decode(generated, skip_special_tokens=True), "margin": margin,
        }
        tensors = {
            "frames": frames.permute(0, 2, 3, 1).numpy(), "embeddings": torch.cat([rows, *self.deepstack], dim=1).numpy(),
            "positions": positions[:, 0].numpy().astype(np.int32), "logits": logits.numpy(),
        }
        return trace, tensors


def checkpoint_with(directory: Path, shape: Shape) -> Reference:
    write_checkpoint(directory, shape)
    return Reference(directory)


def resizes() -> list[dict]:
    rows = []
    for seed, (source, target) in enumerate(RESIZES):
        pixels = np.frombuffer(noise(source[0] * source[1] * 3, seed), dtype=np.uint8).reshape(source[1], source[0], 3)
        tensor = torch.from_numpy(pixels.copy()).permute(2, 0, 1)
        resized = functional.resize(tensor, [target[1], target[0]], interpolation=InterpolationMode.BICUBIC, antialias=True)
        rows.append({"from": source, "to": target, "seed": seed, "sha256": digest(np.ascontiguousarray(resized.permute(1, 2, 0)).tobytes())})
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[2] / "test/fixtures/qwen3-vl")
    out = parser.parse_args().out
    (out / "resizes.json").write_text(json.dumps(resizes()) + "\n")
    # Clips lie beside those of other families, and their paths start here.
    (out / "clips").mkdir(parents=True, exist_ok=True)
    for name, shape in CHECKPOINTS.items():
        cases = {key: case for key, case in CASES.items() if case.checkpoint == name}
        write_clear_cases(out, name, cases, lambda folder, seed: checkpoint_with(folder, replace(shape, seed=seed)))
    (out / "clips").rmdir()


if __name__ == "__main__":
    main()
