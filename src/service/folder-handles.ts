import { newId } from '../library/ids.ts'
import { TarsierError } from '../shared/errors.ts'

/** Handles of folders that the user chose in the shell, so that pages can refer to them. Lost when the process ends. */
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
    throw new TarsierError('nothing-found', 'This folder reference is no longer valid. Choose the folder again.')
  }
}
