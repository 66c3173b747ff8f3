import type { FoundClip } from '../jobs/find-clips.ts'
import type { Answer, EngineEvent } from '../shared/engine-events.ts'
import { TarsierError } from '../shared/errors.ts'
import type { Estimate } from '../shared/estimate.ts'
import { captionOf } from '../shared/shaping/shaped-answer.ts'
import { type EstimateLine, estimateLine, estimateText } from './describe-estimate.ts'
import { answerLine, type DescribeLine, failureLine } from './describe-line.ts'
import { printError } from './errors.ts'
import { oneLine, printable } from './printable.ts'
import { ProgressLine } from './progress-line.ts'
import { withRemedy } from './remedy-text.ts'
import { summaryOf } from './summary.ts'

/** Writes results as plain text or JSON lines to stdout, and everything else to stderr. */
export class DescribeOutput {
  readonly progress = new ProgressLine(process.stderr)
  readonly #json: boolean
  readonly #headed: boolean
  readonly #shaped: boolean
  #file = ''
  #written = ''
  #any = false
  anyFailed = false

  /**
   * @param headed whether to print each clip's name above its text
   * @param shaped whether answers have a shape, and are therefore printed when they are whole
   */
  constructor({ json, headed, shaped }: { readonly json: boolean; readonly headed: boolean; readonly shaped: boolean }) {
    this.#json = json
    this.#headed = headed
    this.#shaped = shaped
  }

  begin(file: string, title: string): void {
    this.#file = file
    this.#written = ''
    this.progress.begin(title)
  }

  event(file: string, event: EngineEvent): void {
    this.progress.event(event)
    if (event.kind === 'delta' && !this.#shaped) this.#text(event.text)
    else if (event.kind === 'notice') this.#notice(file, withRemedy(event))
  }

  #text(text: string): void {
    if (this.#json) return
    // On a shared terminal, answer and progress would overwrite each other.
    if (process.stdout.isTTY) this.progress.hide()
    if (this.#written === '') this.#head()
    this.#written += text
    this.#print(text)
  }

  #notice(file: string, text: string): void {
    this.progress.clear()
    process.stderr.write(`tarsier: ${oneLine(file)}: ${oneLine(text)}\n`)
  }

  answered(file: string, model: string, answer: Answer): void {
    if (this.#json) this.#line(answerLine(file, model, answer))
    else {
      const caption = captionOf(answer.text, answer.shaped)
      if (this.#shaped && caption !== '') this.#text(caption)
      // An empty answer also has its heading and line.
      if (this.#written === '') this.#head()
      this.#print('\n')
    }
    this.progress.clear()
    this.progress.note(summaryOf(answer))
  }

  estimated(file: string, model: string, estimate: Estimate): void {
    if (estimate.problem) this.anyFailed = true
    if (this.#json) this.#line(estimateLine(file, model, estimate))
    else {
      this.#head()
      this.#print(`${estimateText(estimate)}\n`)
    }
    this.progress.clear()
    for (const text of estimate.notices) this.#notice(file, text)
    if (estimate.problem) printError(TarsierError.fromData(estimate.problem), file)
  }

  failed(file: string, error: unknown): void {
    this.anyFailed = true
    this.interrupted()
    if (this.#json) this.#line(failureLine(file, error))
    printError(error, file)
  }

  /** Reports that the model could not be loaded: every clip fails for the same reason, which is printed once as text, or for each clip as JSON. */
  modelFailed(clips: readonly FoundClip[], reason: unknown): void {
    this.progress.clear()
    if (this.#json) for (const { file, error } of clips) this.#line(failureLine(file, error ?? reason))
    for (const { file, error } of clips) if (error) printError(error, file)
    printError(reason)
  }

  /** Ends a partially written line. */
  interrupted(): void {
    this.progress.clear()
    if (!this.#json && this.#written !== '') this.#print('\n')
    this.#written = ''
  }

  #head(): void {
    if (!this.#headed) return
    this.#print(`${this.#any ? '\n' : ''}${this.#file}\n`)
    this.#any = true
  }

  #line(line: DescribeLine | EstimateLine): void {
    this.progress.clear()
    process.stdout.write(`${JSON.stringify(line)}\n`)
  }

  #print(text: string): void {
    process.stdout.write(process.stdout.isTTY ? printable(text) : text)
  }
}
