"""The demo model's tokenizer: byte-level BPE of the words it knows, with Qwen2's pre-tokenizer and Qwen2-VL's special tokens.

It is created once and stored in tokenizer.json beside the weights that were trained with it, because the trainer's choice between equally
frequent merges differs between machines. Delete the file to start a new model with other words.
"""

import os
import subprocess
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).parent
KEPT = HERE / "tokenizer.json"
VOCABULARY = 1280
PATTERN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
SYSTEM = "You are a helpful assistant."


def the_tokenizer(pictures=None):
    if KEPT.exists():
        return Tokenizer.from_file(str(KEPT))
    made = make_tokenizer(pictures)
    # Written to a temporary file and renamed, because two processes may start together.
    aside = KEPT.with_suffix(f".{os.getpid()}")
    made.save(str(aside), pretty=False)
    aside.replace(KEPT)
    return made


def make_tokenizer(pictures):
    tsx = HERE.parent.parent / "node_modules" / ".bin" / "tsx"
    texts = subprocess.run([str(tsx), str(HERE / "vocabulary-texts.ts"), str(pictures)], check=True, capture_output=True, text=True).stdout.split("\n")
    texts += [SYSTEM, "system\n", "user\n", "assistant\n"] * 20
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PATTERN), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(SPECIAL), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False, min_frequency=4
    )
    tokenizer.train_from_iterator([text for text in texts for _ in range(3)], trainer)
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SPECIAL])
    return tokenizer


if __name__ == "__main__":
    made = the_tokenizer(sys.argv[1])
    print(made.get_vocab_size(), made.encode("<|im_start|>user\nDescribe the video in detail.<|im_end|>\nA red circle moves right and then grows.").tokens)
