import { newId } from '../library/ids.ts'
import { TarsierError } from '../shared/errors.ts'

/** Folders that a person chose in the shell, by handles that a page may name. They are forgotten with the process. */
export class FolderHandles {
  readonly #paths = new Map<string, string>()

  add(path: string): string {
    const handle = newId()
    this.#paths.set(handle, path)
    return handle
  }

  get(handle: string): string {
    const path = this.#paths.get(handle)
    if (path !== undefined) return path
    throw new TarsierError('nothing-found', 'That folder is not known any more. Choose it again.')
  }
}
