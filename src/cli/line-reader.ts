import { createInterface, type Interface } from 'node:readline'

/**
 * Reads lines from stdin on demand. On a terminal, it has a prompt, editing and history; from a pipe, it reads plain lines. Input that arrives
 * between calls is queued.
 */
export class LineReader implements Disposable {
  readonly #readline: Interface
  readonly #interactive: boolean
  readonly #lines: string[] = []
  #closed = false
  #wake: (() => void) | null = null

  /** `onInterrupt` is called on Ctrl-C, which a terminal in raw mode does not convert to SIGINT. */
  constructor(onInterrupt: () => void) {
    this.#interactive = process.stdin.isTTY === true && process.stdout.isTTY === true
    this.#readline = createInterface({
      input: process.stdin,
      ...(this.#interactive && { output: process.stdout }),
      terminal: this.#interactive,
      historySize: 200,
      removeHistoryDuplicates: true,
      crlfDelay: Number.POSITIVE_INFINITY,
    })
    this.#readline.on('line', (line) => {
      this.#lines.push(line)
      this.#wake?.()
    })
    this.#readline.on('close', () => {
      this.#closed = true
      this.#wake?.()
    })
    this.#readline.on('SIGINT', onInterrupt)
  }

  get interactive(): boolean {
    return this.#interactive
  }

  /** Returns the next line; null at the end of the input or once `signal` is aborted. */
  async next(prompt: string, signal: AbortSignal): Promise<string | null> {
    const onAbort = () => this.#wake?.()
    signal.addEventListener('abort', onAbort)
    try {
      if (this.#interactive && this.#lines.length === 0 && !this.#closed) {
        this.#readline.setPrompt(prompt)
        this.#readline.prompt()
      }
      while (this.#lines.length === 0 && !this.#closed && !signal.aborted) await new Promise<void>((resolve) => (this.#wake = resolve))
      return signal.aborted ? null : (this.#lines.shift() ?? null)
    } finally {
      this.#wake = null
      signal.removeEventListener('abort', onAbort)
    }
  }

  [Symbol.dispose](): void {
    this.#readline.close()
  }
}
