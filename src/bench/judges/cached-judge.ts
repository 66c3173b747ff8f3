import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { JsonLinesFile } from '../../jobs/sinks/json-lines.ts'
import type { JsonLine } from '../json-lines.ts'
import { openLineFile } from '../line-file.ts'
import type { Judge, JudgeCall } from './judge.ts'

const entrySchema = z.object({ key: z.string(), verdict: z.unknown() })

/**
 * A judge that caches verdicts by content: the judge, the prompt with its version, and the texts. Appends each verdict as a line of JSON as soon as
 * it is available. Does not cache failures.
 */
export class CachedJudge implements Judge {
  readonly name: string
  readonly #judge: Judge
  readonly #file: JsonLinesFile
  readonly #verdicts: Map<string, unknown>

  private constructor(judge: Judge, file: JsonLinesFile, verdicts: Map<string, unknown>) {
    this.name = judge.name
    this.#judge = judge
    this.#file = file
    this.#verdicts = verdicts
  }

  /** Takes ownership of the judge: closes it with this one, or if the file cannot be opened (`file-unreadable`, `disk-full`, `write-failed`). */
  static async open(judge: Judge, path: string, signal: AbortSignal): Promise<CachedJudge> {
    const verdicts = new Map<string, unknown>()
    const keep = ({ value }: JsonLine) => {
      const entry = entrySchema.safeParse(value)
      if (entry.success) verdicts.set(entry.data.key, entry.data.verdict)
    }
    try {
      return new CachedJudge(judge, await openLineFile(path, keep, signal), verdicts)
    } catch (error) {
      await judge[Symbol.asyncDispose]()
      throw error
    }
  }

  async ask<T>(call: JudgeCall<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    const key = keyOf(this.name, call)
    // The file may be from an older version or edited by hand: ask again if an entry does not match the schema.
    const stored = call.schema.safeParse(this.#verdicts.get(key))
    if (stored.success) return stored.data
    const verdict = await this.#judge.ask(call, signal)
    this.#verdicts.set(key, verdict)
    await this.#file.add({ key, judge: this.name, prompt: call.prompt.name, version: call.prompt.version, verdict })
    return verdict
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]()
    await this.#judge[Symbol.asyncDispose]()
  }
}

function keyOf(judge: string, { prompt, system, user }: JudgeCall<unknown>): string {
  return createHash('sha256')
    .update(JSON.stringify([judge, prompt.name, prompt.version, system, user]))
    .digest('hex')
}
