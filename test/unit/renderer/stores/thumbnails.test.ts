import { implement, ORPCError } from '@orpc/server'
import { RPCHandler } from '@orpc/server/node'
import { expect, test, vi } from 'vitest'
import type {} from '../../../../src/renderer/bridge.d.ts'
import { clipsContract } from '../../../../src/shared/contract/clips.ts'
import { servePage } from '../../../helpers/page-service.ts'
import { WAIT } from '../../../helpers/wait.ts'

const area = implement(clipsContract)
const asked: string[] = []
let answer: () => { readonly jpeg: string | null }
const handler = new RPCHandler({
  clips: {
    thumbnail: area.thumbnail.handler(({ input }) => {
      asked.push(input.handle)
      return answer()
    }),
  },
})
await servePage(handler)
const { thumbnailKey, useThumbnails } = await import('../../../../src/renderer/stores/thumbnails.ts')
const store = useThumbnails.getState
const id = (letter: string) => letter.repeat(22)
const pictureOf = (handle: string) => store().known.get(thumbnailKey({ handle }))
const requests = (count: number) => vi.waitFor(() => expect(asked).toHaveLength(count), WAIT)

test('a picture that an outage prevented is requested again afterwards if it is still shown', async () => {
  answer = () => {
    throw new ORPCError('INTERNAL_SERVER_ERROR')
  }
  const drop = [id('a'), id('b')].map((handle) => store().want({ handle }))
  await requests(2)
  answer = () => ({ jpeg: 'AAAA' })
  drop[1]?.()
  await vi.waitFor(() => {
    store().again()
    expect(pictureOf(id('a'))).toBe('AAAA')
  }, WAIT)
  expect(asked.filter((handle) => handle === id('b'))).toHaveLength(1)
  const before = asked.length
  store().again()
  expect(asked).toHaveLength(before)
})

test('the pictures of a clip are requested again when its file has changed', async () => {
  answer = () => ({ jpeg: null })
  store().want({ handle: id('c') })
  await vi.waitFor(() => expect(pictureOf(id('c'))).toBeNull(), WAIT)
  answer = () => ({ jpeg: 'BBBB' })
  store().forget(id('c'))
  await vi.waitFor(() => expect(pictureOf(id('c'))).toBe('BBBB'), WAIT)
})
