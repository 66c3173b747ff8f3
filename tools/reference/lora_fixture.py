"""Writes test/fixtures/lora/: LoRA adapters for random checkpoints of test/fixtures, and the results of PEFT's merge_and_unload.

    python lora_fixture.py NAME... [--out ../../test/fixtures/lora]

A folder per adapter (as PEFT saves it) and, beside it, NAME.merged.safetensors: the changed matrices under the checkpoint's own keys, as
merged in the checkpoint's bfloat16 (`bf16 KEY`) and in float32 (`f32 KEY`). Cases with `family` also write what the merged model answers about a clip,
in `expected`, as the family's own script does for the checkpoint alone.

Needs transformers, peft and safetensors; for `family`, what its script needs. Releases of transformers name the layers differently, so `qwen2-5-vl` is
written with 4.49.0, and `qwen2-5-vl-newer` and `qwen3-vl` with 4.57.6.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
from pathlib import Path

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from fixture_files import TOKENS, write_expected

FIXTURES = Path(__file__).parents[2] / "test" / "fixtures"
CASES = {
    "qwen2-vl": dict(
        checkpoint="parity/checkpoints/tied-heads-of-16", model="Qwen2VLForConditionalGeneration",
        config=LoraConfig(
            r=4, lora_alpha=6, target_modules=r".*(layers\.0\..*(q_proj|down_proj)|blocks\.1\.(attn\.qkv|mlp\.fc2)|merger\.mlp\.0)",
            rank_pattern={"down_proj": 3, r"blocks.1.attn.qkv": 5}, alpha_pattern={r"mlp\.(fc2|0)": 2.5},
        ),
    ),
    "llava": dict(
        checkpoint="parity/checkpoints/llava-heads-of-128", model="LlavaForConditionalGeneration",
        config=LoraConfig(
            r=6, lora_alpha=4, use_rslora=True, fan_in_fan_out=True,
            target_modules=r".*(layers\.1\..*(k_proj|out_proj|up_proj|fc1)|multi_modal_projector\.linear_1)",
        ),
    ),
    "qwen2-5-vl": dict(
        checkpoint="qwen2-5-vl/checkpoints/tied-heads-of-16", model="Qwen2_5_VLForConditionalGeneration", family="qwen2_5_vl_fixtures", case="by-rate",
        config=LoraConfig(
            r=4, lora_alpha=6, rank_pattern={"gate_proj": 3, r"blocks.2.attn.proj": 5}, alpha_pattern={r"mlp\.(down_proj|2)": 2.5},
            target_modules=r".*(layers\.[01]\..*(v_proj|o_proj|gate_proj)|blocks\.[12]\.(attn\.(qkv|proj)|mlp\.(gate_proj|down_proj))|merger\.mlp\.2)",
        ),
    ),
    "qwen2-5-vl-newer": dict(
        checkpoint="qwen2-5-vl/checkpoints/newer-keys-heads-of-8", model="Qwen2_5_VLForConditionalGeneration",
        config=LoraConfig(
            r=4, lora_alpha=8, target_modules=r".*(layers\.0\..*(k_proj|up_proj)|visual\.blocks\.0\.(attn\.qkv|mlp\.up_proj)|merger\.mlp\.0)",
        ),
    ),
    "qwen3-vl": dict(
        checkpoint="qwen3-vl/checkpoints/three-deepstack-heads-of-8", model="Qwen3VLForConditionalGeneration", family="qwen3_vl_fixtures", case="shrunk",
        config=LoraConfig(
            r=4, lora_alpha=5, use_rslora=True, rank_pattern={"linear_fc2": 3},
            target_modules=r".*(layers\.[02]\..*(q_proj|down_proj)|blocks\.1\.(attn\.qkv|mlp\.linear_fc[12])|deepstack_merger_list\.1\.linear_fc2|visual\.merger\.linear_fc1)",
        ),
    ),
}


def layer(path: str) -> str:
    """A module's path without its prefix, which differs between checkpoints and releases of transformers."""
    tower = "vision " if re.search(r"(^|\.)(visual|vision_tower)\.", path) else ""
    return tower + re.sub(r"^((model|language_model|visual|vision_tower|vision_model)\.)+", "", path)


def stored(directory: Path) -> dict[str, torch.Tensor]:
    return {key: value for path in sorted(directory.glob("*.safetensors")) for key, value in load_file(path).items()}


def load(case: dict, directory: Path, dtype: torch.dtype) -> torch.nn.Module:
    return getattr(transformers, case["model"]).from_pretrained(directory, torch_dtype=dtype)


def merged(case: dict, directory: Path, adapter: Path, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    model = PeftModel.from_pretrained(load(case, directory, dtype), adapter)
    changed = {layer(name.removeprefix("base_model.model.")) for name, part in model.named_modules() if hasattr(part, "lora_A") and part.lora_A}
    parameters = dict(model.merge_and_unload().named_parameters())
    by_layer = {layer(name.removesuffix(".weight")): value.detach() for name, value in parameters.items() if name.endswith(".weight")}
    keys = {layer(key.removesuffix(".weight")): key for key in stored(directory) if key.endswith(".weight")}
    return {keys[name]: by_layer[name].contiguous() for name in sorted(changed)}


def write_answer(out: Path, name: str, case: dict, directory: Path) -> bool:
    """What the merged model answers about a clip of the family's fixtures. False if it ends early or has a near tie; another seed is needed then."""
    module = importlib.import_module(case["family"])
    asked = module.CASES[case["case"]]
    shape = () if case["family"] == "qwen3_vl_fixtures" else (module.CHECKPOINTS[directory.name],)
    reference = module.Reference(directory, *shape)
    # Merged in the checkpoint's own type, as an import does.
    adapted = PeftModel.from_pretrained(load(case, directory, torch.bfloat16), out / name).merge_and_unload()
    reference.model.load_state_dict(adapted.state_dict())
    # Clips may lie beside those of other families.
    trace, tensors = reference.trace((directory.parents[1] / "clips" / asked.clip).resolve(), asked)
    if len(trace["generated"]) < TOKENS:
        return False
    request = {"indices": list(asked.indices)} if asked.indices else {"frames": asked.frames}
    write_expected(out, name, {**trace, "clip": asked.clip, "request": request, "maxPixels": asked.max_pixels}, tensors)
    path = out / "expected" / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"checkpoint": directory.name}) + "\n")
    return True


def write(out: Path, name: str, case: dict, seed: int) -> bool:
    torch.manual_seed(seed)
    directory = FIXTURES / case["checkpoint"]
    model = get_peft_model(load(case, directory, torch.float32), case["config"])
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "lora_" in key:
                parameter.copy_(torch.randn(parameter.shape) * 0.2)
    model.peft_config["default"].base_model_name_or_path = f"someone/{directory.name}"
    model.save_pretrained(out / name)
    (out / name / "README.md").unlink()
    f32 = merged(case, directory, out / name, torch.float32)
    bf16 = merged(case, directory, out / name, torch.bfloat16)
    tensors = {f"f32 {key}": value for key, value in f32.items()} | {f"bf16 {key}": value for key, value in bf16.items()}
    save_file(tensors, out / f"{name}.merged.safetensors")
    print(name, seed, sorted(f32))
    return "family" not in case or write_answer(out, name, case, directory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=sorted(CASES))
    parser.add_argument("--out", type=Path, default=FIXTURES / "lora")
    options = parser.parse_args()
    for name in options.names:
        if not any(write(options.out, name, CASES[name], seed) for seed in range(11, 400)):
            raise SystemExit(f"no seed gives {name} clear answers")


if __name__ == "__main__":
    main()
