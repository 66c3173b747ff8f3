import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ImportJournal } from '../../../../src/engine/models/import/import-journal.ts'
import { languageWork } from '../../../../src/engine/models/import/write-language.ts'
import { noise } from '../../../helpers/noise.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'
import { NO_DISK, SmallDisk } from '../../../helpers/small-disk.ts'

/** Several chunks. */
const content = noise(5_000_000, 1)
const COPYING = 'copying the language model'
const CHECKING = 'checking the language model'
type Report = { readonly bytes: number; readonly title: string }

/** Takes a given GGUF into a folder. `onReport` may return true to abort. */
async function take(path: string, directory: string, onReport: (report: Report) => boolean | undefined) {
  const abort = new AbortController()
  const metadata = {} as Parameters<typeof languageWork>[0]
  const work = languageWork({ ...metadata, given: { path, bytes: content.byteLength, precision: 'q8_0' } }, 'q8_0', abort.signal)
  const journal = new ImportJournal(directory, 'm', 'a'.repeat(64))
  const taken = await work.write(directory, journal, abort.signal, (bytes, title) => onReport({ bytes, title }) && abort.abort())
  return { taken, journal }
}

it('links a GGUF of the same disk, and copies one of another disk with progress until an abort', async ({ skip }) => {
  await using scratch = await ScratchFolder.make()
  const path = await scratch.write('given.gguf', content)
  await mkdir(scratch.path('here'))
  const linked: Report[] = []
  const { taken, journal } = await take(path, scratch.path('here'), (report) => void linked.push(report))
  expect(taken).toMatchObject({ file: 'language.gguf', bytes: content.byteLength })
  expect(journal.language).toEqual(taken)
  expect(linked.filter(({ title }) => title === COPYING)).toEqual([{ bytes: 0, title: COPYING }])
  expect(linked.at(-1)).toEqual({ bytes: content.byteLength, title: CHECKING })

  await using disk = await SmallDisk.mount(scratch.path('disk'), 16)
  if (disk === null) return skip(NO_DISK)
  const stop = ({ bytes, title }: Report) => title === COPYING && bytes > 0
  await expect(take(path, disk.path, stop)).rejects.toMatchObject({ name: 'AbortError' })
  expect(await readdir(disk.path)).toEqual([])

  const copied: Report[] = []
  await take(path, disk.path, (report) => void copied.push(report))
  expect(Buffer.compare(await readFile(join(disk.path, 'language.gguf')), content)).toBe(0)
  expect(copied.filter(({ title }) => title === COPYING).length).toBeGreaterThan(3)
  expect(copied.map(({ bytes }) => bytes)).toEqual(copied.map(({ bytes }) => bytes).toSorted((a, b) => a - b))
  expect(copied.at(-1)).toEqual({ bytes: content.byteLength, title: CHECKING })
})

it('can be stopped while the GGUF is checked', async () => {
  await using scratch = await ScratchFolder.make()
  const path = scratch.path('given.gguf')
  await writeFile(path, content)
  await mkdir(scratch.path('here'))
  const stop = ({ bytes, title }: Report) => title === CHECKING && bytes > content.byteLength / 2
  await expect(take(path, scratch.path('here'), stop)).rejects.toMatchObject({ name: 'AbortError' })
})
