"""Frames of a clip by number, as Tarsier's own readers give them: decord for videos, Pillow for GIFs and stills."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence, UnidentifiedImageError


@dataclass(frozen=True)
class Clip:
    """`times` are seconds from the first frame by the stream's own timestamps; `rate` is the average frame rate."""

    path: Path
    kind: str
    count: int
    rate: float
    times: list[float]


def open_clip(path: Path) -> Clip:
    still = _pillow_frames(path)
    if still is not None:
        return still
    return _decord_clip(path)


def read_frames(clip: Clip, indices: list[int]) -> list[Image.Image]:
    if clip.kind == "video":
        import decord

        reader = decord.VideoReader(str(clip.path), num_threads=1, ctx=decord.cpu(0), fault_tol=1)
        reader.seek(0)
        try:
            return [Image.fromarray(array).convert("RGB") for array in reader.get_batch(indices).asnumpy()]
        except decord.DECORDError:  # some transport streams: its seeking fails although decoding from the start works
            return read_frames_pyav(clip.path, indices)
    with Image.open(clip.path) as image:
        frames = {i: frame.convert("RGB") for i, frame in enumerate(ImageSequence.Iterator(image)) if i in indices}
    return [frames[i] for i in indices]


def read_frames_pyav(path: Path, indices: list[int]) -> list[Image.Image]:
    """Returns the same frames by decoding everything in presentation order without a seek, to check decord."""
    import av

    wanted, found = set(indices), {}
    with av.open(str(path)) as container:
        for i, frame in enumerate(container.decode(video=0)):
            if i in wanted:
                upright = np.rot90(frame.to_ndarray(format="rgb24"), k=round(frame.rotation / 90) % 4)
                found[i] = Image.fromarray(np.ascontiguousarray(upright))
    return [found[i] for i in indices]


def _pillow_frames(path: Path) -> Clip | None:
    try:
        with Image.open(path) as image:
            count = getattr(image, "n_frames", 1)
            if image.format != "GIF":
                return Clip(path, "image", 1, 0.0, [0.0])
            durations = [frame.info.get("duration", 0) / 1000 for frame in ImageSequence.Iterator(image)]
            times = [float(sum(durations[:i])) for i in range(count)]
            return Clip(path, "gif", count, 1 / durations[0] if durations[0] > 0 else 0.0, times)
    except UnidentifiedImageError:
        return None


def _decord_clip(path: Path) -> Clip:
    import av
    import decord

    reader = decord.VideoReader(str(path), num_threads=1, ctx=decord.cpu(0), fault_tol=1)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stamps = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None and packet.size)
        times = [float((stamp - stamps[0]) * stream.time_base) for stamp in stamps]
    return Clip(path, "video", len(reader), float(reader.get_avg_fps()), times)
