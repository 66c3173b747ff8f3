import { resolve } from 'node:path'
import { isPlaceholder } from '../../bench/annotations.ts'
import { clipsOf } from '../../bench/sample.ts'
import { STOPPING_CODES } from '../../jobs/driver.ts'
import { SidecarNames } from '../../jobs/sidecar-names.ts'
import { writeSidecar } from '../../jobs/sinks/sidecar.ts'
import { isTaken } from '../../platform/disk.ts'
import { isAbort, TarsierError } from '../../shared/errors.ts'
import { isAddress } from '../clip-places.ts'
import { type Unit, unitSchema } from '../unit.ts'
import { resultRow } from './result-row.ts'
import type { StoredUnit } from './stored-results.ts'

export interface SidecarsOptions {
  /** Folder in which clips with relative paths are on this machine; null for the current folder. */
  readonly videos: string | null
  /** What is done about text files that exist: the clip fails, they are kept, or they are replaced. */
  readonly existing: 'refuse' | 'skip' | 'overwrite'
  /** Called for each text that could not be written; the others are. */
  readonly onFailure: (file: string, error: unknown) => void
}

/**
 * Writes a text beside each clip that did not fail, as `describe --sidecar txt` does. Clips at addresses have none. The second text of a clip gets
 * the number 2, and so on, in the order in which its questions were submitted: each keeps its name while others are answered.
 */
export class Sidecars {
  readonly #options: SidecarsOptions
  readonly #names = new SidecarNames('txt', [])
  /** Questions about each clip so far. */
  readonly #asked = new Map<string, number>()
  /** Files of this export. */
  readonly #targets = new Set<string>()
  #written = 0
  #present = 0
  #failed = 0

  constructor(options: SidecarsOptions) {
    this.#options = options
  }

  get counts(): { readonly written: number; readonly present: number; readonly failed: number } {
    return { written: this.#written, present: this.#present, failed: this.#failed }
  }

  /** Writes the texts of further units, in the order in which they were submitted. Throws `disk-full`, which would affect all others. */
  async write(units: readonly StoredUnit[], signal: AbortSignal): Promise<void> {
    for (const { content, result } of units) {
      signal.throwIfAborted()
      const unit = unitSchema.parse(JSON.parse(content))
      const number = this.#numberOf(unit)
      if (result === null) continue
      const { text, error, file: found } = resultRow(result)
      const file = submittedFile(unit) ?? found
      if (error !== '' || file === '' || isAddress(file)) continue
      try {
        await this.#writeText(this.#pathOf(file), number, text)
      } catch (reason) {
        if (isAbort(reason) || (reason instanceof TarsierError && STOPPING_CODES.includes(reason.code))) throw reason
        this.#failed += 1
        this.#options.onFailure(file, reason)
      }
    }
  }

  async #writeText(clip: string, first: number, text: string): Promise<void> {
    const { existing } = this.#options
    let target = await this.#names.of(clip, first)
    // Two annotations may name one clip differently.
    for (let number = first + 1; this.#targets.has(target); number += 1) target = await this.#names.of(clip, number)
    this.#targets.add(target)
    if (existing === 'skip' && (await isTaken(target))) {
      this.#present += 1
      return
    }
    await writeSidecar(target, text, { overwrite: existing === 'overwrite' })
    this.#written += 1
  }

  #numberOf(unit: Unit): number {
    const clip = this.#clipOf(unit)
    const number = (this.#asked.get(clip) ?? 0) + 1
    this.#asked.set(clip, number)
    return number
  }

  /** What identifies the clip of a unit, whether it has a result or not. */
  #clipOf(unit: Unit): string {
    const file = submittedFile(unit)
    if (file !== null || unit.kind !== 'sample') return this.#pathOf(file ?? '')
    const { dataset, vid } = unit.sample
    return JSON.stringify([dataset, vid, clipsOf(unit.sample)[0]?.file])
  }

  #pathOf(file: string): string {
    return resolve(this.#options.videos ?? '.', file)
  }
}

/** The clip as it was submitted, because a result has its path on the worker's machine; null if only the worker knows it. */
function submittedFile(unit: Unit): string | null {
  const file = unit.kind === 'sample' ? clipsOf(unit.sample)[0]?.file : unit.file
  return typeof file === 'string' && !isPlaceholder(file) ? file : null
}
