import { afterAll, expect, test, vi } from 'vitest'
import type { FramePicture } from '../../../../src/shared/contract/clips.ts'

vi.stubGlobal('window', { location: { href: 'http://127.0.0.1:1/' } })
vi.resetModules() // another test file's window leads to another server
const { usePlayer } = await import('../../../../src/renderer/stores/player.ts')
const { useFrames } = await import('../../../../src/renderer/stores/frames.ts')
const { useQuestion } = await import('../../../../src/renderer/stores/question.ts')

afterAll(() => vi.unstubAllGlobals())

const pictures = (indices: readonly number[]) => indices.map((index) => ({ index }) as FramePicture)

test('frames picked by hand begin with all of the plan, never with a part of it', () => {
  const { togglePick, beginPicking, clearPicks } = usePlayer.getState()
  const picked = () => usePlayer.getState().picked
  useFrames.setState({ pictures: pictures([0, 5]), of: 3, turn: null })
  beginPicking()
  togglePick(7)
  expect(picked()).toEqual([])
  useFrames.setState({ pictures: pictures([0, 5, 9]), of: 3 })
  togglePick(7)
  expect(picked()).toEqual([0, 5, 7, 9])
  togglePick(5)
  expect(picked()).toEqual([0, 7, 9])
  clearPicks()
  togglePick(9)
  expect(picked()).toEqual([0, 5])
  clearPicks()
  // The strip shows the frames of an answer, which are not those of the next question.
  useFrames.setState({ turn: 0 })
  togglePick(7)
  expect(picked()).toEqual([])
})

test('each conversation has its half-typed question, which moves with it', () => {
  const { write, move } = useQuestion.getState()
  write('a', 'What')
  write('b', 'Why')
  move('a', 'c')
  expect(useQuestion.getState().texts).toEqual({ b: 'Why', c: 'What' })
  move('a', 'b')
  write('c', '')
  expect(useQuestion.getState().texts).toEqual({ b: 'Why' })
})

test('a video that is shown again goes on where it stood, and that of another clip begins at its start', () => {
  const seeks: number[] = []
  const video = { play: () => {}, pause: () => {}, seek: (seconds: number) => seeks.push(seconds) }
  const { attach, at, reset } = usePlayer.getState()
  attach(video)
  expect(seeks).toEqual([])
  at(30)
  attach(null)
  attach(video)
  expect(seeks).toEqual([30])
  reset()
  attach(video)
  expect(seeks).toEqual([30])
})
