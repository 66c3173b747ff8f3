import type { OpenedFile } from '../../shared/bridge.ts'
import { clipsAmong, type Dropped } from '../lib/dropped-files.ts'
import type { GivenFile } from '../lib/given-file.ts'
import { usePendingBatch } from '../stores/pending-batch.ts'
import { givenByPage, givenByShell, openGiven } from './open-clip.ts'

/** What was dropped, pasted or chosen: one file is a clip to talk about, more of them or a folder are a batch. */
export function takeFiles({ files, folder }: Dropped): void {
  take((folder ? clipsAmong(files) : files).map(givenByPage), folder)
}

/** The same of files that the shell has opened: by its dialog, or because the system wants them. */
export function takeOpened(files: readonly OpenedFile[]): void {
  take(files.map(givenByShell), false)
}

function take(files: readonly GivenFile[], folder: boolean): void {
  const [first] = files
  if (files.length === 1 && first && !folder) void openGiven(first)
  else if (files.length > 0) usePendingBatch.getState().set({ files, clips: [], refused: [], sending: false })
}

/** Asks for files with the browser's own dialog. Cancelled, nothing happens. */
export function chooseFiles(what: 'clips' | 'folder' = 'clips'): void {
  const input = document.createElement('input')
  input.type = 'file'
  input.multiple = true
  input.webkitdirectory = what === 'folder'
  // The content decides, not the name: nothing is filtered.
  input.onchange = () => takeFiles({ files: [...(input.files ?? [])], folder: what === 'folder' })
  input.click()
}

/** One file, for a purpose of its own. */
export function chooseFile(accept: string, then: (file: File) => void): void {
  const input = document.createElement('input')
  input.type = 'file'
  input.accept = accept
  input.onchange = () => {
    const file = input.files?.[0]
    if (file) then(file)
  }
  input.click()
}
