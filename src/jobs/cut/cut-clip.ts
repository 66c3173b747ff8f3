import { join } from 'node:path'
import type { MediaClient } from '../../engine/host/media-client.ts'
import { pieceExtensions } from '../../engine/media/pieces/piece-file.ts'
import type { CutMode } from '../../engine/media/pieces/piece-plan.ts'
import type { PiecePlan } from '../../engine/media/pieces/write-pieces.ts'
import { isTaken } from '../../platform/disk.ts'
import { remove } from '../../platform/move.ts'
import type { ClipEvents } from '../../shared/clip-events.ts'
import { assertNever, TarsierError } from '../../shared/errors.ts'
import type { CutBy } from '../../shared/options.ts'
import { runJob } from '../driver.ts'
import { writeSidecar } from '../sinks/sidecar.ts'
import { type PieceFolder, type PieceLine, pieceName } from './piece-folder.ts'
import { type Piece, piecesOf } from './pieces-of.ts'
import { type PieceTools, writePieceFile } from './write-piece.ts'

export interface CutOptions {
  readonly by: CutBy
  readonly mode: CutMode
  /** Seconds that each piece is longer at both sides. */
  readonly pad: number
  /** What is done about pieces that exist: report an error before anything is written, keep those with the same range, or write them again. */
  readonly existing: 'refuse' | 'skip' | 'overwrite'
}

const NO_SOUND =
  'The pieces have no sound: the sound of the clip cannot be decoded, or its frames have no times to which sound could belong. Convert the clip to MP4 first to keep it.'

export type CutProgress =
  | { readonly kind: 'piece'; readonly done: number; readonly of: number }
  | { readonly kind: 'piece-notice'; readonly text: string }
  /** A piece could not be cut; the others are. `path` is where it would be. */
  | { readonly kind: 'piece-failed'; readonly path: string; readonly error: TarsierError }

/**
 * Writes the segments, events or chapters of a clip as files of their own with sound, each with its caption in a text file and a line in
 * `metadata.jsonl`. A piece that cannot be cut is reported, and the others are cut. Throws what would affect them too, such as `disk-full` or a folder that
 * is not writable; `write-failed` for pieces that exist, `invalid-range` for a still picture, and as `openClip` does.
 * @param path absolute path of the clip
 * @returns the number of pieces that could not be cut
 */
export async function cutClip(
  path: string,
  events: ClipEvents,
  folder: PieceFolder,
  tools: PieceTools & { readonly media: Pick<MediaClient, 'planPieces'> },
  options: CutOptions,
  report: (progress: CutProgress) => void,
  signal: AbortSignal,
): Promise<number> {
  const { pieces, notices } = piecesOf(events, options.by, options.pad)
  const isPicture = events.duration === 0
  if (!isPicture) for (const text of notices) report({ kind: 'piece-notice', text })
  // Planning rejects a picture.
  const plans = pieces.length === 0 && !isPicture ? [] : await tools.media.planPieces(path, pieces, options.mode, signal)
  if (plans.some(({ losesSound }) => losesSound)) report({ kind: 'piece-notice', text: NO_SOUND })
  const prefix = folder.prefixFor(events.file)
  const cuts = pieces.flatMap((piece, i) => {
    const plan = plans[i]
    return plan ? [{ plan, line: lineOf(piece, plan, prefix, i + 1, events, options.mode) }] : []
  })
  const missing: typeof cuts = []
  for (const cut of cuts) if (await isWanted(cut.line, folder, options.existing)) missing.push(cut)
  if (options.mode === 'copy') for (const { line } of missing) tellRange(line, report)
  let done = cuts.length - missing.length
  const { failed } = await runJob(
    {
      source: missing,
      workers: [({ plan, line }, _, abort) => writePiece(path, plan, line, folder, tools, options.existing === 'overwrite', abort)],
      sinks: [],
      stops: (error) => folder.isLost(error),
    },
    (event) => {
      switch (event.kind) {
        case 'started':
          report({ kind: 'piece', done, of: cuts.length })
          return
        case 'failed':
          report({ kind: 'piece-failed', path: join(folder.path, event.clip.line.file_name), error: event.error })
          done += 1
          return
        case 'done':
        case 'skipped':
          done += 1
          return
        case 'progress':
        case 'stopped': // thrown
          return
        default:
          assertNever(event, 'event')
      }
    },
    signal,
  )
  report({ kind: 'piece', done, of: cuts.length })
  return failed
}

async function writePiece(
  path: string,
  plan: PiecePlan,
  line: PieceLine,
  folder: PieceFolder,
  tools: PieceTools,
  overwrite: boolean,
  signal: AbortSignal,
): Promise<void> {
  const target = join(folder.path, line.file_name)
  const written: string[] = []
  try {
    await writePieceFile(path, plan, target, tools, signal)
    written.push(target)
    await writeSidecar(textOf(target), line.text, { overwrite })
    written.push(textOf(target))
    await folder.add(line)
  } catch (error) {
    // The next run would take a piece that is not listed for another one, and refuse to cut the clip.
    if (!overwrite) for (const file of written) await remove(file).catch(() => {})
    throw error
  }
}

function lineOf(
  { start, end, text }: Piece,
  { range, container }: PiecePlan,
  prefix: string,
  number: number,
  { file, model }: ClipEvents,
  mode: CutMode,
): PieceLine {
  const name = pieceName(prefix, number, range.start, pieceExtensions[container])
  return { file_name: name, text, source: file, start, end, true_start: range.start, true_end: range.end, model, mode }
}

async function isWanted(line: PieceLine, folder: PieceFolder, existing: CutOptions['existing']): Promise<boolean> {
  const path = join(folder.path, line.file_name)
  if (existing === 'overwrite') return true
  if (!(await isTaken(path))) {
    // A caption that a user has corrected may be left of a piece that was removed.
    if (await isTaken(textOf(path)))
      throw new TarsierError('write-failed', `${textOf(path)} exists without its piece. Choose another folder, or overwrite it.`, {
        remedy: 'existing-texts',
      })
    return true
  }
  if (existing === 'refuse') throw refuseExistingPiece(path)
  if (await folder.has(line)) return false
  throw new TarsierError('write-failed', `${path} exists and is not the same piece. Choose another folder, or overwrite it.`, {
    remedy: 'existing-texts',
  })
}

/** Path of a piece's caption. */
function textOf(piece: string): string {
  return piece.replace(/\.\w+$/, '.txt')
}

/** The error for a piece that exists. */
export function refuseExistingPiece(path: string): TarsierError {
  return new TarsierError('write-failed', `${path} already exists. Skip pieces that exist, or overwrite them.`, {
    remedy: 'existing-texts',
  })
}

/** Tells where a copied piece really starts and ends, if that differs from the request by more than a frame of a slow film. */
function tellRange({ file_name, start, end, true_start, true_end }: PieceLine, report: (progress: CutProgress) => void): void {
  if (Math.abs(true_start - start) < 0.05 && Math.abs(true_end - end) < 0.05) return
  const range = (from: number, to: number) => `${from.toFixed(3)} to ${to.toFixed(3)} s`
  report({
    kind: 'piece-notice',
    text: `${file_name} has ${range(true_start, true_end)} instead of ${range(start, end)}, because copying starts at a keyframe.`,
  })
}
