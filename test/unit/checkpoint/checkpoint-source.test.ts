import { parse } from 'node:path'
import { expect, it } from 'vitest'
import { sourceOf } from '../../../src/engine/checkpoint/checkpoint-source.ts'

const { root } = parse(process.cwd())

it.each([
  [`${root}home/checkpoints/mine`, { repository: 'mine', revision: null }],
  // The root of a drive has no name.
  [root, { repository: root, revision: null }],
  [`${root}hub/models--omni-research--Tarsier2-7b/snapshots/abc`, { repository: 'omni-research/Tarsier2-7b', revision: 'abc' }],
])('the source of a checkpoint in %s is %j', (directory, source) => {
  expect(sourceOf(directory)).toEqual(source)
})
