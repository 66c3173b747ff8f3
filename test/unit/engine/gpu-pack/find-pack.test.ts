import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RUNTIME, runtimeFolder } from '../../../../src/engine/gpu-pack/pack-parts.ts'
import { packTable } from '../../../../src/engine/gpu-pack/pack-table.ts'
import { ScratchFolder } from '../../../helpers/scratch-folder.ts'

const root = new URL('../../../../', import.meta.url)

/** Runs code after the pack of a home folder was found, in a process of its own, as the engine does. */
function inProcess(
  home: string,
  code: string,
  files = packTable.filter(({ system }) => system === 'win32-x64' || system === 'linux-x64'),
): string {
  const program = `
    const { findGpuPack } = await import(${JSON.stringify(new URL('src/engine/gpu-pack/find-pack.ts', root).href)})
    await findGpuPack(${JSON.stringify(home)}, ${JSON.stringify(files)})
    ${code}`
  return execFileSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' }).trim()
}

function unpack(home: string, use: string, name: string): string {
  const file = packTable.find((candidate) => candidate.name === name)
  const folder = join(home, 'gpu', `${use}-${file?.version}`)
  mkdirSync(join(folder, 'dist'), { recursive: true })
  writeFileSync(join(folder, 'part.json'), JSON.stringify({ integrity: file?.integrity }))
  return folder
}

test("a package that is not installed is the pack's, others and broken ones are as before", async () => {
  await using scratch = await ScratchFolder.make()
  // Not installed on the systems of the tests, so that the one that is installed does not matter.
  const name = process.platform === 'win32' ? '@node-llama-cpp/linux-x64-cuda' : '@node-llama-cpp/win-x64-cuda'
  const asked = `
    const found = async (name) => await import(name).then((module) => module.marker ?? 'installed', (error) => error.code)
    console.log(await found('${name}'), await found('zod'), await found('@node-llama-cpp/none'))`
  expect(inProcess(scratch.directory, asked)).toBe('ERR_MODULE_NOT_FOUND installed ERR_MODULE_NOT_FOUND')
  const folder = unpack(scratch.directory, 'language', name)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'dist', 'index.js'), "export const marker = 'of the pack'\n")
  const own = packTable.filter((file) => file.name === name)
  expect(inProcess(scratch.directory, asked, own)).toBe('of the pack installed ERR_MODULE_NOT_FOUND')
  writeFileSync(join(folder, 'part.json'), JSON.stringify({ integrity: 'sha512-other' }))
  expect(inProcess(scratch.directory, asked, own)).toBe('ERR_MODULE_NOT_FOUND installed ERR_MODULE_NOT_FOUND')
})

test.runIf(process.platform === 'linux')('ONNX Runtime is the one beside the providers of the pack', async () => {
  await using scratch = await ScratchFolder.make()
  const mapped = `
    await import('onnxruntime-node')
    const { readFileSync } = await import('node:fs')
    const paths = readFileSync('/proc/self/maps', 'utf8').match(/\\/\\S*libonnxruntime\\.so\\S*/g) ?? []
    console.log([...new Set(paths)].join())`
  expect(inProcess(scratch.directory, mapped)).toBe(join(runtimeFolder(), RUNTIME))
  const folder = unpack(scratch.directory, 'vision', 'onnxruntime-gpu')
  copyFileSync(join(runtimeFolder(), RUNTIME), join(folder, RUNTIME))
  expect(inProcess(scratch.directory, mapped)).toBe(join(folder, RUNTIME))
})
