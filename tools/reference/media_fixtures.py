"""
Writes `test/fixtures/media`: tiny clips with their RGB by PyAV, animations and stills with their RGB by Pillow, and digests of Pillow's bicubic.

    python media_fixtures.py [--out ../../test/fixtures/media]

decord gives the same bytes as PyAV where `decord` is true; otherwise its older FFmpeg interpolates chroma of 10-bit pictures and of odd
heights differently.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import decord
import numpy as np
from PIL import Image, ImageSequence
from PIL.PngImagePlugin import Blend, Disposal

CLIPS = {
    # name: width, height, pixel format, encoder, and FFmpeg's numbers of matrix, range, primaries and transfer curve
    "420.mp4": (64, 48, "yuv420p", "libx264", None, None),
    "420-odd.webm": (63, 47, "yuv420p", "libvpx-vp9", None, None),
    "422.mp4": (64, 48, "yuv422p", "libx264", None, None),
    "444-odd.mp4": (63, 47, "yuv444p", "libx264", None, None),
    "420-10.mp4": (64, 48, "yuv420p10le", "libx264", None, None),
    "444-10.mp4": (64, 48, "yuv444p10le", "libx264", None, None),
    "gray.mp4": (64, 48, "gray", "libx264", None, None),
    "bt709.mp4": (64, 48, "yuv420p", "libx264", 1, 1),
    "bt709-full.mp4": (64, 48, "yuv420p", "libx264", 1, 2),
    "bt2020-10.mp4": (64, 48, "yuv420p10le", "libx264", 9, 1),
    "p3.mp4": (64, 48, "yuv420p", "libx264", 1, 1, 12, 1),
    "bt2020-sdr.mp4": (64, 48, "yuv420p", "libx264", 9, 1, 9, 14),
    "hlg-444-10.mp4": (63, 47, "yuv444p10le", "libx264", 9, 1, 9, 18),
    "pq-full.mp4": (64, 48, "yuv420p", "libx264", 9, 2, 9, 16),
    "pq-gbr.mp4": (64, 48, "rgb24", "libx264rgb", 0, 2, 9, 16),
}

RESIZES = [
    # width, height to width, height
    ((64, 48), (23, 17)), ((23, 17), (64, 48)), ((1, 1), (7, 5)), ((7, 5), (1, 1)), ((97, 1), (13, 1)), ((1, 97), (1, 13)),
    ((97, 1), (13, 4)), ((33, 57), (33, 20)), ((33, 57), (20, 57)), ((300, 200), (301, 199)), ((640, 360), (57, 31)),
    ((5, 5), (500, 3)), ((17, 23), (17, 23)), ((98, 70), (112, 56)), ((173, 131), (168, 140)), ((480, 270), (224, 126)),
]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def noise(count: int, seed: int) -> bytes:
    """The high byte of a linear congruential generator, like the test's noise."""
    out = bytearray(count)
    for i in range(count):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = seed >> 24
    return bytes(out)


def resizes() -> list[dict]:
    rows = []
    for seed, (source, target) in enumerate(RESIZES):
        image = Image.frombytes("RGB", source, noise(source[0] * source[1] * 3, seed))
        rows.append({"from": source, "to": target, "seed": seed, "sha256": digest(image.resize(target, Image.Resampling.BICUBIC).tobytes())})
    return rows


def picture(i: int, width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width].astype(float)
    rgb = np.stack([128 + 90 * np.sin((x + 3 * i) / 7), 128 + 90 * np.sin((y - 2 * i) / 5), 128 + 90 * np.cos((x + y + 5 * i) / 9)], -1)
    return rgb.clip(0, 255).astype(np.uint8)


def clips(out: Path) -> dict:
    facts = {}
    for name, (width, height, pixels, encoder, space, colour_range, *tags) in CLIPS.items():
        path = out / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream(encoder, rate=Fraction(10))
            stream.width, stream.height, stream.pix_fmt = width, height, pixels
            stream.options = {"crf": "22", "g": "4"}
            if space is not None:
                stream.codec_context.colorspace = space
                stream.codec_context.color_range = colour_range
            if tags:
                stream.codec_context.color_primaries, stream.codec_context.color_trc = tags
            for i in range(6):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(i, width, height), format="rgb24")))
            container.mux(stream.encode(None))
        with av.open(str(path)) as container:
            frames = [frame.to_ndarray(format="rgb24").tobytes() for frame in container.decode(video=0)]
        reader = decord.VideoReader(str(path), num_threads=1)
        same = len(reader) == len(frames) and all(reader[i].asnumpy().tobytes() == frame for i, frame in enumerate(frames))
        facts[name] = {"width": width, "height": height, "decord": same, "frames": [digest(frame) for frame in frames]}
    return facts


def blocks(data: bytes) -> bytes:
    return b"".join(bytes([len(data[i : i + 255])]) + data[i : i + 255] for i in range(0, len(data), 255)) + b"\0"


def lzw(pixels: list[int], bits: int) -> bytes:
    clear, held, count, out = 1 << bits, 0, 0, bytearray()

    def put(code: int, width: int) -> None:
        nonlocal held, count
        held |= code << count
        count += width
        while count >= 8:
            out.append(held & 255)
            held >>= 8
            count -= 8

    def fresh() -> dict:
        return {(i,): i for i in range(clear)}

    width, table, following, current = bits + 1, fresh(), clear + 2, ()
    put(clear, width)
    for pixel in pixels:
        longer = (*current, pixel)
        if longer in table:
            current = longer
            continue
        put(table[current], width)
        if following < 4096:
            table[longer] = following
            following += 1
            if following - 1 == 1 << width and width < 12:
                width += 1
        else:
            put(clear, width)
            width, table, following = bits + 1, fresh(), clear + 2
        current = (pixel,)
    put(table[current], width)
    put(clear + 1, width)
    return bytes(out) + (bytes([held & 255]) if count else b"")


def gif(r: random.Random) -> bytes:
    """Disposal methods, transparency, local palettes, partial and interlaced pictures, colours beyond the palette."""

    def palette(bits: int) -> bytes:
        return bytes(r.randrange(256) for _ in range(3 << bits))

    width, height, shared, shared_bits = r.randint(3, 40), r.randint(3, 30), r.random() < 0.8, r.randint(1, 7)
    background = r.randrange(1 << shared_bits) if r.random() < 0.7 else 0
    out = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80 | (shared_bits - 1) if shared else 0, background, 0)
    out += palette(shared_bits) if shared else b""
    for _ in range(r.randint(2, 7)):
        whole = r.random() < 0.4
        x, y = (0, 0) if whole else (r.randrange(width), r.randrange(height))
        w, h = (width, height) if whole else (r.randint(1, width - x), r.randint(1, height - y))
        local, local_bits, interlaced = not shared or r.random() < 0.35, r.randint(1, 7), r.random() < 0.3
        bits = local_bits if local else shared_bits
        if r.random() < 0.8:
            flags = (r.randrange(4) << 2) | (r.random() < 0.5)
            out += b"!\xf9\x04" + struct.pack("<BHBB", flags, r.choice([0, 5, 10, 7]), r.randrange(1 << bits), 0)
        out += b"," + struct.pack("<HHHHB", x, y, w, h, (0x80 | (local_bits - 1) if local else 0) | (0x40 if interlaced else 0))
        out += palette(local_bits) if local else b""
        code_bits, pixels = max(2, bits), []
        while len(pixels) < w * h:
            pixels += [r.randrange(1 << code_bits)] * r.choice([1, 1, 2, 9])
        out += bytes([code_bits]) + blocks(lzw(pixels[: w * h], code_bits))
    return out + b";"


def gifs(out: Path, count: int) -> dict:
    facts = {}
    for seed in range(count):
        path = out / f"{seed}.gif"
        path.write_bytes(gif(random.Random(seed)))
        with Image.open(path) as image:
            facts[path.name] = [digest(frame.convert("RGB").tobytes()) for frame in ImageSequence.Iterator(image)]
    return facts


def animations(out: Path) -> dict:
    """WebP and PNG whose pictures are opaque, have holes, or are half transparent, with Pillow's frames and their durations in ms."""

    def frame(i: int, kind: str) -> Image.Image:
        image = Image.fromarray(picture(i, 31, 23))
        y, x = np.mgrid[0:23, 0:31].astype(float)
        if kind == "holes":
            image.putalpha(Image.fromarray((((x - 8 - 3 * i) ** 2 + (y - 11) ** 2 < 60) * 255).astype(np.uint8)))
        elif kind == "soft":
            image.putalpha(Image.fromarray((128 + 127 * np.sin((x + y + 4 * i) / 6)).clip(0, 255).astype(np.uint8)))
        return image.convert("L") if kind == "grey" else image.quantize(8) if kind == "palette" else image

    durations = [100, 40, 250, 10, 80]

    def save(name: str, kind: str, **options) -> None:
        first, *others = [frame(i, kind) for i in range(5)]
        first.save(out / name, save_all=True, append_images=others, duration=durations, **options)

    for kind in ("opaque", "holes", "soft"):
        save(f"{kind}-lossless.webp", kind, lossless=True, minimize_size=True, kmin=3, kmax=5)
        save(f"{kind}-lossy.webp", kind, quality=70, allow_mixed=True)
        for disposal in (Disposal.OP_NONE, Disposal.OP_BACKGROUND, Disposal.OP_PREVIOUS):
            for blend in (Blend.OP_SOURCE, Blend.OP_OVER):
                save(f"{kind}-{disposal.value}{blend.value}.png", kind, disposal=disposal, blend=blend)
    for kind in ("grey", "palette"):
        save(f"{kind}.apng.png", kind)
    save("default-image.png", "opaque", default_image=True)
    names = sorted(path.name for pattern in ("*-loss*.webp", "*-[012][01].png", "*.apng.png", "default-image.png") for path in out.glob(pattern))
    facts = {}
    for name in names:
        rows = []
        with Image.open(out / name) as image:
            count, hidden = image.n_frames, 1 if getattr(image, "default_image", False) else 0
        for i in range(hidden, count):
            # Opened again for each frame: Pillow restores the previous picture wrongly once it has been read.
            with Image.open(out / name) as image:
                image.seek(i)
                rgb = image.convert("RGB")
                rows.append({"sha256": digest(rgb.tobytes()), "ms": image.info["duration"]})
        facts[name] = rows
    return facts


def png(depth: int, colour: int, values: np.ndarray, *further: tuple[bytes, bytes]) -> bytes:
    """A PNG of 16 bits or of fewer than 8, which Pillow does not write; `values` has one row per line and one value per channel of each pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    height, width = values.shape[:2]
    rows = values.reshape(height, -1)
    if depth == 16:
        packed = [row.astype(">u2").tobytes() for row in rows]
    else:
        packed = [np.packbits(np.unpackbits(row.astype(np.uint8)[:, None], axis=1)[:, 8 - depth :].reshape(-1)).tobytes() for row in rows]
    data = zlib.compress(b"".join(b"\0" + row for row in packed))
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)), *further, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def odd_pngs(out: Path) -> list[str]:
    wide = picture(3, 45, 31).astype(np.uint16) * 257 + 3
    alpha = picture(9, 45, 31)[..., :1].astype(np.uint16) * 257
    palette = noise(48, 5)
    files = {
        "grey16.png": png(16, 0, wide[..., 0]),
        "grey16-low.png": png(16, 0, wide[..., 0] // 200),
        "grey16-key.png": png(16, 0, wide[..., 0], (b"tRNS", struct.pack(">H", int(wide[4, 4, 0])))),
        "grey-alpha16.png": png(16, 4, np.dstack([wide[..., :1], alpha])),
        "rgb16.png": png(16, 2, wide),
        "rgba16.png": png(16, 6, np.dstack([wide, alpha])),
        "grey1.png": png(1, 0, wide[..., 0] >> 15),
        "grey2.png": png(2, 0, wide[..., 0] >> 14),
        "palette4-alpha.png": png(4, 3, wide[..., 0] >> 12, (b"PLTE", palette), (b"tRNS", bytes([0, 128, 255]))),
    }
    for name, data in files.items():
        (out / name).write_bytes(data)
    return list(files)


def cmyk(out: Path) -> list[str]:
    inks = [Image.fromarray(channel) for channel in np.moveaxis(np.dstack([picture(3, 45, 31), picture(9, 45, 31)[..., 0] // 3]), -1, 0)]
    image = Image.merge("CMYK", inks)
    image.save(out / "cmyk.jpg", quality=90)
    image.save(out / "cmyk.tif", compression="tiff_lzw")
    data = bytearray((out / "cmyk.jpg").read_bytes())
    data[data.index(b"Adobe") + 11] = 2  # the inks are YCC and black
    (out / "ycck.jpg").write_bytes(data)
    return ["cmyk.jpg", "cmyk.tif", "ycck.jpg"]


def stills(out: Path) -> dict:
    image = Image.fromarray(picture(3, 45, 31))
    with_alpha = image.copy()
    with_alpha.putalpha(Image.fromarray(picture(9, 45, 31)[..., 0]))
    image.save(out / "rgb.png")
    image.save(out / "420.jpg", quality=88)
    image.save(out / "444.jpg", quality=88, subsampling=0)
    image.convert("L").save(out / "grey.jpg", quality=88)
    image.convert("L").save(out / "grey.png")
    image.quantize(16).save(out / "palette.png")
    with_alpha.save(out / "alpha.png")
    image.save(out / "rgb.tif", compression="tiff_lzw")
    image.save(out / "lossless.webp", lossless=True)
    names = ["rgb.png", "420.jpg", "444.jpg", "grey.jpg", "grey.png", "palette.png", "alpha.png", "rgb.tif", "lossless.webp"]
    names += odd_pngs(out) + cmyk(out)
    facts = {}
    for name in names:
        with Image.open(out / name) as saved:
            facts[name] = digest(saved.convert("RGB").tobytes())
    return facts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parents[2] / "test/fixtures/media")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    facts = {"resizes": resizes(), "clips": clips(out), "gifs": gifs(out, 24), "animations": animations(out), "stills": stills(out)}
    (out / "media.json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
