import koffi from 'koffi'

const GENERIC_READ = 0x80000000
const OPEN_EXISTING = 3
/** Without this flag, folders cannot be opened. */
const FILE_FLAG_BACKUP_SEMANTICS = 0x02000000
const INVALID_HANDLE = -1
/** Bits of `dwShareMode`: what other programs may do with the file. */
const SHARES = { nothing: 0, reading: 1, 'reading and writing': 3 } as const

/** What other programs may do; never removing or renaming, which Node's own `open` always allows. */
export type Share = keyof typeof SHARES

/** Opens a file or folder as other Windows programs do, such as players, editors and virus scanners, until it is disposed. */
export function openLikeOtherPrograms(path: string, share: Share = 'reading'): Disposable {
  const kernel32 = koffi.load('kernel32.dll')
  const createFile = kernel32.func('CreateFileW', 'intptr_t', ['str16', 'uint32', 'uint32', 'void *', 'uint32', 'uint32', 'void *'])
  const closeHandle = kernel32.func('CloseHandle', 'int', ['intptr_t'])
  const handle: unknown = createFile(path, GENERIC_READ, SHARES[share], null, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, null)
  if (handle === INVALID_HANDLE) throw new Error(`${path} could not be opened.`)
  let open = true
  return {
    [Symbol.dispose]() {
      if (open) closeHandle(handle)
      open = false
    },
  }
}
