import { access, lstat, statfs } from 'node:fs/promises'

/** Whether a file or folder exists at a path and can be reached. A link to a missing file does not count. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Whether a path is in use, also by a link to something that is missing, such as a disk that is not connected. What is written must not replace it. */
export async function isTaken(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}

/** Returns the bytes that this user may still write to the disk of an existing folder. Throws file system errors. */
export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}
