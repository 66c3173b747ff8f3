"""
Writes `test/fixtures/converted`: tiny random checkpoints with Llama language models, the output of llama.cpp's own converter
for them and for the Qwen2-VL checkpoints in `test/fixtures/parity`, and the tokens of the reference tokenizers for difficult texts.

    python converter_fixtures.py --llama-cpp DIR [--out ../../test/fixtures/converted]

DIR is llama.cpp's source at the release that node-llama-cpp builds: `git clone node_modules/node-llama-cpp/llama/gitRelease.bundle DIR`.
Needs torch, transformers, tokenizers, sentencepiece and safetensors. SentencePiece's trainer and the converter run unmodified; only
names, values and checksums of the converter's files are stored.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
import torch
from safetensors.torch import save_file
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, normalizers, processors
from transformers import LlamaTokenizer, PreTrainedTokenizerFast

from random_checkpoint import make_tokenizer, write_tokenizer

FIXTURES = Path(__file__).parents[2] / "test/fixtures"
WORDS = """A chat between a curious user and an artificial intelligence assistant. Describe the video in detail.
USER: What is the person doing? ASSISTANT: A man walks into the room, picks up a cup and then leaves; the camera pans to the left.
How many people are there? The red circle moves right and then up, 12 of 345 frames, 6789 pixels.
    def main():  return  {"a": [1, 2], "b": None}
First, she opens the door. I don't know, it's raining. They're talking at the table.  The end.
Où est le café ? Der Hund läuft über die Straße. Мужчина идёт по улице. 视频里有一个人在走路。何が見えますか。
<section><span><strong>a</strong> | b_c</span></section> <style>x</style>
"""
TEXTS = [
    "", "a", " ", "  ", "Describe the video in detail.", " leading space", "   three leading", "runs  of   spaces    and     more",
    "ends with spaces   ", "\n", "\n\n\nafter newlines", " \n mixed \t\n", "\ttab and\ttab\t\t", "\r\nWindows\r\n",
    "USER: <image>\nWhat is it? ASSISTANT:", "</s>", "a<s>b</s>c <s>", "<s>the beginning</s> and the end<unk>", "the<image>the", "<image_newline><image_new>",
    "<|im_start|>system\nObey<|im_end|>", "<|endoftext|>", "<0x0A> and <0xFF>", "[PAD450] [PAD451]", "<pad>",
    "1234567 and 3.14 or 1,000", "2024-11-25T08:30:00Z", "It's the dog's; THEY'LL and we'Ve", "Ⅷ ½ ٣ १२ ²",
    "视频里有什么？请描述。", "何が見えますか\n説明して", "한국어 \u1112\u1161\u11ab", "🎬👩‍👩‍👧 the 🇩🇪 👍🏽 ❤️", "😶‍🌫️🚀🚀🚀",
    "e\u0301 cafe\u0301 café", "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334", "שלום עולם", "مرحبا بالعالم \u202bRTL\u202c", "नमस्ते दुनिया",
    "a < b > c | <| not |>", "{{ messages }} {% if %} \\n", "\u00a0no-break\u2003em \u200bzero\ufeff", "\u2581literal \u2581 marks\u2581",
    "don't ... !!! \n\n  \n the", "\U000f0000\U000f0001 private \ue000", "\x00\x01\x7f control \x1b[0m", "\ufffd replaced",
    "pneumonoultramicroscopicsilicovolcanoconiosis" * 3, "a" * 200, "the" * 60, "aaa bbb aaaa  aaaaa", "=====-----_____*****",
    "    def main():\n        return None\n", "A man walks into the room, picks up a cup and then leaves.",
]
VICUNA_ADDED = {"<image>": 0, "<pad>": 1, "<image_newline>": 2, "<image_new>": 3}


@dataclass(frozen=True)
class Shape:
    """A language model's size, and where its layers are in the checkpoint."""

    body: str
    head: str | None
    width: int = 16
    forward: int = 24
    heads: int = 2
    kv_heads: int = 2
    head_size: int = 8
    layers: int = 1
    biases: bool = False
    dtype: torch.dtype = torch.bfloat16


def train(path: Path, dummy_prefix: bool, **options: object) -> None:
    """Trains a `tokenizer.model` like Llama's: BPE, no normalization, single digits, byte fallback."""
    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder) / "words.txt"
        words.write_text(WORDS)
        sentencepiece.SentencePieceTrainer.train(
            input=str(words), model_prefix=str(Path(folder) / "made"), model_type="bpe", byte_fallback=True, split_digits=True,
            normalization_rule_name="identity", remove_extra_whitespaces=False, allow_whitespace_only_pieces=True,
            add_dummy_prefix=dummy_prefix, character_coverage=0.99, num_threads=1, minloglevel=2, **options,
        )
        shutil.copy(Path(folder) / "made.model", path)


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def write_weights(out: Path, shape: Shape, vocabulary: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)

    def noise(*size: int) -> torch.Tensor:
        return torch.randn(size, generator=generator).to(shape.dtype)

    queries, keys = shape.heads * shape.head_size, shape.kv_heads * shape.head_size
    tensors = {f"{shape.body}embed_tokens.weight": noise(vocabulary, shape.width), f"{shape.body}norm.weight": noise(shape.width)}
    if shape.head:
        tensors[shape.head] = noise(vocabulary, shape.width)
    for layer in range(shape.layers):
        at = f"{shape.body}layers.{layer}."
        tensors[f"{at}input_layernorm.weight"] = noise(shape.width)
        tensors[f"{at}post_attention_layernorm.weight"] = noise(shape.width)
        for part, rows in (("q", queries), ("k", keys), ("v", keys)):
            tensors[f"{at}self_attn.{part}_proj.weight"] = noise(rows, shape.width)
            if shape.biases:
                tensors[f"{at}self_attn.{part}_proj.bias"] = noise(rows)
        tensors[f"{at}self_attn.o_proj.weight"] = noise(shape.width, queries)
        tensors[f"{at}mlp.gate_proj.weight"] = noise(shape.forward, shape.width)
        tensors[f"{at}mlp.up_proj.weight"] = noise(shape.forward, shape.width)
        tensors[f"{at}mlp.down_proj.weight"] = noise(shape.width, shape.forward)
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})


def text_config(shape: Shape, vocabulary: int, model_type: str, **more: object) -> dict[str, object]:
    return {
        "model_type": model_type, "hidden_size": shape.width, "intermediate_size": shape.forward, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads, "max_position_embeddings": 4096,
        "vocab_size": vocabulary, "rms_norm_eps": 1e-5, "hidden_act": "silu", "tie_word_embeddings": False,
    } | more


def wrapper(text: dict[str, object], **more: object) -> dict[str, object]:
    """Writes the settings as in the files of llava-hf and Tarsier."""
    return {
        "model_type": "llava", "architectures": ["LlavaForConditionalGeneration"], "text_config": text, "ignore_index": -100,
        "vision_config": {"model_type": "clip_vision_model"},
    } | more


def added(content: str, special: bool) -> dict[str, object]:
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": special}


def vicuna(out: Path) -> None:
    """Tarsier-7b's form: Vicuna's tokenizer.model, added tokens, and an embedding table beyond both."""
    train(out / "tokenizer.model", True, vocab_size=490, user_defined_symbols=["<sep>"])
    base = sentencepiece.SentencePieceProcessor(model_file=str(out / "tokenizer.model")).vocab_size()
    ids = {content: base + place for content, place in VICUNA_ADDED.items()}
    write_json(out / "added_tokens.json", ids)
    decoder = {str(i): added(content, True) for i, content in enumerate(("<unk>", "<s>", "</s>"))}
    decoder |= {str(i): added(content, content != "<image_new>") for content, i in ids.items() if content != "<image_newline>"}
    write_json(out / "tokenizer_config.json", {
        "add_bos_token": True, "add_eos_token": False, "added_tokens_decoder": decoder, "bos_token": "<s>", "eos_token": "</s>",
        "legacy": True, "pad_token": "<pad>", "sp_model_kwargs": {}, "tokenizer_class": "LlamaTokenizer", "unk_token": "<unk>",
        "model_max_length": 4096, "padding_side": "right",
    })
    write_json(out / "special_tokens_map.json", {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"})
    shape, vocabulary = Shape("language_model.model.", "language_model.lm_head.weight", layers=2), base + 8
    text = text_config(shape, vocabulary, "llama", bos_token_id=1, eos_token_id=2)
    write_json(out / "config.json", wrapper(text, image_token_index=base, pad_token_id=ids["<pad>"], image_newline_idx=base + 2))
    write_weights(out, shape, vocabulary, 1)


def yi(out: Path) -> None:
    """Yi's form: no leading space, no beginning token, its own tokens; grouped heads; keys of newer transformers; a separate head tensor."""
    train(
        out / "tokenizer.model", False, vocab_size=470, bos_piece="<|startoftext|>", eos_piece="<|endoftext|>",
        user_defined_symbols=["<|Human|>", "<|im_start|>", "<|im_end|>"],
    )
    decoder = {str(i): added(content, True) for i, content in enumerate(("<unk>", "<|startoftext|>", "<|endoftext|>"))}
    decoder["5"] = added("<|im_end|>", True)
    write_json(out / "tokenizer_config.json", {
        "add_bos_token": False, "add_eos_token": False, "added_tokens_decoder": decoder, "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>", "legacy": True, "pad_token": "<unk>", "tokenizer_class": "LlamaTokenizer", "unk_token": "<unk>",
        "chat_template": "{% for message in messages %}{{ message['content'] }}{% endfor %}",
    })
    shape = Shape("model.language_model.", "lm_head.weight", heads=4, kv_heads=2, head_size=4, dtype=torch.float16)
    text = text_config(shape, 476, "llama", rope_theta=5000000.0, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    write_json(out / "config.json", wrapper(text))
    write_weights(out, shape, 476, 2)


def json_only(out: Path) -> None:
    """Without tokenizer.model, only its conversion by transformers; a separate head size, scaled positions, tied embeddings."""
    with tempfile.TemporaryDirectory() as folder:
        train(Path(folder) / "tokenizer.model", True, vocab_size=490)
        tokenizer = LlamaTokenizer.from_pretrained(folder)
    backend = tokenizer.backend_tokenizer
    # As in the published files, which older transformers wrote.
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.pre_tokenizer = None
    backend.add_special_tokens([AddedToken("<image>", normalized=False, special=True)])
    backend.add_tokens([AddedToken("<frame>", normalized=False)])
    backend.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    backend.save(str(out / "tokenizer.json"))
    write_json(out / "tokenizer_config.json", {
        "add_bos_token": True, "add_eos_token": False, "bos_token": "<s>", "eos_token": "</s>", "pad_token": None, "unk_token": "<unk>",
        "tokenizer_class": "LlamaTokenizerFast", "legacy": True,
    })
    shape = Shape("model.", None, head_size=4, dtype=torch.float32)
    text = text_config(
        shape, 496, "llama", head_dim=4, bos_token_id=1, eos_token_id=2, tie_word_embeddings=True,
        rope_scaling={"type": "linear", "factor": 2.0}, rope_theta=10000.0,
    )
    write_json(out / "config.json", {"architectures": ["LlamaForCausalLM"]} | text)
    write_weights(out, shape, 496, 3)


def qwen2(out: Path) -> None:
    """A wrapper around Qwen2 with one-dimensional positions."""
    tokenizer = make_tokenizer(40)
    write_tokenizer(out, tokenizer)
    (out / "vocab.json").unlink()
    (out / "merges.txt").unlink()
    shape = Shape("language_model.model.", "language_model.lm_head.weight", heads=4, kv_heads=2, head_size=4, biases=True)
    vocabulary = tokenizer.get_vocab_size() + 4
    text = text_config(
        shape, vocabulary, "qwen2", rope_theta=1000000.0, eos_token_id=tokenizer.token_to_id("<|im_end|>"), architectures=["Qwen2ForCausalLM"]
    )
    write_json(out / "config.json", wrapper(text))
    write_weights(out, shape, vocabulary, 4)


QWEN2_VL = ["tied-heads-of-16", "newer-keys-heads-of-64"]
CASES = {"vicuna": vicuna, "yi": yi, "json-only": json_only, "qwen2": qwen2}


# The converter recognizes a byte-level pre-tokenizer by the tokens of a text with a real vocabulary; ours is too small for that.
CONVERT = """
import runpy, sys
folder = sys.argv.pop(1)
sys.path.insert(0, folder)
sys.path.insert(0, folder + "/gguf-py")
from conversion.base import TextModel
TextModel.get_vocab_base_pre = lambda self, tokenizer: "qwen2"
runpy.run_path(folder + "/convert_hf_to_gguf.py", run_name="__main__")
"""


def reference_tokens(checkpoint: Path) -> list[dict[str, object]]:
    """The tokens of the reference for texts without control tokens."""
    model = checkpoint / "tokenizer.model"
    if not model.exists():
        tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(checkpoint / "tokenizer.json"))
        return [{"text": text, "tokens": tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)} for text in TEXTS]
    encode = sentencepiece_encoder(model)
    ordinary = ordinary_added(checkpoint)
    cases = [{"text": text, "tokens": with_added(text, ordinary, encode)} for text in TEXTS]
    expect_same_as_transformers(model, [case for case in cases if "<" not in case["text"]])
    return cases


def sentencepiece_encoder(model: Path) -> Callable[[str], list[int]]:
    """SentencePiece itself, which transformers' slow tokenizers call. Its user-defined symbols count as control tokens, as in the converter."""
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.read_bytes())
    for piece in proto.pieces:
        if piece.type == piece.USER_DEFINED:
            piece.type = piece.CONTROL
    return sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString()).encode


def ordinary_added(checkpoint: Path) -> dict[str, int]:
    """Added tokens that a text may contain."""
    settings = json.loads((checkpoint / "tokenizer_config.json").read_text())["added_tokens_decoder"]
    path = checkpoint / "added_tokens.json"
    names = json.loads(path.read_text()) if path.exists() else {}
    special = {token["content"] for token in settings.values() if token["special"]}
    return {content: place for content, place in names.items() if content not in special}


def with_added(text: str, ordinary: dict[str, int], encode: Callable[[str], list[int]]) -> list[int]:
    """Works like transformers' slow tokenizers: added tokens are cut out, and the parts between them are separate texts."""
    pieces = re.split("(" + "|".join(map(re.escape, ordinary)) + ")", text) if ordinary else [text]
    return [token for piece in pieces for token in ([ordinary[piece]] if piece in ordinary else encode(piece))]


def expect_same_as_transformers(model: Path, cases: list[dict[str, object]]) -> None:
    """The fast tokenizer, with the normalizer of older versions, must agree."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(model, Path(folder) / "tokenizer.model")
        tokenizer = LlamaTokenizer.from_pretrained(folder)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.read_bytes())
    prefix = [normalizers.Prepend("▁")] if proto.normalizer_spec.add_dummy_prefix else []
    tokenizer.backend_tokenizer.normalizer = normalizers.Sequence([*prefix, normalizers.Replace(" ", "▁")])
    tokenizer.backend_tokenizer.pre_tokenizer = None
    for case in cases:
        found = tokenizer.encode(case["text"], add_special_tokens=False, split_special_tokens=True)
        if found != case["tokens"]:
            print(f"transformers differs on {case['text']!r}: {found} instead of {case['tokens']}", file=sys.stderr)


def converted(llama_cpp: Path, checkpoint: Path, kind: str) -> dict[str, object]:
    """The metadata without names, and the types, shapes and checksums of the tensors that the converter writes."""
    sys.path.insert(0, str(llama_cpp / "gguf-py"))
    from gguf import GGUFReader

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.gguf"
        options = ["--outtype", kind, "--outfile", out, "--model-name", "tiny"]
        subprocess.run([sys.executable, "-c", CONVERT, llama_cpp, checkpoint, *options], check=True)
        reader = GGUFReader(out)
        metadata = {
            name: {"type": [type.name for type in field.types], "value": field.contents()}
            for name, field in reader.fields.items()
            if not name.startswith("GGUF.")
        }
        tensors = {
            tensor.name: {
                "type": tensor.tensor_type.name,
                "shape": [int(size) for size in tensor.shape],
                "sha256": hashlib.sha256(tensor.data.tobytes()).hexdigest(),
            }
            for tensor in reader.tensors
        }
    return {"metadata": metadata, "tensors": tensors}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--llama-cpp", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=FIXTURES / "converted")
    parser.add_argument("--only", nargs="*", default=[*CASES, *QWEN2_VL])
    options = parser.parse_args()
    for name in options.only:
        checkpoint = options.out / name if name in CASES else FIXTURES / "parity/checkpoints" / name
        if name in CASES:
            shutil.rmtree(checkpoint, ignore_errors=True)
            checkpoint.mkdir(parents=True)
            CASES[name](checkpoint)
        files = {kind: converted(options.llama_cpp, checkpoint, kind) for kind in ("f16", "f32")}
        facts = {
            "metadata": files["f16"]["metadata"],
            "tensors": {kind: file["tensors"] for kind, file in files.items()},
            "texts": reference_tokens(checkpoint),
        }
        (options.out / f"{name}.json").write_text(json.dumps(facts, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
