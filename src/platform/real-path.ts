import { realpath as stepwiseRealpath } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { promisify } from 'node:util'

/**
 * Returns the absolute path of a file with all symbolic links resolved. On some Windows drives (RAM disks, `subst`, some network drives), the
 * native call fails with EISDIR, UNKNOWN or ENOENT although the files can be opened; Node's own implementation is the fallback. Both resolve all
 * links, so the result can be compared with a folder. Throws file system errors.
 */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    // If the path does not exist, the fallback throws.
    return await promisify(stepwiseRealpath)(path)
  }
}
