import { writeFile } from 'node:fs/promises'
import sharp, { type OverlayOptions } from 'sharp'
import { writeFailure } from '../../../platform/file-failure.ts'
import { isAbort } from '../../../shared/errors.ts'
import { openClip } from '../open-clip.ts'
import { shownPicture } from '../shown-picture.ts'

/** A piece on a contact sheet. */
export interface SheetPiece {
  readonly path: string
  /** First line, such as its number and times. */
  readonly title: string
  readonly caption: string
}

/** Pieces of one page: at most this many columns and rows, so that the picture stays small. */
const COLUMNS = 4
const ROWS = 6
export const PIECES_OF_A_PAGE = COLUMNS * ROWS

/** Pixels. */
const PICTURE = { width: 320, height: 180 }
const GAP = 16
const LINE = 18
const CAPTION_LINES = 2
/** Characters that fit into a line of {@link PICTURE}'s width. */
const LINE_LENGTH = 46
const CELL = { width: PICTURE.width + GAP, height: PICTURE.height + LINE * (1 + CAPTION_LINES) + GAP }

/** Writes a JPEG with the first frame of each piece, its title and the start of its caption. Pieces that cannot be opened get an empty picture. */
export async function writeContactSheet(pieces: readonly SheetPiece[], target: string, signal: AbortSignal): Promise<void> {
  const columns = Math.min(COLUMNS, Math.max(1, pieces.length))
  const width = GAP + columns * CELL.width
  const height = GAP + Math.ceil(pieces.length / columns) * CELL.height
  const overlays: OverlayOptions[] = []
  const texts: string[] = []
  for (const [i, piece] of pieces.entries()) {
    const left = GAP + (i % columns) * CELL.width
    const top = GAP + Math.floor(i / columns) * CELL.height
    const picture = await firstFrame(piece.path, signal)
    if (picture) overlays.push({ input: picture, left, top })
    const lines = [piece.title, ...wrapped(piece.caption)]
    for (const [line, text] of lines.entries())
      texts.push(
        `<text x="${left}" y="${top + PICTURE.height + (line + 1) * LINE - 3}" fill="${line === 0 ? '#fff' : '#bbb'}">${escaped(text)}</text>`,
      )
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="13">${texts.join('')}</svg>`
  const sheet = sharp({ create: { width, height, channels: 3, background: '#1b1b1f' } })
    .composite([...overlays, { input: Buffer.from(svg), left: 0, top: 0 }])
    .jpeg({ quality: 85 })
  try {
    await writeFile(target, await sheet.toBuffer())
  } catch (error) {
    throw writeFailure(`${target} could not be written`, error)
  }
}

async function firstFrame(path: string, signal: AbortSignal): Promise<Buffer | null> {
  try {
    await using clip = await openClip(path, signal)
    for await (const frame of clip.frames(clip.plan({ kind: 'indices', indices: [0] }), signal)) {
      const { width, height, picture } = shownPicture(frame, clip.info, PICTURE, true)
      const [left, top] = [Math.floor((PICTURE.width - width) / 2), Math.floor((PICTURE.height - height) / 2)]
      const edges = { left, top, right: PICTURE.width - width - left, bottom: PICTURE.height - height - top }
      return await picture
        .extend({ ...edges, background: '#000' })
        .jpeg({ quality: 90 })
        .toBuffer()
    }
    return null
  } catch (error) {
    if (isAbort(error)) throw error
    return null // the sheet shows the other pieces
  }
}

/** The lines of a caption; the last one ends with an ellipsis if there is more. */
export function wrapped(caption: string): string[] {
  const lines: string[] = []
  let rest = caption.replace(/\s+/g, ' ').trim()
  while (rest !== '' && lines.length < CAPTION_LINES) {
    const last = lines.length === CAPTION_LINES - 1
    const letters = Array.from(rest)
    if (letters.length <= LINE_LENGTH) return [...lines, rest]
    const space = letters.slice(0, LINE_LENGTH + 1).lastIndexOf(' ')
    const end = last ? LINE_LENGTH - 1 : space > 0 ? space : LINE_LENGTH
    lines.push(letters.slice(0, end).join('').trimEnd() + (last ? '…' : ''))
    rest = letters.slice(end).join('').trimStart()
  }
  return lines
}

/** Characters that XML does not allow are left out. */
function escaped(text: string): string {
  const allowed = Array.from(text).filter(
    (letter) => letter >= ' ' && !/[\ud800-\udfff\ufffe\uffff]/.test(letter.length === 1 ? letter : ''),
  )
  return allowed.join('').replace(/[&<>]/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[letter] ?? '')
}
