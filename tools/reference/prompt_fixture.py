"""Writes test/fixtures/language/prompts.json: Hugging Face's tokens of tricky prompts with the vocabulary of the tiny model.

Needs transformers, tokenizers and gguf (for language_fixture). Usage: python tools/reference/prompt_fixture.py [OUT]

The tokenizer is Qwen2's: NFC, its pre-tokenizer's pattern, byte-level BPE, control tokens are split off first. The template is
Qwen2-VL's.
"""

import json
import sys
from pathlib import Path

from language_fixture import MERGES, SPECIAL, byte_characters
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEMPLATE = (
    "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n{% else %}"
    "{% for content in message['content'] %}{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "{% set image_count.value = image_count.value + 1 %}{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% elif content['type'] == 'video' or 'video' in content %}"
    "{% set video_count.value = video_count.value + 1 %}{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}"
    "<|vision_start|><|video_pad|><|vision_end|>{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}"
    "<|im_end|>\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXTS = [
    "Describe the video in detail.",
    "",
    " the leading space",
    "   the and three",
    "\n\nthe after newlines",
    " \n the mixed",
    "\ttab and\ttab",
    "ends with newlines\n\n",
    "ends with spaces   ",
    "\r\nWindows\r\n",
    "1234567 and 3.14 or 1,000",
    "It's the dog's; THEY'LL and we'Ve",
    "视频里有什么？请描述。",
    "何が見えますか\n説明して",
    "🎬👩‍👩‍👧 the 🇩🇪",
    "e\u0301 cafe\u0301 \u1112\u1161\u11ab",
    "a < b > c | <| not |>",
    "{{ messages }} {% if %} \\n",
    "\u00a0no-break\u2003em \u200bzero",
    "don't ... !!! \n\n  \n the",
    "Ⅷ ½ ٣ १२",
    "\U000f0000\U000f0001 private \ue000",
]


def tokenizer() -> PreTrainedTokenizerFast:
    tokens = byte_characters() + [merge.replace(" ", "") for merge in MERGES]
    bpe = models.BPE({token: i for i, token in enumerate(tokens)}, [tuple(merge.split(" ")) for merge in MERGES])
    made = Tokenizer(bpe)
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PATTERN), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL])
    return PreTrainedTokenizerFast(tokenizer_object=made, chat_template=TEMPLATE)


def main() -> None:
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "test/fixtures/language/prompts.json"
    made = tokenizer()
    cases = []
    for i, text in enumerate(TEXTS):
        words = {"type": "text", "text": text}
        video = {"type": "video"}
        for messages in (
            [{"role": "user", "content": [words]}],
            [{"role": "user", "content": [video, words]}],
            [
                {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
                {"role": "user", "content": [video, {"type": "text", "text": TEXTS[i - 1]}]},
                {"role": "assistant", "content": [{"type": "text", "text": "The and."}]},
                {"role": "user", "content": [words]},
            ],
        ):
            rendered = made.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            cases.append({"messages": messages, "tokens": made(rendered, add_special_tokens=False)["input_ids"]})
    plain = [{"text": text, "tokens": made(text, add_special_tokens=False)["input_ids"]} for text in TEXTS]
    out.write_text(json.dumps({"template": TEMPLATE, "videoPad": "<|video_pad|>", "texts": plain, "prompts": cases}, ensure_ascii=True) + "\n")


main()
