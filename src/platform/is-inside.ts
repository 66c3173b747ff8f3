import * as hostPath from 'node:path'

/**
 * Whether an absolute path lies in a folder, at any depth; the folder itself does not. Both are compared as they are: links have to be followed before.
 * Roots of drives (`C:\`, `/`) end with a separator and other folders do not, so comparing their beginnings would not do.
 * @param path the system's rules for paths; defaults to those of this system
 */
export function isInside(
  folder: string,
  file: string,
  { relative, isAbsolute, sep }: Pick<typeof hostPath, 'relative' | 'isAbsolute' | 'sep'> = hostPath,
): boolean {
  const within = relative(folder, file)
  return within !== '' && within !== '..' && !within.startsWith(`..${sep}`) && !isAbsolute(within)
}
