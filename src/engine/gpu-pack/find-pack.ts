import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import koffi, { type LibraryHandle } from 'koffi'
import { type PackFile, partFolder, RUNTIME, unpackedFiles } from './pack-parts.ts'

/** Packages by name, and the module that replaces one that is not installed. */
type Replacements = Readonly<Record<string, string>>

/** Since Node 22.15; Node 20 has only hooks in a thread of their own. */
type RegisterHooks = (hooks: {
  resolve(
    specifier: string,
    context: unknown,
    next: (specifier: string, context: unknown) => { url: string },
  ): {
    url: string
    shortCircuit?: boolean
  }
}) => void

/** The same hook for Node 20, as a module. */
const HOOK_MODULE = `
let replacements
export function initialize(data) { replacements = data }
export async function resolve(specifier, context, next) {
  const url = replacements[specifier]
  if (url === undefined) return next(specifier, context)
  try { return await next(specifier, context) } catch { return { url, shortCircuit: true } }
}`

const used = new Set<string>()
/** Libraries that must stay loaded: koffi unloads those that nothing refers to. */
const loaded: LibraryHandle[] = []

/**
 * Has this process find the parts of the GPU pack in a home folder; does nothing without them. Must be called before node-llama-cpp and
 * onnxruntime-node are imported.
 *
 * node-llama-cpp imports its CUDA build as a package, so a hook gives it the one of the pack if none is installed. ONNX Runtime loads its CUDA provider
 * from the folder of its own library, and the system loads no library twice that has the same name: the copy beside the provider is loaded first.
 */
export async function findGpuPack(home: string, files?: readonly PackFile[]): Promise<void> {
  if (used.has(home)) return
  used.add(home)
  const replacements: Record<string, string> = {}
  for (const file of await unpackedFiles(home, files)) {
    const folder = partFolder(home, file)
    if (file.use === 'language') replacements[file.name] = pathToFileURL(join(folder, 'dist', 'index.js')).href
    else load(join(folder, RUNTIME))
  }
  if (Object.keys(replacements).length > 0) replace(replacements)
}

function replace(replacements: Replacements): void {
  const { registerHooks } = nodeModule as unknown as { readonly registerHooks?: RegisterHooks }
  if (registerHooks === undefined) {
    nodeModule.register(`data:text/javascript,${encodeURIComponent(HOOK_MODULE)}`, { data: replacements })
    return
  }
  registerHooks({
    resolve(specifier, context, next) {
      const url = replacements[specifier]
      if (url === undefined) return next(specifier, context)
      try {
        return next(specifier, context)
      } catch {
        return { url, shortCircuit: true }
      }
    },
  })
}

function load(library: string): void {
  try {
    if (existsSync(library)) loaded.push(koffi.load(library))
  } catch {
    // A damaged copy: ONNX Runtime's own library is loaded instead, without the provider.
  }
}
