import { SELF_CONTAINED } from '../containers.ts'
import { ENCODER_OPTIONS, evenSteps } from './encode-piece.ts'
import type { FfmpegProgram } from './ffmpeg-program.ts'
import { filterText } from './filter-chain.ts'
import { containerOptions } from './piece-file.ts'
import { SOUND_BIT_RATE, soundSteps } from './sound.ts'
import type { PiecePlan } from './write-pieces.ts'

/** Seconds before the first frame to which FFmpeg seeks before it decodes: sound may lie before the frames with which it is heard. */
const RUN_UP = 0.5
/** Seconds by which times of a command line may differ from those of the file. */
const ROUNDING = 0.0005

/**
 * Arguments with which the FFmpeg program writes a piece. The program works on the file's own clock, so that the plan's times select the same frames as FFmpeg's libraries
 * do. Null if this program cannot write it.
 */
export function pieceArguments({ version, encodes }: FfmpegProgram, path: string, plan: PiecePlan, target: string): string[] | null {
  const { place, copied, container, sound, range } = plan
  if (!place || (copied ? !copied.inOrder : !encodes || place.mirrored)) return null
  const { secondsPerTick, origin } = place
  const seconds = (ticks: number) => ticks * secondsPerTick
  const start = seconds(place.from)
  const input = ['-protocol_whitelist', 'file,pipe', '-format_whitelist', SELF_CONTAINED]
  const streams = [
    '-map',
    `0:${place.stream}`,
    ...(sound === null ? [] : ['-map', `0:${sound}`]),
    '-map_metadata',
    '-1',
    '-map_chapters',
    '-1',
  ]
  const options = Object.entries(containerOptions(container)).flatMap(([name, value]) => [`-${name}`, value])
  const output = [...streams, ...options, '-y', '-f', container, `file:${target}`]
  if (copied) {
    // Half a frame early: FFmpeg copies from the first keyframe at or after this time.
    const step = (plan.times[1] ?? 0.04) / 2
    const length = seconds(origin) + range.end - (start - step) - ROUNDING
    const from = ['-seek_timestamp', '1', '-ss', (start - step).toFixed(6)]
    const to = ['-c', 'copy', '-copypriorss', '0', '-t', length.toFixed(6), '-output_ts_offset', (-step).toFixed(6)]
    return [...input, ...from, '-i', `file:${path}`, ...to, ...output]
  }
  const heard = { start: seconds(origin) + range.start, end: seconds(origin) + range.end }
  const seek = ['-noaccurate_seek', '-seek_timestamp', '1', '-ss', Math.max(Math.min(0, start), start - RUN_UP).toFixed(6)]
  const picture = `trim=start_pts=${place.from}:end_pts=${place.last + 1},setpts=PTS-${place.from},${filterText(evenSteps(place))}`
  return [
    ...input,
    ...(plan.first === 0 ? [] : seek),
    '-copyts',
    '-i',
    `file:${path}`,
    '-filter:v',
    picture,
    ...(sound === null ? [] : ['-filter:a', filterText(soundSteps(heard)), '-c:a', 'aac', '-b:a', String(SOUND_BIT_RATE)]),
    '-c:v',
    'libx264',
    ...Object.entries(ENCODER_OPTIONS).flatMap(([name, value]) => [`-${name}`, value]),
    // The frames' own times, in the units of the stream.
    ...(isBefore(version, 5, 1) ? ['-vsync', 'passthrough'] : ['-fps_mode', 'passthrough']),
    '-enc_time_base',
    '-1',
    ...output,
  ]
}

/** Whether a release is older than another one; false for builds that tell no release. */
function isBefore(version: string, major: number, minor: number): boolean {
  const [, found, then] = /^n?(\d+)\.(\d+)/.exec(version) ?? []
  return found !== undefined && (Number(found) < major || (Number(found) === major && Number(then) < minor))
}
