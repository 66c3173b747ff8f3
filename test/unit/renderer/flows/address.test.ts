import { implement } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { afterEach, expect, test, vi } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { type BenchRun, type BenchRunSummary, benchContract } from '../../../../src/shared/contract/bench.ts'
import { servePage } from '../../../helpers/page-service.ts'
import { WAIT } from '../../../helpers/wait.ts'

const area = implement(benchContract)
const id = 'r'.repeat(22)
const removed = 'o'.repeat(22)
const run = { id } as unknown as BenchRun
const handler = new RPCHandler({
  bench: {
    list: area.list.handler(() => ({ runs: [run as unknown as BenchRunSummary], folder: null }) as never),
    get: area.get.handler(() => run),
  },
})
await servePage(handler)
const history = {
  replaceState: (_state: null, _title: string, address: string) => go(address),
  pushState: (_state: null, _title: string, address: string) => go(address),
}
const page = new EventTarget()
const location = { href: window.location.href, pathname: '/', search: '', hash: '' }
const go = (address: string) => {
  location.hash = address.slice(1)
}
vi.stubGlobal('window', Object.assign(page, { location, history }))
vi.stubGlobal('document', { title: '' })
const { followAddress } = await import('../../../../src/renderer/flows/address.ts')
const { useBench } = await import('../../../../src/renderer/stores/bench.ts')
const { useBenchList } = await import('../../../../src/renderer/stores/bench-list.ts')
const { useBenchSample } = await import('../../../../src/renderer/stores/bench-sample.ts')
const { useProblem } = await import('../../../../src/renderer/stores/problem.ts')
const { useView } = await import('../../../../src/renderer/stores/view.ts')

let stop = () => {}
const follow = (hash: string) => {
  location.hash = hash
  stop = followAddress()
}
const list = (other: string | null) =>
  useBenchList.setState({ query: { run: id, other, dataset: null, text: '', state: null, change: null, order: 'run' }, loading: false })

afterEach(async () => {
  stop()
  useBenchList.setState({ query: null })
  useBenchSample.getState().close()
  await useBench.getState().show(null)
})

test('opens the sample of a comparison whose second run was removed, and says so', async () => {
  follow(`#/benchmarks/${id}?with=${removed}&sample=K&row=3`)
  await vi.waitFor(() => expect(useBench.getState().run).not.toBeNull(), WAIT)
  list(null)
  await vi.waitFor(() => expect(useBenchSample.getState().choice).toEqual({ key: 'K', index: 3, first: id, second: null }), WAIT)
  expect(useProblem.getState().problem?.code).toBe('nothing-found')
  await vi.waitFor(() => expect(location.hash).toBe(`#/benchmarks/${id}?sample=K&row=3`), WAIT)
})

test('an address that is left before its list is read is not opened later, and the address follows the view again', async () => {
  follow(`#/benchmarks/${id}?sample=K&row=3`)
  await vi.waitFor(() => expect(useBench.getState().run).not.toBeNull(), WAIT)
  await useBench.getState().show(null)
  await vi.waitFor(() => expect(location.hash).toBe('#/benchmarks'), WAIT)
  list(null)
  useView.getState().show('models')
  await vi.waitFor(() => expect(location.hash).toBe('#/models'), WAIT)
  expect(useBenchSample.getState().choice).toBeNull()
})
