"""Writes test/fixtures/converted/variants.json: transformers' tokens of texts where a tokenizer's files contradict each other.

    python tokenizer_variants.py [OUT]

Each variant changes tokenizer.json and tokenizer_config.json of a checkpoint in test/fixtures/converted, and adds vicuna's
tokenizer.model (another vocabulary, with BOS and a leading space). Needs transformers.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from transformers import AutoTokenizer

FIXTURES = Path(__file__).parents[2] / "test/fixtures/converted"
TEXTS = ["What is it?", " leading", "  two", "a", "", "Où est le café ?", "\n\nlines\n", "It</s>ends", "one</s> two</s>\nthree"]
METASPACE = {"type": "Metaspace", "replacement": "▁", "split": False}
REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
SPACES = {
    "prefixed": dict(normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, REPLACE]}, pre_tokenizer=None),
    "bare": dict(normalizer=REPLACE, pre_tokenizer=None),
    "first": dict(normalizer=None, pre_tokenizer=METASPACE | {"prepend_scheme": "first"}),
    "never": dict(normalizer=None, pre_tokenizer=METASPACE | {"prepend_scheme": "never"}),
}


def template(ids: dict[str, int], before: str | None, after: str | None) -> dict[str, object]:
    def special(text: str | None) -> list[object]:
        return [] if text is None else [{"SpecialToken": {"id": text, "type_id": 0}}]

    both = [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}]
    names = [text for text in (before, after) if text]
    return {
        "type": "TemplateProcessing", "single": special(before) + both[:1] + special(after), "pair": both,
        "special_tokens": {text: {"id": text, "ids": [ids[text]], "tokens": [text]} for text in names},
    }


def variants() -> list[dict[str, object]]:
    llama = {"<s>": 1, "</s>": 2}
    made = [
        ("json-only", f"{spaces}, {before or 'nothing'} to {after or 'nothing'}", change | dict(post_processor=template(llama, before, after)), settings)
        for spaces, change, before, after, settings in (
            ("prefixed", SPACES["prefixed"], None, None, dict(add_bos_token=True)),
            ("bare", SPACES["bare"], "<s>", None, dict(add_bos_token=False, add_prefix_space=True)),
            ("first", SPACES["first"], "<s>", "</s>", {}),
            ("never", SPACES["never"], None, None, dict(add_prefix_space=True, legacy=True)),
            ("first", SPACES["first"], None, None, {}),
        )
    ]
    made.append(("json-only", "no post-processor", SPACES["prefixed"] | dict(post_processor=None), dict(add_bos_token=True)))
    tokenizer = json.loads((FIXTURES / "qwen2/tokenizer.json").read_text())
    ids = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    end = json.loads((FIXTURES / "qwen2/tokenizer_config.json").read_text())["eos_token"]
    end = end if isinstance(end, str) else end["content"]
    begin = next(text for text in ids if text != end)
    for before, after in ((None, None), (begin, None), (begin, end)):
        change = dict(post_processor=template(ids, before, after))
        made.append(("qwen2", f"{before or 'nothing'} to {after or 'nothing'}", change, dict(add_bos_token=True)))
    sequence = {"type": "Sequence", "processors": [tokenizer["post_processor"], template(ids, begin, None)]}
    made.append(("qwen2", "in a sequence", dict(post_processor=sequence), {}))
    return [dict(base=base, name=name, tokenizer=change, settings=settings) for base, name, change, settings in made]


def encode(variant: dict, folder: Path) -> list[dict[str, object]]:
    source = FIXTURES / str(variant["base"])
    for name in ("tokenizer.json", "tokenizer_config.json"):
        value = json.loads((source / name).read_text())
        value.update(variant["tokenizer"] if name == "tokenizer.json" else variant["settings"])
        (folder / name).write_text(json.dumps(value))
    if variant["base"] == "json-only":
        shutil.copy(FIXTURES / "vicuna/tokenizer.model", folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "llava", "text_config": {"model_type": "llama"}, "vision_config": {"model_type": "clip_vision_model"}}))
    tokenizer = AutoTokenizer.from_pretrained(folder)
    end = tokenizer.eos_token
    texts = [text.replace("</s>", end) for text in TEXTS]
    return [{"pieces": text.split(end), "tokens": tokenizer(text)["input_ids"]} for text in texts]


def main(out: Path) -> None:
    made = []
    for variant in variants():
        with tempfile.TemporaryDirectory() as folder:
            made.append(variant | {"texts": encode(variant, Path(folder))})
    out.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES / "variants.json")
