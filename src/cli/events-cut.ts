import { resolve } from 'node:path'
import { InvalidArgumentError, Option } from 'commander'
import type { MediaClient } from '../engine/host/media-client.ts'
import { type FfmpegProgram, findFfmpeg } from '../engine/media/pieces/ffmpeg-program.ts'
import { type CutProgress, cutClip, refuseExistingPiece } from '../jobs/cut/cut-clip.ts'
import { PieceFolder } from '../jobs/cut/piece-folder.ts'
import type { ClipEvents } from '../shared/clip-events.ts'
import { TarsierError } from '../shared/errors.ts'
import { type CutBy, cutOptions } from '../shared/options.ts'
import { optionFrom } from './option-from.ts'
import { oneLine } from './printable.ts'

/** Options of `events` about pieces, as commander returns them. */
export interface CutFlags {
  readonly cut?: string
  readonly by?: CutBy
  readonly copy?: boolean
  readonly exact?: boolean
  readonly pad?: number
  readonly skipExisting?: boolean
  readonly overwrite?: boolean
}

export function cutFlags(): Option[] {
  const folder = (text: string) => {
    if (text === '') throw new InvalidArgumentError('It must be a folder.')
    return text
  }
  const options = [
    new Option(
      '--cut <dir>',
      'write each piece of a clip to a file of its own with sound, with its caption in a text file and in metadata.jsonl, and a contact sheet of all pieces',
    ).argParser(folder),
    optionFrom(cutOptions.by, '--by <what>'),
    new Option(
      '--exact',
      'cut exactly at the times: a piece that does not lie between keyframes is encoded again as a whole (default)',
    ).conflicts('copy'),
    new Option('--copy', 'copy without encoding, from the keyframe before each time; tells the true range'),
    optionFrom(cutOptions.pad, '--pad <seconds>'),
  ]
  for (const option of options) option.helpGroup('Pieces:')
  return options
}

/** Cuts clips into the folder of `--cut`. */
export class Cutter implements AsyncDisposable {
  readonly #folder: PieceFolder
  readonly #media: MediaClient
  readonly #flags: CutFlags
  readonly #program: FfmpegProgram | null

  private constructor(folder: PieceFolder, media: MediaClient, flags: CutFlags, program: FfmpegProgram | null) {
    this.#folder = folder
    this.#media = media
    this.#flags = flags
    this.#program = program
  }

  /**
   * Null without `--cut`. Throws `usage` for further options about pieces without it, `write-failed` and `disk-full`.
   * @param sources all clips of the run as the user gave them
   */
  static async open(flags: CutFlags, sources: readonly string[], media: MediaClient): Promise<Cutter | null> {
    if (flags.cut === undefined) {
      if (flags.by === undefined && flags.pad === undefined && !flags.copy && !flags.exact) return null
      throw new TarsierError('usage', 'Options about pieces need a folder for them. Add --cut DIR.')
    }
    const { program, notices } = await findFfmpeg()
    for (const notice of notices) process.stderr.write(`tarsier: ${oneLine(notice)}\n`)
    return new Cutter(await PieceFolder.open(flags.cut, sources), media, flags, program)
  }

  /** Throws `write-failed` if pieces of a clip exist that would be refused, before the clip is described in vain. */
  refuseExisting(file: string): void {
    const existing = this.#existing === 'refuse' ? this.#folder.pieceOf(file) : null
    if (existing !== null) throw refuseExistingPiece(existing)
  }

  /** Whether an error came because nothing can be written to the folder any more. */
  isLost(error: TarsierError): boolean {
    return this.#folder.isLost(error)
  }

  /** Returns the number of pieces that could not be cut; see `cutClip`. */
  async cut(events: ClipEvents, report: (progress: CutProgress) => void, signal: AbortSignal): Promise<number> {
    const { by = 'segment', copy, pad = 0 } = this.#flags
    const options = { by, pad, mode: copy ? 'copy' : 'exact', existing: this.#existing } as const
    return await cutClip(
      resolve(events.file),
      events,
      this.#folder,
      { media: this.#media, program: this.#program },
      options,
      report,
      signal,
    )
  }

  /** Writes the contact sheet, after all clips. */
  async writeSheets(signal: AbortSignal): Promise<void> {
    await this.#folder.writeSheets(this.#media, { overwrite: this.#existing === 'overwrite' }, signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]()
  }

  get #existing() {
    return this.#flags.overwrite ? 'overwrite' : this.#flags.skipExisting ? 'skip' : 'refuse'
  }
}
