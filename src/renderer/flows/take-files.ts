import type { OpenedFile } from '../../shared/bridge.ts'
import { clipsAmong, type Dropped } from '../lib/dropped-files.ts'
import type { GivenFile } from '../lib/given-file.ts'
import { givenByPage, givenByShell, openGiven } from './open-clip.ts'
import { askAboutBatch } from './start-batch.ts'

/** Handles dropped, pasted or chosen files: one file opens as a clip, several files or a folder become a batch. */
export function takeFiles({ files, folder }: Dropped): void {
  take((folder ? clipsAmong(files) : files).map(givenByPage), folder)
}

/** Handles files that the shell has opened, through its dialog or from the system. */
export function takeOpened(files: readonly OpenedFile[]): void {
  take(files.map(givenByShell), false)
}

function take(files: readonly GivenFile[], folder: boolean): void {
  const [first] = files
  if (files.length === 1 && first && !folder) void openGiven(first)
  else if (files.length > 0) askAboutBatch(files)
}

/** Shows the browser's file dialog. Does nothing if cancelled. */
export function chooseFiles(what: 'clips' | 'folder' = 'clips'): void {
  const input = document.createElement('input')
  input.type = 'file'
  input.multiple = true
  input.webkitdirectory = what === 'folder'
  // No filter: the file type is detected by content, not by name.
  input.onchange = () => takeFiles({ files: [...(input.files ?? [])], folder: what === 'folder' })
  input.click()
}

/** Asks for a single file. */
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
