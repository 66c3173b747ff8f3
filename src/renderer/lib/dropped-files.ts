/** Text files that Tarsier or similar tools write next to clips. Folders that were described before contain many of them. */
const sidecars = /\.(txt|json|jsonl|csv|srt|vtt|md|ini|db|nfo)$/i

export interface Dropped {
  readonly files: readonly File[]
  /** True if a folder was dropped. */
  readonly folder: boolean
}

/** Returns all files of a drop or a paste, including those in folders. Call it during the event: the data is empty afterwards. */
export async function droppedFiles(data: DataTransfer): Promise<Dropped> {
  const entries = [...data.items].map((item) => (item.kind === 'file' ? (item.webkitGetAsEntry?.() ?? null) : null))
  const plain = [...data.files]
  if (!entries.some((entry) => entry?.isDirectory)) return { files: plain, folder: false }
  const files: File[] = []
  for (const entry of entries) if (entry) files.push(...(await filesOf(entry, true)))
  return { files, folder: true }
}

/** Filters out hidden files and text files next to clips. Whether a file is a clip is detected later, by content. */
export function clipsAmong(files: readonly File[]): File[] {
  return files.filter(({ name }) => !name.startsWith('.') && !sidecars.test(name))
}

async function filesOf(entry: FileSystemEntry, top: boolean): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))
    if (top) return [file]
    // Files of a chosen folder have this property; those of a dropped folder do not, and would lose their path.
    Object.defineProperty(file, 'webkitRelativePath', { value: entry.fullPath.replace(/^\//, '') })
    return clipsAmong([file])
  }
  if (!top && entry.name.startsWith('.')) return []
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const found: File[] = []
  // Browsers return the entries of a folder in chunks of a hundred; an empty chunk is the end.
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject))
    if (piece.length === 0) return found
    for (const inner of piece) found.push(...(await filesOf(inner, false)))
  }
}
