import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Part } from '../shared/contract/system.ts'

/** Main dependencies, in the order in which a clip passes through them. */
const NAMES = [
  'node-av',
  'sharp',
  'onnxruntime-node',
  'node-llama-cpp',
  'koffi',
  '@huggingface/jinja',
  '@huggingface/hub',
  '@photostructure/sqlite',
  '@orpc/server',
  'hono',
  '@modelcontextprotocol/server',
  'zod',
]

/** Returns the installed versions and licences of the main dependencies. */
export function parts(): Part[] {
  return NAMES.flatMap((name) => {
    const folders = createRequire(import.meta.url).resolve.paths(name) ?? []
    const file = folders.map((folder) => join(folder, name, 'package.json')).find(existsSync)
    if (file === undefined) return []
    const { version, license } = JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown; license?: unknown }
    return [{ name, version: String(version), licence: typeof license === 'string' ? license : 'see the package' }]
  })
}
