"""
Writes pairs of GGUFs (language model and mmproj) from tiny checkpoints with llama.cpp's own converter.

    python gguf_pair_fixture.py LLAMA_CPP CHECKPOINT OUT --outtype bf16 [--mmproj-outtype q8_0]

LLAMA_CPP is a folder with llama.cpp's sources: `git clone node_modules/node-llama-cpp/llama/gitRelease.bundle LLAMA_CPP` gives the
release that the product uses. Two checks of the converter are adapted to tiny checkpoints, which does not affect its output: it recognizes
tokenizers by the hash of a text's tokens, and it expects towers of more than two layers.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def convert(converter, base, checkpoint: Path, out: Path, outtype: str, mmproj: bool) -> None:
    base.TextModel.get_vocab_base_pre = lambda self, tokenizer: "qwen2"
    name_map = base.gguf.get_tensor_name_map
    base.gguf.get_tensor_name_map = lambda arch, blocks: name_map(arch, max(blocks, 3))
    sys.argv = ["convert_hf_to_gguf.py", str(checkpoint), "--outtype", outtype, "--outfile", str(out)] + (["--mmproj"] if mmproj else [])
    converter.main()
    base.gguf.get_tensor_name_map = name_map


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("llama_cpp", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--outtype", default="bf16")
    parser.add_argument("--mmproj-outtype")
    arguments = parser.parse_args()
    sys.path.insert(0, str(arguments.llama_cpp.resolve()))
    import convert_hf_to_gguf as converter
    from conversion import base

    arguments.out.mkdir(parents=True, exist_ok=True)
    name = arguments.checkpoint.resolve().name
    vision = arguments.mmproj_outtype or arguments.outtype
    convert(converter, base, arguments.checkpoint, arguments.out / f"{name}-{arguments.outtype}.gguf", arguments.outtype, False)
    convert(converter, base, arguments.checkpoint, arguments.out / f"mmproj-{name}-{vision}.gguf", vision, True)


if __name__ == "__main__":
    main()
