import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { clipboard, dialog, type OpenDialogOptions, shell } from 'electron'
import { z } from 'zod'
import { type Choice, channels, folderKinds, type OpenedFile } from '../shared/bridge.ts'
import { assertNever, asTarsierError } from '../shared/errors.ts'
import { t } from '../shared/text.ts'
import { answerPage } from './page-channels.ts'
import type { PageMessages } from './page-messages.ts'
import type { RecentFiles } from './recent-files.ts'
import type { Service } from './service.ts'
import { mainWindow } from './windows.ts'

interface Parts {
  readonly service: Pick<Service, 'ask'>
  readonly recent: Pick<RecentFiles, 'note'>
  readonly messages: Pick<PageMessages, 'send'>
}

const pathsSchema = z.array(z.string().min(1)).max(100_000)
const choiceSchema = z.enum(['clips', 'folder', ...folderKinds] satisfies Choice[])
const handleSchema = z.string().max(100)
const momentSchema = z.object({ handle: handleSchema, seconds: z.number().min(0).max(1e9) })

/** The file type is detected by content, so all names are offered. */
function dialogFor(what: Choice): OpenDialogOptions {
  return { title: titleOf(what), properties: what === 'clips' ? ['openFile', 'multiSelections'] : ['openDirectory'] }
}

function titleOf(what: Choice): string {
  switch (what) {
    case 'clips':
      return t('Open clips')
    case 'folder':
      return t('Open a folder of clips')
    case 'checkpoint':
      return t('Choose a checkpoint folder')
    case 'adapter':
      return t('Choose a LoRA adapter folder')
    case 'run':
      return t('Choose a benchmark run folder')
    case 'annotations':
      return t('Choose a folder of annotations')
    case 'videos':
      return t('Choose the folder of the videos')
    default:
      return assertNever(what, 'choice')
  }
}

/** Turns paths into handles, for files from the page, from the open dialog or from the system. */
export class Files {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
    answerPage(channels.open, (sent) => this.#opened(pathsSchema.parse(sent)))
    answerPage(channels.choose, (sent) => this.#choose(choiceSchema.parse(sent)))
    answerPage(channels.show, async (sent) => {
      shell.showItemInFolder(await this.#pathOf(handleSchema.parse(sent)))
    })
    answerPage(channels.copyMoment, async (sent) => {
      const { handle, seconds } = momentSchema.parse(sent)
      clipboard.writeText(momentUrl(await this.#pathOf(handle), seconds))
    })
  }

  /** Opens files and sends them to the page. */
  async open(paths: readonly string[]): Promise<void> {
    this.#parts.messages.send(channels.files, await this.#opened(paths))
  }

  /** Shows the open dialog for clips and sends the chosen ones to the page. */
  async chooseAndOpen(what: 'clips' | 'folder'): Promise<void> {
    const opened = await this.#choose(what)
    if (opened.length > 0) this.#parts.messages.send(channels.files, opened)
  }

  async #pathOf(handle: string): Promise<string> {
    return (await this.#parts.service.ask({ kind: 'locate', handle, what: 'file' })).path
  }

  async #choose(what: Choice): Promise<readonly OpenedFile[]> {
    const window = mainWindow()
    const options = dialogFor(what)
    const { filePaths } = await (window ? dialog.showOpenDialog(window, options) : dialog.showOpenDialog(options))
    const [first] = filePaths
    if (first === undefined) return []
    if (what === 'clips' || what === 'folder') return await this.#opened(filePaths)
    const name = basename(first)
    try {
      return [{ kind: what, handle: await this.#parts.service.ask({ kind: 'folder', path: first }), name }]
    } catch (error) {
      return [failed(first, error)]
    }
  }

  async #opened(paths: readonly string[]): Promise<readonly OpenedFile[]> {
    try {
      const opened = await this.#parts.service.ask({ kind: 'open', paths })
      // Clips from folders are not added to the recent files, because there can be too many.
      const given = new Set(paths)
      this.#parts.recent.note(opened.flatMap(({ path, file }) => (file.kind === 'clip' && given.has(path) ? [path] : [])))
      return opened.map(({ file }) => file)
    } catch (error) {
      return paths.map((path) => failed(path, error))
    }
  }
}

/** Address of a file at a time, as a media fragment (https://www.w3.org/TR/media-frags/), which browsers and players understand. */
function momentUrl(path: string, seconds: number): string {
  const url = pathToFileURL(path)
  url.hash = `t=${Number(seconds.toFixed(2))}`
  return url.href
}

function failed(path: string, error: unknown): OpenedFile {
  return { kind: 'failed', name: basename(path), error: asTarsierError(error).toData() }
}
