import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

const SCRIPT = fileURLToPath(new URL('./tower_transformers.py', import.meta.url))

/** `model_type` of a checkpoint. */
export type TowerFamily = 'qwen2_vl' | 'qwen2_5_vl' | 'qwen3_vl'

/** transformers' vision tower in a persistent Python process, so that contenders can alternate. */
export class TransformersTower implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>
  readonly #ended: Promise<void>

  private constructor(python: string, family: TowerFamily, config: unknown) {
    this.#child = spawn(python, [SCRIPT, family, JSON.stringify(config)], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', () => resolve())
      this.#child.once('close', () => resolve())
    })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** @param config `vision_config` of a checkpoint of this family */
  static async start(python: string, family: TowerFamily, config: unknown): Promise<TransformersTower> {
    const tower = new TransformersTower(python, family, config)
    await tower.#line()
    return tower
  }

  /** Returns the milliseconds for one frame, or what the tower sees together, of `rows` by `columns` patches, without preprocessing. */
  async time(rows: number, columns: number): Promise<number> {
    this.#child.stdin.write(`${rows} ${columns}\n`)
    return Number(await this.#line())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end()
    await this.#ended
  }

  async #line(): Promise<string> {
    const next = await this.#lines.next()
    if (next.done === true) throw new Error('tower_transformers.py ended before it answered')
    return next.value
  }
}
