import stringWidth from 'string-width'
import type { EngineEvent, Stage } from '../shared/engine-events.ts'
import { oneLine } from './printable.ts'

/** The part of a terminal stream that the line uses. */
export interface LineOutput {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

/** Minimum interval between redraws, in milliseconds, unless the stage changes, so that drawing does not slow down a fast model. */
const REDRAW_MS = 80

const STAGE_LABELS: Readonly<Record<Stage, string>> = {
  loading: 'loading the model',
  probing: 'opening',
  looking: 'encoding',
  thinking: 'processing the prompt',
  writing: 'writing',
  rewriting: 'rewriting',
  checking: 'checking against the clip',
}

/** State of the current run. */
export interface ProgressState {
  readonly title: string
  readonly stage: Stage | null
  readonly frame: { readonly done: number; readonly of: number } | null
  /** Pieces of text so far; usually one per token. */
  readonly pieces: number
  /** Seconds since text generation began. */
  readonly writing: number
}

export function progressText({ title, stage, frame, pieces, writing }: ProgressState): string {
  const label = stage === null ? '' : STAGE_LABELS[stage]
  if (stage === 'looking' && frame) return `${title}: ${label}, frame ${frame.done} of ${frame.of}`
  if (stage === 'writing' && pieces > 0) {
    const speed = writing > 0.2 ? `, ${(pieces / writing).toFixed(1)} tokens/s` : ''
    return `${title}: ${label}, ${pieces} tokens${speed}`
  }
  return label ? `${title}: ${label}` : title
}

/** A progress line on stderr that is redrawn in place; nothing if stderr is not a terminal. */
export class ProgressLine {
  readonly #output: LineOutput
  readonly #now: () => number
  #state: ProgressState = { title: '', stage: null, frame: null, pieces: 0, writing: 0 }
  #writingSince = 0
  #drawnAt = Number.NEGATIVE_INFINITY
  #visible = false
  #hidden = false

  constructor(output: LineOutput, now: () => number = () => performance.now()) {
    this.#output = output
    this.#now = now
  }

  get shown(): boolean {
    return this.#output.isTTY === true
  }

  begin(title: string): void {
    this.#state = { title: oneLine(title), stage: null, frame: null, pieces: 0, writing: 0 }
    this.#hidden = false
    this.#draw(true)
  }

  event(event: EngineEvent): void {
    switch (event.kind) {
      case 'stage':
        if (event.stage === 'writing') this.#writingSince = this.#now()
        this.#state = { ...this.#state, stage: event.stage }
        this.#draw(true)
        return
      case 'frame':
        this.#state = { ...this.#state, frame: { done: event.done, of: event.of } }
        this.#draw(event.done === event.of)
        return
      case 'delta':
        this.#state = { ...this.#state, pieces: this.#state.pieces + 1, writing: (this.#now() - this.#writingSince) / 1000 }
        this.#draw(false)
        return
      case 'notice':
      case 'done':
        return
    }
  }

  /** Sets the text after the title, for jobs other than answers. */
  detail(text: string): void {
    this.#state = { ...this.#state, title: oneLine(text), stage: null }
    this.#draw(false)
  }

  /** Removes the line until the next `begin`, because the answer is about to be printed on the same terminal. */
  hide(): void {
    this.clear()
    this.#hidden = true
  }

  clear(): void {
    if (this.#visible) this.#output.write('\r\x1b[K')
    this.#visible = false
  }

  /** Prints a permanent line, on a terminal only. */
  note(text: string): void {
    if (!this.shown) return
    this.clear()
    this.#output.write(`${oneLine(text)}\n`)
  }

  #draw(now: boolean): void {
    if (!this.shown || this.#hidden) return
    const time = this.#now()
    if (!now && time - this.#drawnAt < REDRAW_MS) return
    this.#drawnAt = time
    this.#visible = true
    const columns = Math.max(20, (this.#output.columns || 80) - 1)
    this.#output.write(`\r\x1b[K${cutToColumns(progressText(this.#state), columns)}`)
  }
}

const segmenter = new Intl.Segmenter()

/** The beginning of a text that fits in a number of columns. A line that is wrapped cannot be redrawn in place. */
function cutToColumns(text: string, columns: number): string {
  let left = columns
  let cut = ''
  for (const { segment } of segmenter.segment(text)) {
    left -= stringWidth(segment)
    if (left < 0) break
    cut += segment
  }
  return cut
}
