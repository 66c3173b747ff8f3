import koffi from 'koffi'

/** Upper bound on loaded modules; each handle takes eight bytes. */
const MAX_MODULES = 4096
/** Maximum path length on Windows, in UTF-16 units. */
const MAX_PATH_UNITS = 32_768

/**
 * Paths of the libraries that are loaded into this process. Node's diagnostic report lists them with their real paths on every platform,
 * including Electron, where the package is unpacked next to the archive. On Windows the system API is used, because Node's report also
 * reads the symbols of every library there, which blocks the process for seconds.
 */
export function loadedLibraries(): string[] {
  return process.platform === 'win32' ? loadedModules() : sharedObjects()
}

function sharedObjects(): string[] {
  const report = process.report as { excludeNetwork?: boolean; getReport(): unknown }
  const before = report.excludeNetwork
  // Otherwise the report resolves the host names of the peers of open connections.
  report.excludeNetwork = true
  try {
    const { sharedObjects } = report.getReport() as { sharedObjects?: unknown }
    return Array.isArray(sharedObjects) ? sharedObjects.filter((path) => typeof path === 'string') : []
  } finally {
    if (before !== undefined) report.excludeNetwork = before
  }
}

function loadedModules(): string[] {
  const kernel32 = koffi.load('kernel32.dll')
  const currentProcess = kernel32.func('GetCurrentProcess', 'intptr_t', [])
  const enumModules = kernel32.func('K32EnumProcessModules', 'int', ['intptr_t', 'void *', 'uint32', 'void *'])
  const moduleFileName = kernel32.func('GetModuleFileNameW', 'uint32', ['intptr_t', 'void *', 'uint32'])
  const handles = new BigInt64Array(MAX_MODULES)
  const bytes = new Uint32Array(1)
  if (enumModules(currentProcess(), handles, handles.byteLength, bytes) === 0) return []
  const units = new Uint16Array(MAX_PATH_UNITS)
  const count = Math.min((bytes[0] ?? 0) / handles.BYTES_PER_ELEMENT, MAX_MODULES)
  return Array.from(handles.subarray(0, count), (handle) => {
    const length: number = moduleFileName(handle, units, units.length)
    return Buffer.from(units.buffer, 0, length * units.BYTES_PER_ELEMENT).toString('utf16le')
  })
}
