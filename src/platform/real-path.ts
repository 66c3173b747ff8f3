import { realpath as stepwiseRealpath } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { promisify } from 'node:util'

/**
 * The absolute path of what `path` leads to, with every link on the way followed. Windows cannot name the files of some drives (RAM disks, `subst`,
 * some network drives) and answers EISDIR, UNKNOWN or ENOENT there although they can be opened; then Node's own implementation follows the links name
 * by name. Both follow every link, so that what they give may be compared with a folder. Throws what the file system throws.
 */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    // Where the path really leads nowhere, the second attempt says so.
    return await promisify(stepwiseRealpath)(path)
  }
}
