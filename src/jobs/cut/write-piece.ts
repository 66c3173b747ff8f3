import { randomUUID } from 'node:crypto'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { MediaClient } from '../../engine/host/media-client.ts'
import { type FfmpegProgram, runFfmpeg } from '../../engine/media/pieces/ffmpeg-program.ts'
import { pieceArguments } from '../../engine/media/pieces/program-piece.ts'
import type { PiecePlan } from '../../engine/media/pieces/write-pieces.ts'
import { isFolderFull } from '../../platform/file-failure.ts'
import { move, remove } from '../../platform/move.ts'
import { TarsierError } from '../../shared/errors.ts'
import { writeError } from '../write-file.ts'

/** What pieces are written with. */
export interface PieceTools {
  readonly media: Pick<MediaClient, 'writePiece' | 'pieceMatches'>
  /** Null if FFmpeg's libraries in the media process write all pieces. */
  readonly program: FfmpegProgram | null
}

/**
 * Writes a piece of a clip to a temporary file, which is then renamed. The FFmpeg program writes it if it can and its result has the planned frames; otherwise FFmpeg's
 * libraries do. An abort kills the program, and nothing is left. Throws `disk-full`, `write-failed`, and as `openClip` does.
 * @param path absolute path of the clip
 * @param onProgress gets values from 0 to 1
 */
export async function writePieceFile(
  path: string,
  plan: PiecePlan,
  target: string,
  { media, program }: PieceTools,
  signal: AbortSignal,
  onProgress: (value: number) => void = () => {},
): Promise<void> {
  const temporary = join(dirname(target), `.${randomUUID()}.part`)
  try {
    // Made by Node, because its errors tell the reason.
    await (await open(temporary, 'wx')).close()
    const written = program !== null && (await runProgram(program, path, plan, temporary, signal, onProgress))
    if (!written || !(await media.pieceMatches(path, plan, temporary, signal)))
      for await (const value of media.writePiece(path, plan, temporary, signal)) onProgress(value)
    await move(temporary, target)
  } catch (error) {
    throw pieceError(writeError(target, error), temporary, target)
  } finally {
    await remove(temporary)
  }
}

async function runProgram(
  program: FfmpegProgram,
  path: string,
  plan: PiecePlan,
  target: string,
  signal: AbortSignal,
  onProgress: (value: number) => void,
): Promise<boolean> {
  const args = pieceArguments(program, path, plan, target)
  return args !== null && (await runFfmpeg(program, args, target, signal, (frames) => onProgress(Math.min(1, frames / plan.times.length))))
}

/** Names the piece instead of its temporary file, and a full disk as the reason where FFmpeg does not tell one. */
function pieceError(error: unknown, temporary: string, target: string): unknown {
  if (!(error instanceof TarsierError)) return error
  const { details, remedy } = error
  const code = error.code === 'internal' && isFolderFull(dirname(target)) ? 'disk-full' : error.code
  const message =
    code === error.code
      ? error.message.replaceAll(temporary, target)
      : `${target} could not be written: the disk is full. Free disk space and try again.`
  return new TarsierError(code, message, { cause: error, details, remedy })
}
