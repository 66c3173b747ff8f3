import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { readJson, writeJson } from '../../platform/json-file.ts'
import { type DeviceTest, deviceTestSchema } from '../../shared/device-tests.ts'
import { graphicsFingerprint } from './graphics-fingerprint.ts'

const bookSchema = z.object({ version: z.literal(1), tests: z.record(z.string(), deviceTestSchema) }).strict()
type Book = z.infer<typeof bookSchema>

/** Tests remembered; the oldest go. */
const MAX_TESTS = 128

/** What is tested: a device with one file of weights, as one version of a runtime computes it. */
export interface TestSubject extends Pick<DeviceTest, 'part' | 'device' | 'hardware' | 'runtime' | 'model'> {
  /** sha256 of the weights' file, hex. */
  readonly weights: string
}

/**
 * Results of the devices' self-tests, in a file of the home. A result holds for one device, driver, runtime and weights; when one of them changes there
 * is none, and the test is made again.
 */
export class DeviceTestBook {
  readonly #path: string

  constructor(home: string) {
    this.#path = join(home, 'cache', 'device-tests.json')
  }

  async find(subject: TestSubject): Promise<DeviceTest | null> {
    const { tests } = await this.#read()
    return tests[await deviceTestKey(subject)] ?? null
  }

  /** A disk that cannot be written to costs the same test once more, and nothing else. */
  async note(subject: TestSubject, result: Pick<DeviceTest, 'passed' | 'attention' | 'detail'>): Promise<void> {
    const { weights: _, ...about } = subject
    const test = { ...about, ...result, time: Date.now() }
    const key = await deviceTestKey(subject)
    const { [key]: _before, ...others } = (await this.#read()).tests
    const tests = Object.fromEntries([...Object.entries(others), [key, test] as const].slice(-MAX_TESTS))
    await writeJson(this.#path, { version: 1, tests } satisfies Book).catch(() => {})
  }

  /** The newest first. */
  async all(): Promise<DeviceTest[]> {
    return Object.values((await this.#read()).tests).sort((a, b) => b.time - a.time)
  }

  /** Forgets what failed, so that it is tried again. Returns how many were forgotten. */
  async forgetFailed(): Promise<number> {
    const { tests } = await this.#read()
    const passed = Object.entries(tests).filter(([, test]) => test.passed)
    const forgotten = Object.keys(tests).length - passed.length
    if (forgotten > 0) await writeJson(this.#path, { version: 1, tests: Object.fromEntries(passed) } satisfies Book)
    return forgotten
  }

  async #read(): Promise<Book> {
    return (await readJson(this.#path, bookSchema)) ?? { version: 1, tests: {} }
  }
}

/** Names what a device's results depend on beside the input: the same before and after a restart, another one when a driver or runtime was changed. */
export async function deviceTestKey({ part, device, hardware, runtime, weights }: TestSubject): Promise<string> {
  const identity = JSON.stringify([part, device, hardware, runtime, weights, await graphicsFingerprint()])
  return createHash('sha256').update(identity).digest('hex').slice(0, 32)
}
