"""
Tarsier 1 in public Python: decord's frames, Pillow's resize, Hugging Face's CLIP, projector and language model in float32 with eager
attention, combined as in Tarsier's own code.

    python tarsier1_reference.py CHECKPOINT CLIP --out DIR [-p PROMPT] [--frames N] [--max-tokens N]

Writes `trace.json` and `tensors.safetensors` in the format of `tarsier trace`, for `compare.py`.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM, CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModel, DynamicCache, PreTrainedTokenizerFast

from frames import Clip, open_clip, read_frames
from preprocess import uniform
from reference import write

ROW_SEPARATOR, FRAME_SEPARATOR = 32002, 32003


class Reference:
    """A checkpoint in memory."""

    def __init__(self, directory: Path) -> None:
        self.config = json.loads((directory / "config.json").read_text())
        text, vision = dict(self.config["text_config"]), dict(self.config["vision_config"])
        weights = {name: tensor.float() for path in sorted(directory.glob("*.safetensors")) for name, tensor in load_file(path).items()}
        self.tower = CLIPVisionModel(CLIPVisionConfig(**vision, attn_implementation="eager"))
        language = AutoConfig.for_model(text.pop("model_type"), **text, attn_implementation="eager")
        self.language = AutoModelForCausalLM.from_config(language).float()
        self.projector = self._projector(vision["hidden_size"], text["hidden_size"])
        _load(self.tower, weights, ["model.vision_tower.vision_model.", "vision_tower.vision_model.", "model.vision_tower.", "vision_tower."])
        _load(self.projector, weights, ["model.multi_modal_projector.", "multi_modal_projector."])
        _load(self.language, weights, ["language_model."], {"model.language_model.": "model.", "lm_head.": "lm_head."})
        for module in (self.tower, self.projector, self.language):
            module.eval()
        settings = json.loads((directory / "preprocessor_config.json").read_text())
        self.processor = CLIPImageProcessorPil(**{key: value for key, value in settings.items() if not key.endswith(("_type", "_class"))})
        self.padding = self.config.get("do_image_padding", settings.get("do_pad", False))
        self.tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(directory / "tokenizer.json"))
        self.settings = json.loads((directory / "tokenizer_config.json").read_text())
        self.image = self.tokenizer.convert_tokens_to_ids("<image>")
        self.ends = {self.tokenizer.convert_tokens_to_ids(end) for end in ("</s>", "<|endoftext|>", "<|im_end|>", self.settings["eos_token"])}
        separated = "TarsierForConditionalGeneration" in self.config["architectures"] or "image_newline_idx" in self.config
        self.separators = (
            (self.config.get("image_newline_idx", ROW_SEPARATOR), self.config.get("image_new_idx", FRAME_SEPARATOR)) if separated else None
        )

    def _projector(self, channels: int, width: int) -> nn.Module:
        if self.config.get("projection_head", "MLP") == "MLP":
            return nn.ModuleDict({"linear_1": nn.Linear(channels, width), "linear_2": nn.Linear(width, width)})
        mlp = nn.Sequential(nn.LayerNorm(4 * channels), nn.Linear(4 * channels, width), nn.GELU(), nn.Linear(width, width))
        return nn.ModuleDict({"mlp": mlp})

    def project(self, features: torch.Tensor) -> torch.Tensor:
        if "mlp" not in self.projector:
            return self.projector["linear_2"](nn.functional.gelu(self.projector["linear_1"](features)))
        frames, patches, channels = features.shape
        side = int(patches**0.5)
        # Tarsier's two views and two permutations: two by two neighbours become adjacent, row by row.
        x = features.view(frames, side, side // 2, 2 * channels).permute(0, 2, 1, 3).contiguous()
        x = x.view(frames, side // 2, side // 2, 4 * channels).permute(0, 2, 1, 3).contiguous()
        return self.projector["mlp"](x.view(frames, -1, 4 * channels))

    def separate(self, rows: torch.Tensor) -> torch.Tensor:
        """Inserts the first token's embedding after every row of the grid, and the second's after every frame."""
        if self.separators is None:
            return rows
        frames, count, width = rows.shape
        side = int(count**0.5)
        line, frame = self.language.get_input_embeddings()(torch.tensor(self.separators))
        lines = torch.cat([rows.view(frames, side, side, width), line.expand(frames, side, 1, width)], dim=2)
        return torch.cat([lines.view(frames, -1, width), frame.expand(frames, 1, width)], dim=1)

    def embed(self, pixels: torch.Tensor) -> torch.Tensor:
        """[frames, rows, width]"""
        states = self.tower(pixels, output_hidden_states=True).hidden_states
        features = states[self.config["vision_feature_layer"]]
        if self.config["vision_feature_select_strategy"] == "default":
            features = features[:, 1:]
        return self.separate(self.project(features))

    def square(self, image: Image.Image) -> Image.Image:
        side = max(image.size)
        if not self.padding:
            return image if self.separators is None else image.resize((side, side))
        if image.width == image.height:
            return image
        padded = Image.new(image.mode, (side, side), tuple(int(x * 255) for x in self.processor.image_mean))
        padded.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
        return padded

    def tokens(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=True)

    def text(self, tokens: list[int]) -> str:
        """
        Like transformers, except for byte tokens that form no character: transformers treats a whole run of bytes as undecodable, which is
        impossible in a stream of single tokens.
        """
        if self.settings["tokenizer_class"] != "LlamaTokenizer":
            return self.tokenizer.decode(tokens, skip_special_tokens=True)
        out = b""
        special = {i for i, token in self.tokenizer.added_tokens_decoder.items() if token.special}
        for piece in self.tokenizer.convert_ids_to_tokens([token for token in tokens if token not in special]):
            byte = re.fullmatch("<0x([0-9A-F]{2})>", piece or "")
            out += bytes([int(byte[1], 16)]) if byte else (piece or "").replace("▁", " ").encode()
        return out.decode("utf-8", "replace").removeprefix(" ")

    def prompt(self, frames: int, question: str) -> str:
        return f"USER: {'<image>' * frames}\n{question} ASSISTANT:"

    def turns(self, frames: int, question: str) -> dict[str, object]:
        """The prompt of a conversation's second question, after an answer. -1 stands for the clip."""
        answer, second = "A man walks in.", "What is it? Ça va"
        end = "</s>" if self.tokenizer.convert_tokens_to_ids("</s>") is not None else "<|endoftext|>"
        text = f"{self.prompt(frames, question)} {answer}{end}USER: {second} ASSISTANT:"
        tokens = [-1 if token == self.image else token for token in self.tokens(text)]
        once = [token for i, token in enumerate(tokens) if token != -1 or tokens[i - 1] != -1]
        return {"question": question, "answer": answer, "second": second, "tokens": once}

    def expanded(self, tokens: list[int], rows: int) -> list[int]:
        return [one for token in tokens for one in ([-1] * rows if token == self.image else [token])]

    def images(self, clip: Clip, indices: list[int]) -> list[Image.Image]:
        return [self.square(image) for image in read_frames(clip, indices)]

    def inputs(self, tokens: list[int], embeddings: torch.Tensor) -> torch.Tensor:
        """The embeddings of a prompt with those of a clip, [frames, rows, width], in place of -1."""
        ids = torch.tensor([tokens])
        visual = (ids == -1).unsqueeze(-1)
        return self.language.get_input_embeddings()(ids.clamp(min=0)).masked_scatter(visual, embeddings.reshape(-1, embeddings.shape[2]))

    @torch.inference_mode()
    def trace(self, clip_path: Path, prompt: str, frames: int, max_tokens: int):
        clip = open_clip(clip_path)
        chosen = uniform(clip.count, frames)
        images = self.images(clip, chosen)
        pixels = self.processor(images=images, return_tensors="pt")["pixel_values"]
        shown = self.processor(images=images, return_tensors="np", do_rescale=False, do_normalize=False)["pixel_values"]
        embeddings = self.embed(pixels)
        tokens = self.expanded(self.tokens(self.prompt(len(chosen), prompt)), embeddings.shape[1])
        inputs = self.inputs(tokens, embeddings)
        generated, first, margins = self._greedy(inputs, max_tokens)
        patch = self.config["vision_config"]["patch_size"]
        trace = {
            "clip": clip_path.name,
            "indices": chosen,
            "times": [clip.times[i] for i in chosen],
            "grid": [len(chosen), pixels.shape[2] // patch, pixels.shape[3] // patch],
            "prompt": prompt,
            "tokens": tokens,
            "generated": generated,
            "text": self.text(generated),
            "device": {"vision": "torch", "language": "torch"},
            "margin": min(margins),
        }
        tensors = {
            "frames": np.ascontiguousarray(shown.transpose(0, 2, 3, 1)).astype(np.uint8),
            "embeddings": embeddings.reshape(-1, embeddings.shape[2]).numpy(),
            "positions": np.tile(np.arange(len(tokens), dtype=np.int32), (3, 1)),
            "logits": first.numpy(),
        }
        return trace, tensors

    def _greedy(self, inputs: torch.Tensor, max_tokens: int):
        cache = DynamicCache(config=self.language.config)
        generated: list[int] = []
        margins: list[float] = []
        first = None
        while len(generated) < max_tokens:
            logits = self.language(inputs_embeds=inputs, past_key_values=cache, use_cache=True).logits[0, -1]
            first = logits if first is None else first
            best = logits.topk(2)
            margins.append(float(best.values[0] - best.values[1]))
            token = int(best.indices[0])
            if token in self.ends:
                break
            generated.append(token)
            inputs = self.language.get_input_embeddings()(torch.tensor([[token]]))
        return generated, first, margins


def _load(module: nn.Module, weights: dict[str, torch.Tensor], prefixes: list[str], renamed: dict[str, str] | None = None) -> None:
    """Loads every tensor of a part in any key layout; missing and unused tensors are errors."""
    own: dict[str, torch.Tensor] = {}
    for prefix in prefixes:
        own = {name[len(prefix) :]: tensor for name, tensor in weights.items() if name.startswith(prefix)}
        if own:
            break
    if not own:
        own = {new + name[len(old) :]: tensor for old, new in (renamed or {}).items() for name, tensor in weights.items() if name.startswith(old)}
    missing, unexpected = module.load_state_dict(own, strict=False)
    tied = {"lm_head.weight"} if module.__class__.__name__.endswith("ForCausalLM") and module.config.tie_word_embeddings else set()
    if set(missing) - tied or unexpected:
        raise SystemExit(f"missing {missing}, unexpected {unexpected}")
    if tied:
        module.tie_weights()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("-p", "--prompt", default="Describe the video in detail.")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--max-tokens", type=int, default=32)
    options = parser.parse_args()
    trace, tensors = Reference(options.checkpoint).trace(options.clip, options.prompt, options.frames, options.max_tokens)
    write(options.out, trace, tensors)
    print(f"{len(trace['tokens'])} prompt tokens, grid {trace['grid']}, least margin {trace['margin']:.4f}: {trace['text']!r}")


if __name__ == "__main__":
    main()
