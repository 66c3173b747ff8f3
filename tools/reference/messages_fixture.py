"""
Adds transformers' results for whole conversations to `test/fixtures/parity`: system messages, text around pictures, several pictures of
several sizes in one message and in several, and a clip among them.

    python messages_fixture.py [--out ../../test/fixtures/parity] [--checkpoint tied-heads-of-16]

Needs the clips and checkpoints that make_fixtures.py wrote. A question is varied until no greedy token is a near tie.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save_file

from frames import open_clip, read_frames
from fixture_files import LEAST_MARGIN, picture
from preprocess import prepare, uniform
from reference import Reference

TOKENS = 24
SIZES = {"wide.png": (140, 56), "tall.png": (61, 119), "square.png": (84, 84)}
IMAGE, VIDEO = 1, 2


def text(words: str) -> dict:
    return {"type": "text", "text": words}


def image(name: str) -> dict:
    return {"type": "image", "image": name}


def video(name: str, frames: int) -> dict:
    return {"type": "video", "video": name, "frames": frames}


def conversations(question: str) -> dict[str, list[dict]]:
    return {
        "pictures-in-a-message": [
            {"role": "system", "content": [text("You compare pictures.")]},
            {"role": "user", "content": [text("The first: "), image("wide.png"), text("the second: "), image("tall.png"), image("square.png"), text(question)]},
        ],
        "pictures-over-turns": [
            {"role": "user", "content": [image("tall.png"), text("What is it?")]},
            {"role": "assistant", "content": [text("A man walks in.")]},
            {"role": "user", "content": [text("And these?"), image("wide.png"), image("tall.png")]},
            {"role": "assistant", "content": [text("Two men, and then a cup.")]},
            {"role": "user", "content": [text(question)]},
        ],
        "pictures-beside-a-clip": [
            {"role": "system", "content": [text("Be brief.\n")]},
            {"role": "user", "content": [image("square.png"), video("odd.mp4", 3), text(" "), image("wide.png"), text(question)]},
        ],
    }


class Conversations:
    def __init__(self, reference: Reference, out: Path) -> None:
        self.reference = reference
        self.out = out

    def shown(self, part: dict) -> tuple[torch.Tensor, tuple[int, int, int], list[int]]:
        """Returns pixels, grid and frame numbers of a picture or clip."""
        if part["type"] == "image":
            images, indices = [Image.open(self.out / "pictures" / part["image"]).convert("RGB")], [0]
        else:
            clip = open_clip(self.out / "clips" / part["video"])
            indices = uniform(clip.count, part["frames"])
            images = read_frames(clip, indices)
        prepared = prepare(images, self.reference.processor)
        return torch.from_numpy(prepared.pixels), prepared.grid, indices

    @torch.inference_mode()
    def expected(self, messages: list[dict]) -> tuple[dict, dict]:
        reference = self.reference
        model, config = reference.model, reference.model.config
        parts = [part for message in messages for part in message["content"] if part["type"] != "text"]
        seen = [self.shown(part) for part in parts]
        merge = config.vision_config.spatial_merge_size**2
        prompt = reference.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        tokens: list[int] = []
        left = iter(seen)
        for token in reference.tokenizer(prompt, add_special_tokens=False)["input_ids"]:
            # One pad per row, like transformers' processor.
            tokens += [token] * (int(np.prod(next(left)[1])) // merge) if token in reference.pads else [token]
        ids = torch.tensor([tokens])
        types = torch.where(ids == config.image_token_id, IMAGE, torch.where(ids == config.video_token_id, VIDEO, 0))
        given: dict[str, torch.Tensor] = {}
        for kind, pixels, grids in (("image", "pixel_values", "image_grid_thw"), ("video", "pixel_values_videos", "video_grid_thw")):
            own = [one for part, one in zip(parts, seen) if part["type"] == kind]
            if own:
                given |= {pixels: torch.cat([one[0] for one in own]), grids: torch.tensor([one[1] for one in own])}
        grids = {name: grid for name, grid in given.items() if name.endswith("thw")}
        positions, _ = model.model.get_rope_index(ids, types, **grids)
        embeddings = torch.cat([model.model.visual(pixels, grid_thw=torch.tensor([grid])).pooler_output for pixels, grid, _ in seen])
        visual = torch.isin(ids, torch.tensor(sorted(reference.pads)))
        inputs = model.get_input_embeddings()(ids).masked_scatter(visual.unsqueeze(-1), embeddings)
        generated, first, margins = reference._greedy(inputs, positions, TOKENS)
        # The same in one call, including pixels.
        whole = model(input_ids=ids, mm_token_type_ids=types, **given).logits[0, -1]
        if float((whole - first).abs().max()) > 1e-3:
            raise SystemExit("stage by stage is not what transformers makes of it in one call")
        told = {
            "messages": messages,
            "clips": [{"indices": indices, "grid": list(grid)} for _, grid, indices in seen],
            "tokens": [-1 if token in reference.pads else token for token in tokens],
            "generated": generated,
            "text": reference.tokenizer.decode(generated, skip_special_tokens=True),
            "margin": min(margins),
        }
        return told, {"positions": positions[:, 0].numpy().astype(np.int32), "embeddings": embeddings.numpy(), "logits": first.numpy()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[2] / "test/fixtures/parity")
    parser.add_argument("--checkpoint", default="tied-heads-of-16")
    options = parser.parse_args()
    pictures = options.out / "pictures"
    pictures.mkdir(exist_ok=True)
    for i, (name, (width, height)) in enumerate(SIZES.items()):
        Image.fromarray(picture(11 * i, width, height)).save(pictures / name)
    made = Conversations(Reference(options.out / "checkpoints" / options.checkpoint), options.out)
    for name in conversations(""):
        for i in range(400):
            told, tensors = made.expected(conversations(f"What is the man doing in {i + 1} frames?")[name])
            if len(told["generated"]) == TOKENS and told["margin"] >= LEAST_MARGIN and len(set(told["generated"])) >= 8:
                break
        else:
            raise SystemExit(f"no question gives {name} a clear answer")
        (options.out / "expected" / f"{name}.json").write_text(json.dumps(told | {"checkpoint": options.checkpoint}) + "\n")
        save_file({key: np.ascontiguousarray(value) for key, value in tensors.items()}, options.out / "expected" / f"{name}.safetensors")
        print(f"{name}: {len(told['tokens'])} prompt tokens, margin {told['margin']:.3f}, {told['text']!r}")


if __name__ == "__main__":
    main()
