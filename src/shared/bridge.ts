import type { ClipMetadata } from './contract/clips.ts'
import type { ErrorData } from './errors.ts'

/** What the shell and the page say to each other, each name once. */
export const channels = {
  /** Page to shell: asks for a port to the service, now and after each that was closed. */
  connect: 'tarsier:connect',
  /** Shell to page, with one port: the wire to the service. Reaches the page as a message of its own window. */
  port: 'tarsier:port',
  /** Asked: the handles of these paths. */
  open: 'tarsier:open',
  /** Asked: a dialog, and the handles of what was chosen. */
  choose: 'tarsier:choose',
  /** Asked: shows a clip's file in its folder. */
  show: 'tarsier:show',
  /** Page to shell: the colours that a person chose. */
  theme: 'tarsier:theme',
  /** Shell to page: files that the system, or a second start, wants opened. */
  files: 'tarsier:files',
  /** Shell to page: a command of the menu. */
  menu: 'tarsier:menu',
} as const

export const menuCommands = ['new-clip', 'find', 'library', 'batches', 'models', 'benchmarks', 'help', 'shortcuts'] as const
export type MenuCommand = (typeof menuCommands)[number]

/** Folders that a dialog gives the page by handle alone: of a checkpoint, of a LoRA adapter, or of a benchmark's run. */
export const folderKinds = ['checkpoint', 'adapter', 'run'] as const
export type FolderKind = (typeof folderKinds)[number]

/** What may be chosen in a dialog: clips, a folder of clips, or another folder. */
export type Choice = 'clips' | 'folder' | FolderKind

/** A file that was to be opened: what it is, or why it is nothing. Of other folders only the handle is known. */
export type OpenedFile =
  | { readonly kind: 'clip'; readonly metadata: ClipMetadata }
  | { readonly kind: FolderKind; readonly handle: string; readonly name: string }
  | { readonly kind: 'failed'; readonly name: string; readonly error: ErrorData }

/** A `File` of the page, which only the shell can find the path of. */
export interface PageFile {
  readonly name: string
  readonly size: number
}

/** What the Electron shell gives the page as `window.tarsier`; in a browser there is none. */
export interface Bridge {
  /** Node's name of the operating system, such as `darwin`. */
  readonly platform: string
  /** Asks for a wire to the service, which comes as a message of the window: {@link channels.port} and one port. */
  connect(): void
  /** Dropped or pasted files, folders among them, as handles; their paths stay with the shell. */
  open(files: readonly PageFile[]): Promise<readonly OpenedFile[]>
  /** Empty when nothing was chosen. */
  choose(what: Choice): Promise<readonly OpenedFile[]>
  /** Shows a clip's file in its folder. */
  show(handle: string): Promise<void>
  /** Light, dark or as the system has it, for what of the window is not the page. */
  setTheme(theme: 'system' | 'light' | 'dark'): void
  onFiles(listener: (files: readonly OpenedFile[]) => void): void
  onMenu(listener: (command: MenuCommand) => void): void
}
