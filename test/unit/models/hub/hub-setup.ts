import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { type FetchedCheckpoint, type FetchOptions, fetchCheckpoint } from '../../../../src/engine/models/hub/fetch-checkpoint.ts'
import type { RetryPolicy } from '../../../../src/engine/models/hub/transient.ts'
import { HubServer } from '../../../helpers/hub-server.ts'
import { noise } from '../../../helpers/noise.ts'

export const REPOSITORY = 'someone/Small-VL'
export const COMMIT = '1234567890abcdef1234567890abcdef12345678'
export const WEIGHTS = 'model.safetensors'
/** More than one network chunk. */
export const weights = noise(300_000, 1)

const text = (value: string) => new TextEncoder().encode(value)

export function checkpoint(): Map<string, Uint8Array> {
  return new Map([
    ['config.json', text('{"model_type":"qwen2_vl"}')],
    ['tokenizer.json', noise(5000, 2)],
    ['README.md', text('---\nlicense: apache-2.0\n---\n')],
    [WEIGHTS, weights],
    // The same weights in another form, which is not needed.
    ['pytorch_model.bin', noise(1000, 3)],
    ['.gitattributes', text('*.safetensors filter=lfs')],
    ['figures/overview.png', noise(100, 4)],
  ])
}

/** Four attempts of a few milliseconds. A process that gets no processor time for a while has not stalled. */
const patience: RetryPolicy = { attempts: 4, backoff: 1, stall: 30_000 }

type Fetched = Pick<FetchedCheckpoint, 'directory' | 'commit' | 'repository' | 'removable'>

interface Setup {
  hub: HubServer
  home: string
  /** A separate Hugging Face home, so that this machine's has no influence. */
  env: Record<string, string>
  /** Fetches the repository, and holds it until disposal. */
  hold(options?: Partial<FetchOptions>): Promise<FetchedCheckpoint>
  /** Fetches the repository and releases it, and returns what was fetched. */
  fetch(options?: Partial<FetchOptions>): Promise<Fetched>
}

/** A hub with one repository, and an empty home, for every test. */
export function hubSetup(): Setup {
  const setup = {} as Setup
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tarsier-hub-'))
    setup.hub = await HubServer.start()
    setup.hub.add(REPOSITORY, { commit: COMMIT, revisions: ['main', 'v1.0'], files: checkpoint() })
    setup.home = join(folder, 'home')
    setup.env = { HF_ENDPOINT: setup.hub.endpoint, HF_HOME: join(folder, 'hf') }
    setup.hold = (options = {}) =>
      fetchCheckpoint(REPOSITORY, {
        home: setup.home,
        env: setup.env,
        signal: new AbortController().signal,
        ...options,
        retryPolicy: { ...patience, ...options.retryPolicy },
      })
    setup.fetch = async (options) => {
      await using fetched = await setup.hold(options)
      const { directory, commit, repository, removable } = fetched
      return { directory, commit, repository, removable }
    }
  })
  afterEach(async () => {
    await setup.hub[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  return setup
}
