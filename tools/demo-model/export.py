"""Writes a trained model as a Hugging Face checkpoint folder of Qwen2-VL, and its state for further training. `export.py LANGUAGE OUT`"""

import argparse
import json
from pathlib import Path

from safetensors.torch import save_file

import language
import tower
from optimizer import keep, load
from tokenizer import SPECIAL, the_tokenizer

TEMPLATE = (
    "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n{% else %}"
    "{% for content in message['content'] %}{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% elif content['type'] == 'video' or 'video' in content %}"
    "<|vision_start|><|video_pad|><|vision_end|>{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CHECKPOINT = Path(__file__).parent / "checkpoint.safetensors"
MAX_PIXELS, MIN_PIXELS = 12_800, 7_840
CARD = """---
license: apache-2.0
---
Tarsier Desktop's demo model: Qwen2-VL's architecture, trained from nothing on drawn clips of moving shapes. It knows nothing else.
"""


def config(ids, vocabulary):
    return {
        "architectures": ["Qwen2VLForConditionalGeneration"],
        "model_type": "qwen2_vl",
        "attention_dropout": 0.0,
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
        "vision_token_id": ids["<|vision_pad|>"],
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "hidden_act": "silu",
        "hidden_size": language.WIDTH,
        "initializer_range": 0.02,
        "intermediate_size": language.MLP,
        "max_position_embeddings": 4096,
        "num_attention_heads": language.HEADS,
        "num_hidden_layers": language.DEPTH,
        "num_key_value_heads": language.KV_HEADS,
        "rms_norm_eps": language.EPSILON,
        "rope_theta": language.THETA,
        "rope_scaling": {"type": "mrope", "mrope_section": language.SECTIONS},
        "tie_word_embeddings": True,
        "use_sliding_window": False,
        "sliding_window": None,
        "use_cache": True,
        "torch_dtype": "float32",
        "vocab_size": vocabulary,
        "vision_config": {
            "model_type": "qwen2_vl",
            "depth": tower.DEPTH,
            "embed_dim": tower.WIDTH,
            "hidden_size": tower.OUT,
            "hidden_act": "quick_gelu",
            "mlp_ratio": tower.MLP // tower.WIDTH,
            "num_heads": tower.HEADS,
            "in_channels": 3,
            "in_chans": 3,
            "patch_size": tower.PATCH,
            "spatial_patch_size": tower.PATCH,
            "spatial_merge_size": tower.MERGE,
            "temporal_patch_size": 2,
        },
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    state = load(options.language)
    if options.language != CHECKPOINT:
        keep(state, CHECKPOINT)
    tokenizer = the_tokenizer()
    seeing, saying = tower.Tower(), language.Language(tokenizer.get_vocab_size())
    seeing.load_state_dict(state["tower"])
    saying.load_state_dict(state["language"])
    tensors = tower.hugging_face_names(seeing) | language.hugging_face_names(saying)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, options.out / "model.safetensors", {"format": "pt"})
    tokenizer.save(str(options.out / "tokenizer.json"))
    ids = {text: tokenizer.token_to_id(text) for text in SPECIAL}
    write = lambda name, value: (options.out / name).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    write("config.json", config(ids, tokenizer.get_vocab_size()))
    write("generation_config.json", {"eos_token_id": [ids["<|im_end|>"], ids["<|endoftext|>"]], "pad_token_id": ids["<|endoftext|>"]})
    write(
        "preprocessor_config.json",
        {
            "image_processor_type": "Qwen2VLImageProcessor",
            "min_pixels": MIN_PIXELS,
            "max_pixels": MAX_PIXELS,
            "patch_size": tower.PATCH,
            "merge_size": tower.MERGE,
            "temporal_patch_size": 2,
            "image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_std": [0.26862954, 0.26130258, 0.27577711],
        },
    )
    write(
        "tokenizer_config.json",
        {
            "tokenizer_class": "Qwen2Tokenizer",
            "add_prefix_space": False,
            "add_bos_token": False,
            "bos_token": None,
            "eos_token": "<|im_end|>",
            "pad_token": "<|endoftext|>",
            "unk_token": None,
            "errors": "replace",
            "split_special_tokens": False,
            "model_max_length": 4096,
            "chat_template": TEMPLATE,
            "added_tokens_decoder": {
                str(ids[text]): {"content": text, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
                for text in SPECIAL
            },
        },
    )
    (options.out / "README.md").write_text(CARD)


if __name__ == "__main__":
    main()
