import type { ClipMetadata } from './contract/clips.ts'
import type { ErrorData } from './errors.ts'
import type { LanguageChoice } from './language.ts'
import type { UpdateCommand, UpdateState } from './updates.ts'

/** Channels between the Electron shell and the page. */
export const channels = {
  /** Page to shell: requests a port to the service, at start and after each closed one. */
  connect: 'tarsier:connect',
  /** Shell to page, with one port connected to the service. The page receives it as a window message. */
  port: 'tarsier:port',
  /** Request: handles for these paths. */
  open: 'tarsier:open',
  /** Request: open a dialog and return handles for the selection. */
  choose: 'tarsier:choose',
  /** Request: show a clip's file in its folder. */
  show: 'tarsier:show',
  /** Request: show the crash reports in their folder. */
  showCrashes: 'tarsier:show-crashes',
  /** Request: copy the address of a moment of a clip's file. */
  copyMoment: 'tarsier:copy-moment',
  /** Page to shell: the colour scheme that the user chose. */
  theme: 'tarsier:theme',
  /** Page to shell: the language that the user chose. */
  language: 'tarsier:language',
  /** Shell to page: files to open, from the system or a second instance. */
  files: 'tarsier:files',
  /** Shell to page: a menu command. */
  menu: 'tarsier:menu',
  /** Request: read or change the state of the app's updates. */
  updates: 'tarsier:updates',
  /** Shell to page: the state of the app's updates has changed. */
  updateState: 'tarsier:update-state',
} as const

export const menuCommands = ['new-clip', 'find', 'library', 'batches', 'models', 'benchmarks', 'help', 'shortcuts'] as const
export type MenuCommand = (typeof menuCommands)[number]

/** Folders that the page only receives as handles: a checkpoint, a LoRA adapter, a benchmark run, or annotations and videos of benchmarks. */
export const folderKinds = ['checkpoint', 'adapter', 'run', 'annotations', 'videos'] as const
export type FolderKind = (typeof folderKinds)[number]

/** What a dialog selects: clips, a folder of clips, or another folder. */
export type Choice = 'clips' | 'folder' | FolderKind

/** Result of opening a file: the clip, or the error. For other folders, only the handle. */
export type OpenedFile =
  | { readonly kind: 'clip'; readonly metadata: ClipMetadata }
  | { readonly kind: FolderKind; readonly handle: string; readonly name: string }
  | { readonly kind: 'failed'; readonly name: string; readonly error: ErrorData }

/** A `File` of the page; only the shell can find its path. */
export interface PageFile {
  readonly name: string
  readonly size: number
}

/** The API that the Electron shell exposes as `window.tarsier`; undefined in a browser. */
export interface Bridge {
  /** Node's name of the operating system, such as `darwin`. */
  readonly platform: string
  /** Requests a connection to the service. It arrives as a window message: {@link channels.port} and one port. */
  connect(): void
  /** Handles for dropped or pasted files and folders; their paths stay in the shell. */
  open(files: readonly PageFile[]): Promise<readonly OpenedFile[]>
  /** Empty if the dialog was cancelled. */
  choose(what: Choice): Promise<readonly OpenedFile[]>
  /** Shows a clip's file in its folder. */
  show(handle: string): Promise<void>
  /** Shows the folder of crash reports. */
  showCrashReports(): Promise<void>
  /** Copies the address of a clip's file at a time in seconds. The shell writes it into the clipboard, because the page gets no paths. */
  copyMoment(handle: string, seconds: number): Promise<void>
  /** Colour scheme of the window frame: light, dark or the system's. */
  setTheme(theme: 'system' | 'light' | 'dark'): void
  /** Language of menus and dialogs: one of them, or the system's. */
  setLanguage(choice: LanguageChoice): void
  onFiles(listener: (files: readonly OpenedFile[]) => void): void
  onMenu(listener: (command: MenuCommand) => void): void
  /** Carries out a command about the app's updates, and returns their state at its end. */
  updates(command: UpdateCommand): Promise<UpdateState>
  onUpdates(listener: (state: UpdateState) => void): void
}
