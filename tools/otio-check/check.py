"""Reads the files of write.ts with OpenTimelineIO, its EDL and Final Cut Pro 7 adapters, pycmx, srt, webvtt-py and lxml, and compares frames."""

import argparse
import json
import math
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pycmx
import srt
import webvtt
from lxml import etree

arguments = argparse.ArgumentParser()
arguments.add_argument("folder", type=Path)
arguments.add_argument("--dtd", type=Path)
options = arguments.parse_args()
expected = json.loads((options.folder / "expected.json").read_text())
dtd = etree.DTD(str(options.dtd)) if options.dtd else None
done = 0


def same(what, found, wanted):
    global done
    if found != wanted:
        raise SystemExit(f"{what}: {found} instead of {wanted}")
    done += 1


def milliseconds(time):
    hours, minutes, seconds = time.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + int(seconds.replace(".", ""))


def first_frame(milliseconds, rate):
    """The first frame that is shown at this time or later."""
    return math.ceil(Fraction(milliseconds, 1000) * rate)


for name, want in expected.items():
    rate, start, frames = Fraction(*want["rate"]), want["start"], want["frames"]
    path = lambda ending: str(options.folder / f"{name}.{ending}")

    timeline = otio.adapters.read_from_file(path("otio"))
    [clip] = timeline.find_clips()
    events = [marker for marker in clip.markers if marker.color == "BLUE"]
    same(f"{name} otio start", timeline.global_start_time.value, start)
    same(f"{name} otio rate", timeline.global_start_time.rate, float(rate))
    same(f"{name} otio", [marker.marked_range.start_time.value - start for marker in events], frames)
    same(f"{name} otio range", clip.visible_range(), clip.available_range())
    drop = name.endswith("drop")
    text = timeline.global_start_time.to_timecode(float(rate), drop)
    same(f"{name} otio timecode", text, "01:00:00;00" if drop else "01:00:00:00")

    with open(path("edl"), encoding="utf-8", newline="") as file:
        edits = list(pycmx.parse_cmx3600(file).events)
    found = []
    for edit in edits:
        time = otio.opentime.from_timecode(edit.edits[0].record_in, float(rate))
        found.append(int(time.value) - start)
    same(f"{name} edl (pycmx)", found, frames)
    lines = Path(path("edl")).read_text(encoding="utf-8")
    stacked = otio.adapters.read_from_string(lines, "cmx_3600", rate=float(rate))
    found = list(stacked.find_clips())
    same(f"{name} edl (OpenTimelineIO) clips", len(found), len(frames))
    at = [round((item.source_range.start_time.value)) - start for item in found]
    same(f"{name} edl (OpenTimelineIO)", at, frames)

    sequence = otio.adapters.read_from_file(path("premiere.xml"), "fcp_xml")
    stack = sequence if isinstance(sequence, otio.schema.Timeline) else sequence[0]
    same(f"{name} premiere clips", len(list(stack.find_clips())), 1)
    marks = [marker for marker in stack.tracks.markers if "onfidence" in str(marker.metadata)]
    same(f"{name} premiere", [round(marker.marked_range.start_time.value) for marker in marks], frames)

    root = etree.parse(path("fcpxml"))
    if dtd:
        valid = dtd.validate(root)
        same(f"{name} fcpxml {dtd.error_log}", valid, True)
    times = [Fraction(marker.get("start").rstrip("s")) * rate - start for marker in root.iter("marker")]
    same(f"{name} fcpxml", times, frames)

    subtitles = list(srt.parse(Path(path("srt")).read_text(encoding="utf-8"), ignore_errors=False))
    same(f"{name} srt", [first_frame(round(one.start.total_seconds() * 1000), rate) for one in subtitles], frames)
    captions = webvtt.read(path("vtt"))
    same(f"{name} vtt", [first_frame(milliseconds(one.start), rate) for one in captions], frames)

print(f"{done} comparisons of {len(expected)} clips agree")
