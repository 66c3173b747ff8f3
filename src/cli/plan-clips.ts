import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { expandPatterns } from '../jobs/expand-patterns.ts'
import { type FoundClip, findClips } from '../jobs/find-clips.ts'
import { SidecarNames } from '../jobs/sidecar-names.ts'
import { refuseExisting } from '../jobs/sinks/sidecar.ts'
import { isTaken } from '../platform/disk.ts'
import { writeFailure } from '../platform/file-failure.ts'
import { asTarsierError, TarsierError } from '../shared/errors.ts'

/** A clip as the user gave it, with the file for its result; null for none. */
export interface PlannedClip extends FoundClip {
  readonly target: string | null
}

/** Where the results of clips are written. `sidecar`: next to each clip. `path`: one clip's to this file, or those of several to this existing folder. */
export type Targets =
  | { readonly kind: 'none' }
  | { readonly kind: 'sidecar'; readonly extension: string }
  | { readonly kind: 'path'; readonly path: string; readonly extension: string }

export interface PlanOptions {
  readonly skipExisting?: boolean | undefined
  readonly overwrite?: boolean | undefined
}

/**
 * Determines, before a model is loaded, which clips to process, which have a result already, and which are unusable: missing ones, and those whose result
 * cannot be written. Throws `usage` if several results would be one file.
 * @param targetsOf where the results go, given the number of clips; may throw `usage`
 */
export async function planClips(
  paths: readonly string[],
  targetsOf: (clips: number) => Targets,
  { skipExisting, overwrite }: PlanOptions,
  signal: AbortSignal,
): Promise<PlannedClip[]> {
  const found = await findClips(await expandPatterns(paths), signal)
  const given = found.flatMap(({ file, error }) => (error ? [] : [file]))
  const targetOf = await namesOf(given, targetsOf(found.length))
  const sources = new Set(given.map((file) => resolve(file)))
  const clips: PlannedClip[] = []
  for (const clip of found) {
    signal.throwIfAborted()
    try {
      const target = clip.error ? null : await targetOf(clip.file)
      if (target !== null) {
        if (sources.has(resolve(target))) throw new TarsierError('write-failed', `${target} is one of the clips. Choose another file.`)
        if (!overwrite && (await isTaken(target))) {
          if (skipExisting) continue
          throw refuseExisting(target)
        }
        await expectWritable(target)
      }
      clips.push({ ...clip, target })
    } catch (error) {
      clips.push({ ...clip, error: asTarsierError(error), target: null })
    }
  }
  return clips
}

async function namesOf(clips: readonly string[], targets: Targets): Promise<(file: string) => Promise<string | null>> {
  if (targets.kind === 'none') return async () => null
  const { extension } = targets
  if (targets.kind === 'sidecar') {
    const names = new SidecarNames(extension, clips)
    return (file) => names.of(file)
  }
  const { path } = targets
  if (!(await isFolder(path))) {
    if (clips.length <= 1) return async () => path // the file may not exist yet
    throw new TarsierError(
      'usage',
      `${path} is not a folder, but there are ${clips.length} clips. Create the folder, or choose another one.`,
    )
  }
  const taken = new Set<string>()
  return async (file) => {
    const name = basename(file, extname(file))
    let target = join(path, `${name}.${extension}`)
    // Some file systems treat a.txt and A.txt as one file.
    for (let copy = 2; taken.has(target.toLowerCase()); copy += 1) target = join(path, `${name}-${copy}.${extension}`)
    taken.add(target.toLowerCase())
    return target
  }
}

/** Throws if the folder of a file is missing or may not be written to, so that this is known before the work. */
async function expectWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK)
  } catch (error) {
    throw writeFailure(`${path} could not be written`, error)
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true
}
