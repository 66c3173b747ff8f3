"""
Tarsier2 in public Python: decord's frames, Pillow's resize, Hugging Face's Qwen2-VL in float32 with eager attention.

    python reference.py CHECKPOINT CLIP --out DIR [-p PROMPT] [--frames N] [--sampler uniform|middle] [--max-tokens N]

Writes `trace.json` and `tensors.safetensors` in the format of `tarsier trace`, for `compare.py`.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import AutoTokenizer, DynamicCache, Qwen2VLForConditionalGeneration

from frames import Clip, open_clip, read_frames
from preprocess import Prepared, load_processor, middle, prepare, uniform


class Reference:
    """A checkpoint in memory."""

    def __init__(self, directory: Path) -> None:
        self.processor = load_processor(directory)
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        if self.tokenizer.chat_template is None and (directory / "chat_template.json").exists():
            self.tokenizer.chat_template = json.loads((directory / "chat_template.json").read_text())["chat_template"]
        self.model = Qwen2VLForConditionalGeneration.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager").eval()
        config = self.model.config
        self.pads = {config.image_token_id, config.video_token_id}
        self.ends = _ends(self.model, self.tokenizer)

    def prompt_tokens(self, prompt: str, rows: int) -> list[int]:
        """Renders the checkpoint's template for one question, with one pad per row of the clip."""
        message = {"role": "user", "content": [{"type": "video"}, {"type": "text", "text": prompt}]}
        text = self.tokenizer.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
        tokens: list[int] = []
        for token in self.tokenizer(text, add_special_tokens=False)["input_ids"]:
            tokens.extend([token] * rows if token in self.pads else [token])
        return tokens

    def positions(self, tokens: list[int], grid: tuple[int, int, int]) -> np.ndarray:
        """
        [3, tokens], as Qwen2-VL was released and as Tarsier2 was trained: text continues after the largest position of
        the clip in any of its three planes. transformers 5 counts only rows and columns, so that the text after a
        clip with more frames than rows and columns would share positions with its frames.
        """
        merge = self.model.config.vision_config.spatial_merge_size
        t, h, w = grid[0], grid[1] // merge, grid[2] // merge
        columns: list[tuple[int, int, int]] = []
        at, i = 0, 0
        while i < len(tokens):
            if tokens[i] not in self.pads:
                columns.append((at, at, at))
                at, i = at + 1, i + 1
                continue
            columns.extend((at + a, at + b, at + c) for a in range(t) for b in range(h) for c in range(w))
            at, i = at + max(t, h, w), i + t * h * w
        positions = np.array(columns, dtype=np.int32).T
        if t <= max(h, w) and not np.array_equal(positions, self._rope_index(tokens, grid)):
            raise SystemExit("these positions are not transformers' own")
        return positions

    def _rope_index(self, tokens: list[int], grid: tuple[int, int, int]) -> np.ndarray:
        """transformers' positions, which are equal if a clip has no more frames than rows or columns."""
        ids = torch.tensor([tokens])
        video = torch.tensor([[2 if token in self.pads else 0 for token in tokens]])
        positions, _ = self.model.model.get_rope_index(ids, video, video_grid_thw=torch.tensor([grid]))
        return positions[:, 0].numpy().astype(np.int32)

    @torch.inference_mode()
    def look(self, clip: Clip, indices: list[int], max_pixels: int | None = None) -> tuple[Prepared, torch.Tensor]:
        """The prepared frames, and their embeddings, frame by frame."""
        prepared = prepare(read_frames(clip, indices), self.processor, max_pixels)
        return prepared, self.model.model.visual(torch.from_numpy(prepared.pixels), grid_thw=torch.tensor([prepared.grid])).pooler_output

    def inputs(self, tokens: list[int], embeddings: torch.Tensor) -> torch.Tensor:
        """The embeddings of a prompt with those of a clip in place of its pads."""
        ids = torch.tensor([tokens])
        visual = torch.isin(ids, torch.tensor(sorted(self.pads)))
        return self.model.get_input_embeddings()(ids).masked_scatter(visual.unsqueeze(-1), embeddings)

    @torch.inference_mode()
    def trace(self, clip_path: Path, prompt: str, indices: list[int] | None, frames: int, sampler: str, max_tokens: int, max_pixels: int | None = None):
        clip = open_clip(clip_path)
        chosen = indices or (uniform if sampler == "uniform" else middle)(clip.count, frames)
        prepared, embeddings = self.look(clip, chosen, max_pixels)
        tokens = self.prompt_tokens(prompt, embeddings.shape[0])
        positions = self.positions(tokens, prepared.grid)
        inputs = self.inputs(tokens, embeddings)
        generated, first, margins = self._greedy(inputs, torch.from_numpy(positions).long().unsqueeze(1), max_tokens)
        trace = {
            "clip": clip_path.name,
            "indices": chosen,
            "times": [clip.times[i] for i in chosen],
            "grid": list(prepared.grid),
            "prompt": prompt,
            "tokens": [-1 if token in self.pads else token for token in tokens],
            "generated": generated,
            "text": self.tokenizer.decode(generated, skip_special_tokens=True),
            "device": {"vision": "torch", "language": "torch"},
            "margin": min(margins),
        }
        tensors = {"frames": prepared.frames, "embeddings": embeddings.numpy(), "positions": positions, "logits": first.numpy()}
        return trace, tensors

    def _greedy(self, inputs: torch.Tensor, positions: torch.Tensor, max_tokens: int):
        cache = DynamicCache(config=self.model.config.text_config)
        generated: list[int] = []
        margins: list[float] = []
        first = None
        while len(generated) < max_tokens:
            hidden = self.model.model.language_model(inputs_embeds=inputs, position_ids=positions, cache=cache, use_cache=True).last_hidden_state
            logits = self.model.lm_head(hidden[0, -1])
            first = logits if first is None else first
            best = logits.topk(2)
            margins.append(float(best.values[0] - best.values[1]))
            token = int(best.indices[0])
            if token in self.ends:
                break
            generated.append(token)
            inputs = self.model.get_input_embeddings()(torch.tensor([[token]]))
            positions = positions[:, :, -1:] .amax(0, keepdim=True).expand(3, -1, -1) + 1
        return generated, first, margins


def _ends(model, tokenizer) -> set[int]:
    ends: set[int] = set()
    for value in (model.generation_config.eos_token_id, tokenizer.eos_token_id, *tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])):
        ends.update(value if isinstance(value, list) else [] if value is None else [value])
    return ends


def write(out: Path, trace: dict, tensors: dict[str, np.ndarray]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, out / "tensors.safetensors")
    (out / "trace.json").write_text(json.dumps(trace, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("-p", "--prompt", default="Describe the video in detail.")
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--sampler", choices=["uniform", "middle"], default="uniform")
    parser.add_argument("--indices", type=lambda text: [int(i) for i in text.split(",")])
    parser.add_argument("--max-tokens", type=int, default=24)
    parser.add_argument("--max-pixels", type=int)
    options = parser.parse_args()
    reference = Reference(options.checkpoint)
    trace, tensors = reference.trace(
        options.clip, options.prompt, options.indices, options.frames, options.sampler, options.max_tokens, options.max_pixels
    )
    write(options.out, trace, tensors)
    print(f"{len(trace['tokens'])} prompt tokens, grid {trace['grid']}, least margin {trace['margin']:.4f}: {trace['text']!r}")


if __name__ == "__main__":
    main()
