import { randomUUID } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { z } from 'zod'
import type { MediaClient } from '../../engine/host/media-client.ts'
import { PIECES_OF_A_PAGE } from '../../engine/media/pieces/contact-sheet.ts'
import { exists, isTaken } from '../../platform/disk.ts'
import { isFolderWritable } from '../../platform/file-failure.ts'
import { move, remove } from '../../platform/move.ts'
import type { TarsierError } from '../../shared/errors.ts'
import { JsonLinesFile } from '../sinks/json-lines.ts'
import { replaceFile, writeError } from '../write-file.ts'

/** File of the captions of all pieces in a folder: a line of JSON each, as the `datasets` library reads folders of videos. */
const METADATA = 'metadata.jsonl'
/** Characters of the source's name in the name of a piece; file systems allow 255 bytes in all. */
const NAME_LENGTH = 50

const lineSchema = z.looseObject({
  file_name: z.string(),
  /** Caption. */
  text: z.string(),
  /** Path of the clip as the user gave it. */
  source: z.string(),
  /** Requested range in seconds from the clip's first frame. */
  start: z.number(),
  end: z.number(),
  /** Range of the frames in the file. */
  true_start: z.number(),
  true_end: z.number(),
  model: z.string(),
  mode: z.enum(['copy', 'exact']),
})
export type PieceLine = z.infer<typeof lineSchema>

/** A folder of pieces with their captions. It can be written to by one process at a time. */
export class PieceFolder implements AsyncDisposable {
  readonly path: string
  readonly #lines: Map<string, PieceLine>
  readonly #file: JsonLinesFile
  readonly #names = new Map<string, string>()
  /** Whether a file was replaced, so that `metadata.jsonl` has two lines about it. */
  #repeated = false
  /** Files of this run, for the contact sheet. */
  readonly #seen = new Set<string>()
  /** Whether this run has written a piece. */
  #written = false

  private constructor(path: string, lines: Map<string, PieceLine>, file: JsonLinesFile) {
    this.path = path
    this.#lines = lines
    this.#file = file
  }

  /**
   * Creates the folder if it does not exist. Throws `disk-full` and `write-failed`.
   * @param sources all clips of the run as the user gave them: a clip's pieces have the same names whether the others are cut or not
   */
  static async open(path: string, sources: readonly string[]): Promise<PieceFolder> {
    const metadata = join(path, METADATA)
    await mkdir(path, { recursive: true }).catch((error: unknown) => {
      throw writeError(path, error)
    })
    // Users and other programs may have lines of their own there, with other fields.
    await JsonLinesFile.repair(metadata, (value) => typeof value === 'object' && value !== null)
    const lines = new Map<string, PieceLine>()
    // The piece of a damaged line counts as missing.
    for (const line of await JsonLinesFile.read(metadata, lineSchema)) lines.set(line.file_name, line)
    const folder = new PieceFolder(path, lines, await JsonLinesFile.open(metadata, { durable: true }))
    for (const source of sources) folder.prefixFor(source)
    return folder
  }

  /** Start of the names of a clip's pieces: the clip's name, with a number if an earlier clip of the run has it. */
  prefixFor(source: string): string {
    const known = this.#names.get(source)
    if (known !== undefined) return known
    const name =
      Array.from(basename(source, extname(source)))
        .slice(0, NAME_LENGTH)
        .join('') || 'clip'
    const taken = new Set([...this.#names.values()].map((prefix) => prefix.toLowerCase()))
    let prefix = name
    for (let copy = 2; taken.has(prefix.toLowerCase()); copy += 1) prefix = `${name}-${copy}`
    this.#names.set(source, prefix)
    return prefix
  }

  /** Path of a piece of a clip that an earlier run has written; null if there is none. */
  pieceOf(source: string): string | null {
    const line = [...this.#lines.values()].find((each) => each.source === source && !this.#seen.has(each.file_name))
    return line ? join(this.path, line.file_name) : null
  }

  /** Whether an earlier run has written this piece, with the same range. */
  async has(line: Pick<PieceLine, 'file_name' | 'source' | 'start' | 'end' | 'mode'>): Promise<boolean> {
    const before = this.#lines.get(line.file_name)
    const same =
      before && before.source === line.source && before.start === line.start && before.end === line.end && before.mode === line.mode
    if (!same || !(await exists(join(this.path, line.file_name)))) return false
    this.#seen.add(line.file_name)
    return true
  }

  /** Whether an error came because nothing can be written here any more, so that all further pieces would fail too. */
  isLost({ code }: TarsierError): boolean {
    return code === 'write-failed' && !isFolderWritable(this.path)
  }

  /** Records a written piece. */
  async add(line: PieceLine): Promise<void> {
    this.#repeated ||= this.#lines.has(line.file_name)
    this.#lines.set(line.file_name, line)
    this.#seen.add(line.file_name)
    this.#written = true
    await this.#file.add(line)
  }

  /**
   * Writes a picture of all pieces of this run with times and captions: `contact-sheet.jpg`, with further pages for many pieces. Does nothing if there is
   * one and the run has written no piece.
   * @param overwrite whether existing sheets are replaced; otherwise the pages get the next free names (`contact-sheet-2.jpg`)
   */
  async writeSheets(
    media: Pick<MediaClient, 'contactSheet'>,
    { overwrite }: { readonly overwrite: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    if (!this.#written && (await isTaken(join(this.path, sheetName(1))))) return
    let number = 0
    const pieces = [...this.#lines.values()].filter(({ file_name }) => this.#seen.has(file_name))
    for (let page = 0; page * PIECES_OF_A_PAGE < pieces.length; page += 1) {
      const shown = pieces.slice(page * PIECES_OF_A_PAGE, (page + 1) * PIECES_OF_A_PAGE)
      let target: string
      do {
        number += 1
        target = join(this.path, sheetName(number))
      } while (!overwrite && (await isTaken(target)))
      const temporary = join(this.path, `.contact-sheet.${randomUUID()}.part`)
      try {
        const cells = shown.map((line) => ({ path: join(this.path, line.file_name), title: titleOf(line), caption: line.text }))
        await media.contactSheet(cells, temporary, signal)
        await move(temporary, target)
      } catch (error) {
        throw writeError(target, error)
      } finally {
        await remove(temporary)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]()
    if (!this.#repeated) return
    const metadata = join(this.path, METADATA)
    try {
      await replaceFile(this.path, METADATA, `${lastOfEach((await readFile(metadata, 'utf8')).trimEnd().split('\n')).join('\n')}\n`)
    } catch (error) {
      throw writeError(metadata, error)
    }
  }
}

/** The last line about each piece, in place of its first one. All other lines stay as they are. */
function lastOfEach(lines: readonly string[]): string[] {
  const last = new Map<string, string>()
  const named = lines.map((line) => ({ line, name: pieceIn(line) }))
  for (const { line, name } of named) if (name !== null) last.set(name, line)
  return named.flatMap(({ line, name }) => {
    if (name === null) return [line]
    const kept = last.get(name)
    last.delete(name)
    return kept === undefined ? [] : [kept]
  })
}

/** File name of the piece that a line is about; null for a line of something else. */
function pieceIn(line: string): string | null {
  try {
    return lineSchema.parse(JSON.parse(line)).file_name
  } catch {
    return null
  }
}

function sheetName(number: number): string {
  return number === 1 ? 'contact-sheet.jpg' : `contact-sheet-${number}.jpg`
}

/** Name of a piece: `clip-003-00.01.02.500.mp4` is the third one and starts at 1:02.5. */
export function pieceName(prefix: string, number: number, start: number, extension: string): string {
  return `${prefix}-${String(number).padStart(3, '0')}-${clock(start, '.')}.${extension}`
}

function titleOf({ file_name, true_start, true_end }: PieceLine): string {
  const number = /-(\d+)-[\d.]+\.\w+$/.exec(file_name)?.[1] ?? ''
  return `${Number(number)}   ${clock(true_start, ':')} – ${clock(true_end, ':')}`
}

function clock(seconds: number, separator: string): string {
  const total = Math.round(seconds * 1000)
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const parts = [two(total / 3_600_000), two((total / 60_000) % 60), two((total / 1000) % 60)]
  return `${parts.join(separator)}.${String(total % 1000).padStart(3, '0')}`
}
