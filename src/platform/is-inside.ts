import * as hostPath from 'node:path'

/**
 * Whether an absolute path is inside a folder, at any depth; the folder itself is not. Symbolic links must be resolved before. Does not compare
 * prefixes, because drive roots (`C:\`, `/`) end with a separator and other folders do not.
 * @param path the system's path rules. Defaults to those of the current system.
 */
export function isInside(
  folder: string,
  file: string,
  { relative, isAbsolute, sep }: Pick<typeof hostPath, 'relative' | 'isAbsolute' | 'sep'> = hostPath,
): boolean {
  const within = relative(folder, file)
  return within !== '' && within !== '..' && !within.startsWith(`..${sep}`) && !isAbsolute(within)
}
