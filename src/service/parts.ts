import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Part } from '../shared/contract/system.ts'

/** What does the work, in the order of a clip's way. */
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
  'zod',
]

/** The packages that the app is made of, as they are installed. */
export function parts(): Part[] {
  return NAMES.flatMap((name) => {
    const folders = createRequire(import.meta.url).resolve.paths(name) ?? []
    const file = folders.map((folder) => join(folder, name, 'package.json')).find(existsSync)
    if (file === undefined) return []
    const { version, license } = JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown; license?: unknown }
    return [{ name, version: String(version), licence: typeof license === 'string' ? license : 'see the package' }]
  })
}
