import { readFile, stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { Log } from '../../../src/service/log.ts'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'
import { imitateWindowsFiles } from '../../helpers/windows-files.ts'

/** A home folder whose log is so long that the next line starts a new file. */
async function fullLog(): Promise<ScratchFolder & { file: string }> {
  const home = await ScratchFolder.make()
  new Log(home.directory).info('test', 'x'.repeat(5 * 1024 * 1024))
  return Object.assign(home, { file: home.path('logs/service.log') })
}

test('renames a full log and starts a new one', async () => {
  await using home = await fullLog()
  new Log(home.directory).info('test', 'after')
  expect(await readFile(home.file, 'utf8')).toMatch(/^\{.*"text":"after"\}\n$/)
  expect((await stat(`${home.file}.old`)).size).toBeGreaterThan(5 * 1024 * 1024)
})

test('loses no line while another program prevents the renaming', async () => {
  await using home = await fullLog()
  const log = new Log(home.directory)
  {
    using windows = imitateWindowsFiles()
    windows.refuseMoves(1000, 'EBUSY')
    log.info('test', 'meanwhile')
    expect(windows.refused).toBeGreaterThan(0)
  }
  expect(await readFile(home.file, 'utf8')).toMatch(/"text":"meanwhile"\}\n$/)
  log.info('test', 'after')
  expect(await readFile(home.file, 'utf8')).toMatch(/^\{.*"text":"after"\}\n$/)
  expect(await readFile(`${home.file}.old`, 'utf8')).toMatch(/"text":"meanwhile"\}\n$/)
})
