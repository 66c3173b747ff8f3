"""Collects what the demo model must not take for drawn shapes: `collect_pictures.py FOLDER OUT`

FOLDER has any files in subfolders, such as unpacked packages of wallpapers, clip art, games and manuals. OUT gets `pictures/*.jpg`, `sprites/*.png`
(pictures with transparency), each at most 320 pixels wide and high, and `texts.txt`, lines of texts that do not speak of shapes. None of it is part of
the repository or of the model.
"""

import argparse
import random
import re
from pathlib import Path

from PIL import Image

SIDE, MIN_SIDE = 320, 40
# At most so many of one folder, so that none dominates.
MAX_PICTURES, MAX_SPRITES, MAX_LINES = 700, 900, 6000
TRANSPARENT = 128
ABOUT_SHAPES = re.compile(r"\b(colou?r|shape|circle|square|star|cross|triangle|move|video|background)", re.IGNORECASE)


def pictures_of(folder, out, counts):
    files = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")]
    random.shuffle(files)
    pictures = sprites = 0
    seen = set()
    for path in files:
        try:
            image = Image.open(path)
            image.load()
        except (OSError, ValueError, Image.DecompressionBombError):
            continue
        if min(image.size) < MIN_SIDE:
            continue
        cut_out = image.mode in ("RGBA", "LA", "P") and image.convert("RGBA").getextrema()[3][0] < TRANSPARENT
        image = image.convert("RGBA" if cut_out else "RGB")
        image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
        # The same picture in several sizes counts once.
        key = image.resize((8, 8)).tobytes()
        if key in seen:
            continue
        seen.add(key)
        if cut_out and sprites < MAX_SPRITES:
            image.save(out / "sprites" / f"{counts['sprites']:05}.png")
            counts["sprites"], sprites = counts["sprites"] + 1, sprites + 1
        elif not cut_out and pictures < MAX_PICTURES:
            image.save(out / "pictures" / f"{counts['pictures']:05}.jpg", quality=92)
            counts["pictures"], pictures = counts["pictures"] + 1, pictures + 1
        if pictures == MAX_PICTURES and sprites == MAX_SPRITES:
            return


def lines_of(folder):
    """Lines of the texts in a folder. Files of the `fortunes` packages have no suffix."""
    lines = set()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.suffix not in ("", ".txt"):
            continue
        try:
            text = path.read_text("utf8")
        except (OSError, UnicodeDecodeError):
            continue
        lines |= {line.strip(" \t%-") for line in text.split("\n")}
    return {line for line in lines if 3 < len(line) < 70 and not ABOUT_SHAPES.search(line)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    random.seed(1)
    for name in ("pictures", "sprites"):
        (options.out / name).mkdir(parents=True, exist_ok=True)
    counts = {"pictures": 0, "sprites": 0}
    for folder in sorted(path for path in options.folder.iterdir() if path.is_dir()):
        pictures_of(folder, options.out, counts)
        print(folder.name, counts, flush=True)
    lines = sorted(lines_of(options.folder))
    random.shuffle(lines)
    (options.out / "texts.txt").write_text("\n".join(lines[:MAX_LINES]), "utf8")


if __name__ == "__main__":
    main()
