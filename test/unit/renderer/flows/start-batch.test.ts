import { implement, ORPCError } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { beforeEach, expect, test } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import type { GivenFile } from '../../../../src/renderer/lib/given-file.ts'
import { FAILED } from '../../../../src/shared/contract/base.ts'
import { type BatchJob, batchContract } from '../../../../src/shared/contract/batch.ts'
import type { ClipMetadata } from '../../../../src/shared/contract/clips.ts'
import { servePage } from '../../../helpers/page-service.ts'

const id = (letter: string) => letter.repeat(22)
const area = implement(batchContract)
let create: (clips: readonly string[]) => BatchJob
const handler = new RPCHandler({
  batch: {
    create: area.create.handler(({ input }) => create(input.clips)),
    watch: area.watch.handler(async function* () {}),
  },
})
await servePage(handler)
const { askAboutBatch, dropPendingBatch, startBatch } = await import('../../../../src/renderer/flows/start-batch.ts')
const { usePendingBatch } = await import('../../../../src/renderer/stores/pending-batch.ts')
const { useView } = await import('../../../../src/renderer/stores/view.ts')

const options = { title: 'Shapes', question: undefined, settings: {}, skipDescribed: true }
const job: BatchJob = {
  id: id('j'),
  title: 'Shapes',
  question: null,
  settings: {},
  state: 'running',
  counts: { waiting: 2, running: 0, done: 0, failed: 0, skipped: 0 },
  refused: [],
  created: 1,
  secondsLeft: null,
}
const pending = () => usePendingBatch.getState().pending
/** A file that becomes a clip, even if that is no longer wanted, as in the shell. */
const fileOf = (letter: string, onHand = () => {}): GivenFile => ({
  name: `${letter}.mp4`,
  size: 1,
  hand: async () => {
    onHand()
    return { handle: id(letter) } as ClipMetadata
  },
})

beforeEach(() => {
  usePendingBatch.setState({ pending: null })
  useView.setState({ view: 'clip' })
})

test('starts a batch with all clips, and shows it', async () => {
  let given: readonly string[] = []
  create = (clips) => {
    given = clips
    return job
  }
  askAboutBatch([fileOf('a'), fileOf('b')])
  await startBatch(options)
  expect(given).toEqual([id('a'), id('b')])
  expect(pending()).toBeNull()
  expect(useView.getState().view).toBe('batches')
})

test('a batch that cannot be started stays in its dialog with the reason, and can be tried again', async () => {
  create = () => {
    const data = { code: 'disk-full' as const, message: 'The disk is full.' }
    throw new ORPCError(FAILED, { status: 422, message: data.message, data, defined: true })
  }
  askAboutBatch([fileOf('a'), fileOf('b')])
  await startBatch(options)
  expect(pending()).toMatchObject({ sending: false, problem: { code: 'disk-full' } })
  create = () => job
  await startBatch(options)
  expect(pending()).toBeNull()
})

test('a batch that is cancelled while its files are handed over is not started', async () => {
  let created = false
  create = () => {
    created = true
    return job
  }
  askAboutBatch([fileOf('a', dropPendingBatch), fileOf('b')])
  await startBatch(options)
  expect(pending()).toBeNull()
  expect(created).toBe(false)
  expect(useView.getState().view).toBe('clip')
})

test('a batch whose dialog is closed while it is started takes nobody away from another view', async () => {
  create = () => {
    dropPendingBatch()
    useView.getState().show('library')
    return job
  }
  askAboutBatch([fileOf('a'), fileOf('b')])
  await startBatch(options)
  expect(pending()).toBeNull()
  expect(useView.getState().view).toBe('library')
})
