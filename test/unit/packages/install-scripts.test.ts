import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const lockSchema = z.object({ packages: z.record(z.string(), z.object({ hasInstallScript: z.boolean().optional() })) })
const packageSchema = z.object({ allowScripts: z.record(z.string(), z.boolean()) })

const { packages } = lockSchema.parse(JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8')))
const { allowScripts } = packageSchema.parse(JSON.parse(readFileSync(`${root}/package.json`, 'utf8')))
const withScripts = Object.entries(packages).flatMap(([path, { hasInstallScript }]) =>
  hasInstallScript ? [path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)] : [],
)

test('package.json decides about the install script of every package', () => {
  expect(withScripts.length).toBeGreaterThan(5)
  expect(withScripts.filter((name) => !(name in allowScripts))).toEqual([])
})

test('npm 10 does not run the script of onnxruntime-node, which downloads from another host', () => {
  expect(packages).toHaveProperty(['node_modules/onnxruntime-node'])
  expect(allowScripts['onnxruntime-node']).toBe(false)
  // Remove "hasInstallScript" of node_modules/onnxruntime-node from package-lock.json: docs/decisions/0003-install-scripts.md.
  expect(withScripts).not.toContain('onnxruntime-node')
})
