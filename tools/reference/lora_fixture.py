"""Writes test/fixtures/lora/: LoRA adapters for checkpoints of test/fixtures/parity, and the results of PEFT's merge_and_unload.

Needs transformers, peft and safetensors. Usage: python tools/reference/lora_fixture.py [OUT]

A folder per adapter (as PEFT saves it) and, beside it, NAME.merged.safetensors: the changed matrices under the checkpoint's own keys, as
merged in the checkpoint's bfloat16 (`bf16 KEY`) and in float32 (`f32 KEY`).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlavaForConditionalGeneration, Qwen2VLForConditionalGeneration

FIXTURES = Path(__file__).parents[2] / "test" / "fixtures"
CASES = {
    "qwen2-vl": dict(
        checkpoint="tied-heads-of-16", model=Qwen2VLForConditionalGeneration,
        config=LoraConfig(
            r=4, lora_alpha=6, target_modules=r".*(layers\.0\..*(q_proj|down_proj)|blocks\.1\.(attn\.qkv|mlp\.fc2)|merger\.mlp\.0)",
            rank_pattern={"down_proj": 3, r"blocks.1.attn.qkv": 5}, alpha_pattern={r"mlp\.(fc2|0)": 2.5},
        ),
    ),
    "llava": dict(
        checkpoint="llava-heads-of-128", model=LlavaForConditionalGeneration,
        config=LoraConfig(
            r=6, lora_alpha=4, use_rslora=True, fan_in_fan_out=True,
            target_modules=r".*(layers\.1\..*(k_proj|out_proj|up_proj|fc1)|multi_modal_projector\.linear_1)",
        ),
    ),
}


def layer(path: str) -> str:
    """A module's path without its prefix, which differs between checkpoints and releases of transformers."""
    tower = "vision " if re.search(r"(^|\.)(visual|vision_tower)\.", path) else ""
    return tower + re.sub(r"^((model|language_model|visual|vision_tower|vision_model)\.)+", "", path)


def stored(directory: Path) -> dict[str, torch.Tensor]:
    return {key: value for path in sorted(directory.glob("*.safetensors")) for key, value in load_file(path).items()}


def merged(case: dict, directory: Path, adapter: Path, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    model = PeftModel.from_pretrained(case["model"].from_pretrained(directory, dtype=dtype), adapter)
    changed = {layer(name.removeprefix("base_model.model.")) for name, part in model.named_modules() if hasattr(part, "lora_A") and part.lora_A}
    parameters = dict(model.merge_and_unload().named_parameters())
    by_layer = {layer(name.removesuffix(".weight")): value.detach() for name, value in parameters.items() if name.endswith(".weight")}
    keys = {layer(key.removesuffix(".weight")): key for key in stored(directory) if key.endswith(".weight")}
    return {keys[name]: by_layer[name].contiguous() for name in sorted(changed)}


def main(out: Path) -> None:
    for name, case in CASES.items():
        torch.manual_seed(11)
        directory = FIXTURES / "parity" / "checkpoints" / case["checkpoint"]
        model = get_peft_model(case["model"].from_pretrained(directory, dtype=torch.float32), case["config"])
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                if "lora_" in key:
                    parameter.copy_(torch.randn(parameter.shape) * 0.2)
        model.peft_config["default"].base_model_name_or_path = f"someone/{case['checkpoint']}"
        model.save_pretrained(out / name)
        (out / name / "README.md").unlink()
        f32 = merged(case, directory, out / name, torch.float32)
        bf16 = merged(case, directory, out / name, torch.bfloat16)
        tensors = {f"f32 {key}": value for key, value in f32.items()} | {f"bf16 {key}": value for key, value in bf16.items()}
        save_file(tensors, out / f"{name}.merged.safetensors")
        print(name, sorted(f32))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FIXTURES / "lora")
