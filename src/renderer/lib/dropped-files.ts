/** Texts that Tarsier, or tools like it, put beside clips: a folder that was described before holds many of them. */
const sidecars = /\.(txt|json|jsonl|csv|srt|vtt|md|ini|db|nfo)$/i

export interface Dropped {
  readonly files: readonly File[]
  /** True when a folder was among what was dropped. */
  readonly folder: boolean
}

/** All files of a drop or a paste, those of folders too. Must be called while the event is handled: afterwards it is empty. */
export async function droppedFiles(data: DataTransfer): Promise<Dropped> {
  const entries = [...data.items].map((item) => (item.kind === 'file' ? (item.webkitGetAsEntry?.() ?? null) : null))
  const plain = [...data.files]
  if (!entries.some((entry) => entry?.isDirectory)) return { files: plain, folder: false }
  const files: File[] = []
  for (const entry of entries) if (entry) files.push(...(await filesOf(entry, true)))
  return { files, folder: true }
}

/** What a chosen folder gives: hidden files and texts beside clips left out. What is a clip is told later, by content. */
export function clipsAmong(files: readonly File[]): File[] {
  return files.filter(({ name }) => !name.startsWith('.') && !sidecars.test(name))
}

async function filesOf(entry: FileSystemEntry, top: boolean): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
    if (top) return [file]
    // Files of a folder that was chosen have it; those of one that was dropped do not, and would lose their folders.
    Object.defineProperty(file, 'webkitRelativePath', { value: entry.fullPath.replace(/^\//, '') })
    return clipsAmong([file])
  }
  if (!top && entry.name.startsWith('.')) return []
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const found: File[] = []
  // Browsers hand out a folder in pieces of a hundred; an empty one is the end.
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (piece.length === 0) return found
    for (const inner of piece) found.push(...(await filesOf(inner, false)))
  }
}
