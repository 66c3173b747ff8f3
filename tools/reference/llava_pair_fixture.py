"""
Writes a pair of GGUFs (language model and mmproj) from a tiny checkpoint of LLaVA's layout, with llama.cpp's own scripts as its users run
them: the surgery that extracts tower and projector from a checkpoint, the converter of image encoders, and the converter of language models.

    python llava_pair_fixture.py LLAMA_CPP CHECKPOINT OUT [--feature-layer]

LLAMA_CPP is a folder with llama.cpp's sources: `git clone node_modules/node-llama-cpp/llama/gitRelease.bundle LLAMA_CPP` gives the
release that the product uses; its scripts for towers require transformers 4 (tested with 4.57.6). The
checkpoint is first converted to float16, the format of LLaVA's checkpoints and of these scripts' matrices, so that no number changes; what
Tarsier adds to LLaVA (separators) is omitted. With --feature-layer the tower's config.json defines the feature layer, as newer
ones do; without it, the converter omits the last layer, as it did for every LLaVA.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from gguf_pair_fixture import convert

SCRIPTS = "tools/mtmd/legacy-models"


def write_as_published(checkpoint: Path, out: Path) -> dict[str, object]:
    """Converts the checkpoint to LLaVA's form: its tensor names, and a config.json without Tarsier's settings, which is returned."""
    shutil.copytree(checkpoint, out)
    config = json.loads((out / "config.json").read_text())
    config |= {"architectures": ["LlavaForConditionalGeneration"], "torch_dtype": "float16"}
    for field in ("image_newline_idx", "image_new_idx", "projection_head", "do_image_padding"):
        config.pop(field, None)
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    tensors = {}
    for name, tensor in load_file(out / "model.safetensors").items():
        name = name.removeprefix("model.")
        if name.startswith("language_model.") and not name.startswith("language_model.model."):
            name = name.replace("language_model.", "language_model.model.", 1)
        tensors["language_model.lm_head.weight" if name == "lm_head.weight" else name] = tensor.to(torch.float16)
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    return config


def run(llama_cpp: Path, script: str, *arguments: object) -> None:
    path = llama_cpp / SCRIPTS / script
    places = [str(llama_cpp / "gguf-py"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(places)}
    subprocess.run([sys.executable, str(path), *map(str, arguments)], check=True, env=environment)


def write_tower(llama_cpp: Path, checkpoint: Path, config: dict[str, object], out: Path, feature_layer: bool) -> None:
    run(llama_cpp, "llava_surgery_v2.py", "-C", "-m", checkpoint)
    tower = checkpoint.parent / "vit"
    tower.mkdir()
    shutil.copy(checkpoint / "llava.clip", tower / "pytorch_model.bin")
    settings = {"hidden_act": "quick_gelu", "layer_norm_eps": 1e-5} | config["vision_config"]
    if feature_layer:
        settings["vision_feature_layer"] = config["vision_feature_layer"]
    (tower / "config.json").write_text(json.dumps(settings))
    run(
        llama_cpp, "convert_image_encoder_to_gguf.py", "-m", tower, "--llava-projector", checkpoint / "llava.projector",
        "--output-dir", tower, "--clip-model-is-vision",
    )
    shutil.move(tower / "mmproj-model-f16.gguf", out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("llama_cpp", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--feature-layer", action="store_true")
    arguments = parser.parse_args()
    llama_cpp = arguments.llama_cpp.resolve()
    sys.path.insert(0, str(llama_cpp / "gguf-py"))
    sys.path.insert(0, str(llama_cpp))
    import convert_hf_to_gguf as converter
    from conversion import base

    out = arguments.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    name = arguments.checkpoint.resolve().name.replace("tarsier-", "llava-")
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / name
        config = write_as_published(arguments.checkpoint, checkpoint)
        convert(converter, base, checkpoint, out / f"{name}-f16.gguf", "f16", False)
        write_tower(llama_cpp, checkpoint, config, out / f"mmproj-{name}-f16.gguf", arguments.feature_layer)


if __name__ == "__main__":
    main()
