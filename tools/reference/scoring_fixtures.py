"""
Writes `test/fixtures/parity/scores.json`: log probabilities of given answers with the clips and checkpoints of make_fixtures.py and
tarsier1_fixtures.py, after each frame of the clip and without it. Every prefix is evaluated by itself, as a clip of so many frames.

    python scoring_fixtures.py [--fixtures ../../test/fixtures/parity]
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

import tarsier1_reference
from frames import open_clip
from preprocess import middle, uniform
from reference import Reference

TEXT = "A man walks in, and then he sits down. It's 12:30 at the café."


def log_probabilities(logits: torch.Tensor, answer: list[int]) -> list[float]:
    """@param logits [tokens, vocabulary], of which the last before the answer predicts its first token"""
    before = logits[-len(answer) - 1 : -1].log_softmax(-1)
    return [round(float(row[token]), 6) for row, token in zip(before, answer, strict=True)]


class Tarsier2:
    def __init__(self, directory: Path) -> None:
        self.reference = Reference(directory)
        self.answer = self.reference.tokenizer(TEXT, add_special_tokens=False)["input_ids"]

    def look(self, clip_path: Path, frames: int, sampler: str) -> list[torch.Tensor]:
        clip = open_clip(clip_path)
        prepared, embeddings = self.reference.look(clip, (uniform if sampler == "uniform" else middle)(clip.count, frames))
        self.grid = prepared.grid
        return list(embeddings.view(prepared.grid[0], -1, embeddings.shape[-1]))

    def score(self, prompt: str, frames: list[torch.Tensor]) -> list[float]:
        reference = self.reference
        if frames:
            tokens = reference.prompt_tokens(prompt, sum(len(frame) for frame in frames)) + self.answer
            positions = reference.positions(tokens, (len(frames), *self.grid[1:]))
            inputs = reference.inputs(tokens, torch.cat(frames))
        else:
            message = {"role": "user", "content": [{"type": "text", "text": prompt}]}
            text = reference.tokenizer.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
            tokens = reference.tokenizer(text, add_special_tokens=False)["input_ids"] + self.answer
            positions = torch.arange(len(tokens)).expand(3, -1).numpy()
            inputs = reference.model.get_input_embeddings()(torch.tensor([tokens]))
        places = torch.from_numpy(positions.copy()).long().unsqueeze(1)
        hidden = reference.model.model.language_model(inputs_embeds=inputs, position_ids=places).last_hidden_state
        return log_probabilities(reference.model.lm_head(hidden[0]), self.answer)


class Tarsier1:
    def __init__(self, directory: Path) -> None:
        self.reference = tarsier1_reference.Reference(directory)

    def look(self, clip_path: Path, frames: int, sampler: str) -> list[torch.Tensor]:
        clip = open_clip(clip_path)
        images = self.reference.images(clip, uniform(clip.count, frames))
        return list(self.reference.embed(self.reference.processor(images=images, return_tensors="pt")["pixel_values"]))

    def score(self, prompt: str, frames: list[torch.Tensor]) -> list[float]:
        reference = self.reference
        asked = reference.prompt(len(frames), prompt) if frames else f"USER: {prompt} ASSISTANT:"
        before, tokens = reference.tokens(asked), reference.tokens(f"{asked} {TEXT}")
        if tokens[: len(before)] != before:
            raise SystemExit("the answer changes the tokens of the prompt")
        self.answer = tokens[len(before) :]
        rows = len(frames[0]) if frames else 0
        inputs = reference.inputs(reference.expanded(tokens, rows), torch.stack(frames) if frames else torch.zeros(0, 0, 1))
        return log_probabilities(reference.language(inputs_embeds=inputs).logits[0], self.answer)


@torch.inference_mode()
def scores(model: Tarsier1 | Tarsier2, clip: Path, arguments: dict) -> dict:
    frames = model.look(clip, arguments["frames"], arguments["sampler"])
    after = [model.score(arguments["prompt"], frames[: count + 1]) for count in range(len(frames))]
    without = model.score(arguments["prompt"], [])
    return {"tokens": model.answer, "after": after, "without": without}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fixtures", type=Path, default=Path(__file__).parents[2] / "test/fixtures/parity")
    folder = parser.parse_args().fixtures
    lines = []
    for path in sorted((folder / "expected").glob("*-heads-of-*.json")):
        arguments, directory = json.loads(path.read_text()), folder / "checkpoints" / path.stem
        family = Tarsier1 if json.loads((directory / "config.json").read_text())["model_type"] == "llava" else Tarsier2
        found = scores(family(directory), folder / "clips" / arguments["clip"], arguments)
        lines.append(f"{json.dumps(path.stem)}: {json.dumps(found)}")
        print(f"{path.stem}: {len(found['after'])} prefixes, {len(found['tokens'])} tokens")
    body = ",\n".join(lines)
    (folder / "scores.json").write_text(f'{{"text": {json.dumps(TEXT)}, "models": {{\n{body}\n}}}}\n')


if __name__ == "__main__":
    main()
