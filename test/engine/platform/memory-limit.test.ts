import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { MemoryGroup, NO_MEMORY_GROUP } from '../../helpers/memory-group.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

const run = promisify(execFile)
const MEGABYTE = 1e6
const module = fileURLToPath(new URL('../../../src/platform/memory-limit.ts', import.meta.url))

/** A process that allocates 200 MB and then reads 200 MB from a file, and prints the free memory at first and after each. */
const program = `
  import { closeSync, openSync, readSync, writeFileSync } from 'node:fs'
  import { machineMemory, memoryLimit, ownMemory } from ${JSON.stringify(module)}
  const look = () => ({ limit: memoryLimit(), own: ownMemory() })
  const seen = [look()]
  const held = Buffer.alloc(200e6, 1)
  seen.push(look())
  const path = process.argv[1]
  const piece = Buffer.alloc(1e6, 2)
  for (let i = 0; i < 200; i++) writeFileSync(path, piece, { flag: 'a' })
  const file = openSync(path, 'r')
  while (readSync(file, piece) > 0);
  closeSync(file)
  seen.push(look())
  console.log(JSON.stringify({ all: machineMemory(), seen, held: held.length }))
`

test('in a control group, allocated memory counts as used and the file cache as free', async ({ skip }) => {
  using group = MemoryGroup.make(700 * MEGABYTE)
  if (group === null) return skip(NO_MEMORY_GROUP)
  await using scratch = await ScratchFolder.make()
  const [command, ...args] = group.around([process.execPath, '--import', 'tsx', '--input-type=module', '-e', program, scratch.path('file')])
  const { all, seen } = JSON.parse((await run(command, args)).stdout)
  const [before, holding, read] = seen
  expect(all).toBeLessThanOrEqual(700 * MEGABYTE)
  expect(before.limit).toBeLessThan(all - 20 * MEGABYTE)
  expect(holding.limit).toBeLessThan(before.limit - 190 * MEGABYTE)
  expect(holding.own - before.own).toBeGreaterThan(190 * MEGABYTE)
  expect(Math.abs(read.limit - holding.limit)).toBeLessThan(40 * MEGABYTE)
  expect(Math.abs(read.own - holding.own)).toBeLessThan(40 * MEGABYTE)
})
