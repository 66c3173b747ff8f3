/**
 * Checks the imports of the native files in a Windows package. Every library must be part of Windows or be beside the file that imports it: Node
 * loads native modules in such a way that Windows searches the module's own folder and the system's for their imports, but not the program's.
 */
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** @typedef {{ file: string, library: string }} Missing a file, and a library that it imports but nothing provides */

/** Microsoft's C++ runtime, which is not part of Windows. It may be shipped with a program. */
const RUNTIME = /^(msvcp140(_\d|_atomic_wait|_codecvt_ids)?|vcruntime140(_\d)?|concrt140|vcomp140)\.dll$/
/** API sets, which Windows resolves itself, and libraries that every supported Windows has. */
const OF_WINDOWS =
  /^(api-ms-win-.*|ext-ms-.*|(advapi32|avicap32|bcrypt|bcryptprimitives|cfgmgr32|combase|comctl32|comdlg32|crypt32|d3d11|d3d12|d3d9|dbghelp|dnsapi|dwmapi|dxgi|dxva2|gdi32|hid|imm32|iphlpapi|kernel32|kernelbase|mf|mfplat|mfreadwrite|msvcrt|mswsock|ncrypt|netapi32|normaliz|ntdll|ole32|oleaut32|powrprof|propsys|psapi|rpcrt4|secur32|setupapi|shcore|shell32|shlwapi|ucrtbase|user32|userenv|uxtheme|version|winhttp|winmm|ws2_32|wtsapi32)(\.dll)?|winspool\.drv)$/
/** Libraries of drivers: a file that imports them is only loaded if the driver is installed. */
const OF_A_DRIVER = /^(nvcuda|nvml|vulkan-1|cudart64_\d+|cublas64_\d+|cublaslt64_\d+)\.dll$/
/** Names that refer to the program that loads the library. */
const OF_THE_PROGRAM = /^(node|electron)\.exe$/

/** Lists the imports of all native files below a folder that nothing provides. @param {string} folder @returns {Missing[]} */
export function missingLibraries(folder) {
  return nativeFiles(folder).flatMap((file) => {
    const bytes = readFileSync(file)
    // Packages for all systems also contain other systems' modules with the same extension.
    if (bytes.toString('latin1', 0, 2) !== 'MZ') return []
    return importsOf(bytes)
      .filter((name) => ![OF_WINDOWS, OF_A_DRIVER, OF_THE_PROGRAM].some((known) => known.test(name)) && !isBeside(file, name))
      .map((library) => ({ file, library }))
  })
}

/** Returns the missing libraries that Microsoft's C++ runtime provides. @param {readonly Missing[]} missing @returns {Missing[]} */
export function ofRuntime(missing) {
  return missing.filter(({ library }) => RUNTIME.test(library))
}

/**
 * Copies Microsoft's C++ runtime to every folder below `folder` with a file that imports it. Throws if a library is still missing afterwards.
 * @param {string} folder a packaged app @param {string | undefined} redistributable the folder `Microsoft.VC…CRT` of Visual Studio's redistributables
 */
export function addRuntime(folder, redistributable) {
  for (const { file, library } of ofRuntime(missingLibraries(folder))) {
    const source = redistributable && entryOf(redistributable, library)
    if (!source)
      throw new Error(
        `${library}, which ${file} imports, was not found. Build in a developer prompt of Visual Studio, or set TARSIER_VC_RUNTIME to the folder of its C++ runtime.`,
      )
    // It may already have been copied for another file in the same folder.
    if (!isBeside(file, library)) copyFileSync(source, join(dirname(file), library))
  }
  const left = missingLibraries(folder)
  if (left.length > 0)
    throw new Error(`Windows cannot load these files: ${left.map(({ file, library }) => `${file} imports ${library}`).join(', ')}.`)
}

/**
 * Returns the folder of Visual Studio's C++ runtime for an architecture; undefined outside a developer prompt.
 * @param {'x64' | 'arm64'} arch @returns {string | undefined}
 */
export function runtimeFolder(arch) {
  const { TARSIER_VC_RUNTIME: named, VCToolsRedistDir: tools } = process.env
  if (named) return named
  if (!tools) return undefined
  const name = readdirSync(join(tools, arch)).find((entry) => /^Microsoft\.VC\d+\.CRT$/.test(entry))
  return name && join(tools, arch, name)
}

/** @param {string} folder @returns {string[]} */
function nativeFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(dll|node)$/i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
}

/** @param {string} file @param {string} library */
function isBeside(file, library) {
  return entryOf(dirname(file), library) !== undefined
}

/** Finds a file in a folder, ignoring case as Windows does. @param {string} folder @param {string} name */
function entryOf(folder, name) {
  const found = existsSync(folder) ? readdirSync(folder).find((entry) => entry.toLowerCase() === name) : undefined
  return found && join(folder, found)
}

/**
 * Returns the libraries without which a PE file cannot be loaded, in lower case. Delayed imports are excluded, since they are resolved on first
 * use. Microsoft's "PE Format" describes the tables.
 * @param {Buffer} bytes @returns {string[]}
 */
export function importsOf(bytes) {
  const header = bytes.readUInt32LE(0x3c)
  if (bytes.toString('latin1', header, header + 4) !== 'PE\0\0') throw new Error('not a PE file')
  const sections = bytes.readUInt16LE(header + 6)
  const optional = header + 24
  const is64 = bytes.readUInt16LE(optional) === 0x20b
  const importTable = bytes.readUInt32LE(optional + (is64 ? 112 : 96) + 8)
  if (importTable === 0) return []
  const sectionTable = optional + bytes.readUInt16LE(header + 20)
  /** @param {number} address in memory @returns {number} offset in the file */
  const offsetOf = (address) => {
    for (let at = sectionTable; at < sectionTable + sections * 40; at += 40) {
      const [size, start, raw] = [bytes.readUInt32LE(at + 8), bytes.readUInt32LE(at + 12), bytes.readUInt32LE(at + 20)]
      if (address >= start && address < start + size) return address - start + raw
    }
    throw new Error('an address outside of all sections')
  }
  const names = []
  for (let at = offsetOf(importTable); bytes.readUInt32LE(at + 12) !== 0; at += 20) {
    const name = offsetOf(bytes.readUInt32LE(at + 12))
    names.push(basename(bytes.toString('latin1', name, bytes.indexOf(0, name)).toLowerCase()))
  }
  return names
}
