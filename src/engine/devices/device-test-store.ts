import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { readJson, writeJson } from '../../platform/json-file.ts'
import { type DeviceTest, deviceTestSchema } from '../../shared/device-tests.ts'
import type { DeviceSubject } from './device-use.ts'
import { graphicsFingerprint } from './graphics-fingerprint.ts'

const fileSchema = z.object({ version: z.literal(1), tests: z.record(z.string(), deviceTestSchema) }).strict()
type StoredTests = z.infer<typeof fileSchema>

/** Maximum number of results; the oldest are removed. */
const MAX_TESTS = 128

/**
 * Results of self-tests and crashes of devices, in a file of the data folder. A result is valid for one device, driver, runtime and weights; if one of
 * them changes, the device is tested again.
 */
export class DeviceTestStore {
  readonly #path: string

  constructor(home: string) {
    this.#path = join(home, 'cache', 'device-tests.json')
  }

  async find(subject: DeviceSubject): Promise<DeviceTest | null> {
    const { tests } = await this.#read()
    return tests[await deviceTestKey(subject)] ?? null
  }

  /**
   * Replaces what was known about the subject. If the file cannot be written, the device is only tested again.
   * @param drivers the graphics drivers' fingerprint; defaults to this process's
   */
  async record(
    subject: DeviceSubject,
    result: Pick<DeviceTest, 'passed' | 'attention' | 'crashed' | 'detail'>,
    drivers?: string,
  ): Promise<void> {
    const { weights: _, ...about } = subject
    const test = { ...about, ...result, time: Date.now() }
    const key = await deviceTestKey(subject, drivers)
    const { [key]: _before, ...others } = (await this.#read()).tests
    const tests = Object.fromEntries([...Object.entries(others), [key, test] as const].slice(-MAX_TESTS))
    await writeJson(this.#path, { version: 1, tests } satisfies StoredTests).catch(() => {})
  }

  /** Newest first. */
  async all(): Promise<DeviceTest[]> {
    return Object.values((await this.#read()).tests).sort((a, b) => b.time - a.time)
  }

  /** Removes failed results, so that these devices are tested again. Returns their number. */
  async forgetFailed(): Promise<number> {
    const { tests } = await this.#read()
    const passed = Object.entries(tests).filter(([, test]) => test.passed)
    const forgotten = Object.keys(tests).length - passed.length
    if (forgotten > 0) await writeJson(this.#path, { version: 1, tests: Object.fromEntries(passed) } satisfies StoredTests)
    return forgotten
  }

  async #read(): Promise<StoredTests> {
    return (await readJson(this.#path, fileSchema)) ?? { version: 1, tests: {} }
  }
}

/**
 * Key of everything that a device's results depend on besides the input. Stable across restarts; changes with the driver and runtime.
 * @param drivers the graphics drivers' fingerprint; defaults to this process's
 */
export async function deviceTestKey({ part, device, hardware, runtime, weights }: DeviceSubject, drivers?: string): Promise<string> {
  const identity = JSON.stringify([part, device, hardware, runtime, weights, drivers ?? (await graphicsFingerprint())])
  return createHash('sha256').update(identity).digest('hex').slice(0, 32)
}
