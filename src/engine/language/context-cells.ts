import { TarsierError } from '../../shared/errors.ts'
import type { Mark } from './types.ts'

/**
 * Contents of a context's cells: the t position of each, in the order of evaluation. llama.cpp removes cells by position, callers rewind by
 * cells, and with M-RoPE these differ: all rows of a frame have the same t, and the positions of a clip's last rows are below the position
 * of what follows the clip.
 */
export class ContextCells {
  readonly capacity: number
  /** t of each cell; non-decreasing. */
  #times: Int32Array
  #mark: Mark = { cells: 0, position: 0 }

  constructor(capacity: number) {
    this.capacity = capacity
    this.#times = new Int32Array(Math.min(capacity, 4096))
  }

  get mark(): Mark {
    return this.#mark
  }

  get times(): Int32Array {
    return this.#times.subarray(0, this.#mark.cells)
  }

  /** Throws `context-full` if `count` more cells do not fit. */
  reserve(count: number): void {
    const { cells } = this.#mark
    if (cells + count <= this.capacity) return
    throw new TarsierError(
      'context-full',
      `${count} more tokens do not fit: the context has ${this.capacity} cells, of which ${cells} are used. Use fewer frames or fewer pixels per frame, or start a new conversation.`,
      { details: { wanted: count, used: cells, capacity: this.capacity } },
    )
  }

  addTokens(count: number): void {
    const { cells, position } = this.#mark
    this.#grow(cells + count)
    for (let i = 0; i < count; i += 1) this.#times[cells + i] = position + i
    this.#mark = { cells: cells + count, position: position + count }
  }

  addRows(times: Int32Array, next: number): void {
    const { cells } = this.#mark
    this.#grow(cells + times.length)
    this.#times.set(times, cells)
    this.#mark = { cells: cells + times.length, position: next }
  }

  /** Replaces all contents, e.g. after a state was restored. */
  set(times: Int32Array, mark: Mark): void {
    this.#grow(times.length)
    this.#times.set(times)
    this.#mark = mark
  }

  /** A copy of the cells before a mark, with the capacity that the cells after it leave. */
  upTo(at: Mark): ContextCells {
    this.rewindTarget(at)
    const copy = new ContextCells(this.capacity - (this.#mark.cells - at.cells))
    copy.set(this.#times.slice(0, at.cells), { ...at })
    return copy
  }

  /**
   * Rewinds to a mark.
   * @returns the first position to remove
   */
  rewind(to: Mark): number {
    const first = this.rewindTarget(to)
    this.#mark = { ...to }
    return first
  }

  /** The first position after a mark. Throws `RangeError` for a mark that was not reached, or within a frame. */
  rewindTarget(to: Mark): number {
    const { cells } = this.#mark
    if (!Number.isInteger(to.cells) || to.cells < 0 || to.cells > cells) throw new RangeError(`cannot go from cell ${cells} to ${to.cells}`)
    const first = to.cells < cells ? (this.#times[to.cells] ?? 0) : to.position
    if (to.cells > 0 && to.cells < cells && (this.#times[to.cells - 1] ?? 0) >= first)
      throw new RangeError(`cell ${to.cells} lies within a frame`)
    return first
  }

  /** Rewinds without checking whether a frame is split: for cells that llama.cpp has already removed. */
  truncate(to: Mark): void {
    this.#mark = { ...to }
  }

  /** Number of cells with a position before `time`. */
  cellsBefore(time: number): number {
    let cells = this.#mark.cells
    while (cells > 0 && (this.#times[cells - 1] ?? 0) >= time) cells -= 1
    return cells
  }

  #grow(cells: number): void {
    if (cells <= this.#times.length) return
    const grown = new Int32Array(Math.min(this.capacity, Math.max(cells, this.#times.length * 2)))
    grown.set(this.#times)
    this.#times = grown
  }
}
