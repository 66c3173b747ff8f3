import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { addRuntime, importsOf, missingLibraries, ofRuntime } from '../../../scripts/windows-libraries.mjs'
import { ScratchFolder } from '../../helpers/scratch-folder.ts'

// Packages with the binaries of all systems; the others' Windows packages are not installed elsewhere.
const modules = fileURLToPath(new URL('../../../node_modules/', import.meta.url))
const onnxRuntime = join(modules, 'onnxruntime-node/bin/napi-v6/win32/x64')

describe('libraries that the native files need on Windows', () => {
  it.each([
    'onnxruntime-node/bin/napi-v6/win32/x64',
    'onnxruntime-node/bin/napi-v6/win32/arm64',
    '@photostructure/sqlite/prebuilds/win32-x64',
    '@photostructure/sqlite/prebuilds/win32-arm64',
  ])('exist in %s, except Microsoft’s C++ runtime', (folder) => {
    const missing = missingLibraries(join(modules, folder))
    expect(missing).toEqual(ofRuntime(missing))
  })

  it('are read from the files', () => {
    expect(importsOf(readFileSync(join(onnxRuntime, 'onnxruntime_binding.node')))).toEqual(
      expect.arrayContaining(['onnxruntime.dll', 'kernel32.dll', 'msvcp140.dll', 'vcruntime140_1.dll']),
    )
  })

  it('are copied beside each file that lacks them, and a missing one fails the packaging', async () => {
    await using scratch = await ScratchFolder.make()
    const app = join(scratch.directory, 'app/onnxruntime-node')
    mkdirSync(app, { recursive: true })
    for (const name of ['onnxruntime_binding.node', 'onnxruntime.dll']) copyFileSync(join(onnxRuntime, name), join(app, name))
    const redistributable = join(scratch.directory, 'Microsoft.VC143.CRT')
    mkdirSync(redistributable)
    // Only their names matter here: files that import nothing.
    const wanted = new Set(ofRuntime(missingLibraries(app)).map(({ library }) => library))
    expect(wanted.size).toBeGreaterThanOrEqual(4)
    for (const name of wanted) writeFileSync(join(redistributable, name.toUpperCase()), 'stands for the runtime')
    expect(() => addRuntime(app, undefined)).toThrow('developer prompt')
    addRuntime(app, redistributable)
    expect(readdirSync(app).sort()).toEqual(['onnxruntime.dll', 'onnxruntime_binding.node', ...wanted].sort())
    copyFileSync(join(onnxRuntime, 'onnxruntime_binding.node'), join(scratch.directory, 'app', 'alone.node'))
    expect(() => addRuntime(join(scratch.directory, 'app'), redistributable)).toThrow(/alone\.node imports onnxruntime\.dll/)
  })
})
