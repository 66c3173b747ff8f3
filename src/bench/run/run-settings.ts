import { existsSync } from 'node:fs'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { replaceFile, writeError } from '../../jobs/write-file.ts'
import { isTaken } from '../../platform/disk.ts'
import { isMissing } from '../../platform/file-failure.ts'
import { move } from '../../platform/move.ts'
import { TarsierError } from '../../shared/errors.ts'
import { lockRun } from './run-lock.ts'

const SETTINGS_FILE = 'run.json'
/** Folder to which `--new` moves existing folders. */
const OLD_FOLDER = 'old'

/** Setting with the sha256 of the text model that rewrites. Runs and jobs of earlier versions stored its name only, in the shape. */
export const TEXT_MODEL_SETTING = 'text-model'

/** Settings that determine the answers of a run, by the names that users know. Devices and speed do not belong here. */
const runSettingsSchema = z.record(z.string(), z.json())
export type RunSettings = z.infer<typeof runSettingsSchema>

const fileSchema = z.object({ format: z.literal(1), dataSet: z.string(), settings: runSettingsSchema })

/** Returns the settings with which a folder of predictions was started; null if it has none. Throws `bench-damaged`. */
export async function readSettings(directory: string): Promise<RunSettings | null> {
  const path = join(directory, SETTINGS_FILE)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return null
    throw writeError(path, error)
  }
  try {
    return fileSchema.parse(JSON.parse(text)).settings
  } catch (cause) {
    throw new TarsierError('bench-damaged', `${path} cannot be parsed. Move the folder, or start a new run with --new.`, { cause })
  }
}

/**
 * Writes a run's settings beside its predictions, or compares them with the existing ones. Throws `bench-mismatch` with the names of the differing
 * settings, also for predictions whose settings are unknown.
 */
export async function settleSettings(directory: string, dataSet: string, settings: RunSettings, predictions: string): Promise<void> {
  const before = await readSettings(directory)
  if (before !== null) {
    const differences = settingDifferences(before, settings)
    if (differences.length === 0) return
    throw new TarsierError(
      'bench-mismatch',
      `${directory} contains a run with other settings: ${differences.join('; ')}. Use the same settings, another --out, or --new, which moves the existing run to a backup folder.`,
      { details: { differences } },
    )
  }
  if ((await stat(predictions).catch(() => null))?.size)
    throw new TarsierError(
      'bench-mismatch',
      `There is no ${SETTINGS_FILE} with the settings of the run next to ${predictions}. Use another --out, or --new, which moves the existing run to a backup folder.`,
    )
  await writeSettings(directory, dataSet, settings)
}

export async function writeSettings(directory: string, dataSet: string, settings: RunSettings): Promise<void> {
  const file: z.infer<typeof fileSchema> = { format: 1, dataSet, settings }
  await replaceFile(directory, SETTINGS_FILE, `${JSON.stringify(file, null, 2)}\n`)
}

/** Lists the changed settings: `frames was 8 and is 16`. A text model is not compared with one whose hash was not stored. */
export function settingDifferences(before: RunSettings, now: RunSettings): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])]
  return names
    .filter((name) => name !== TEXT_MODEL_SETTING || (before[name] !== undefined && now[name] !== undefined))
    .filter((name) => !isDeepStrictEqual(before[name], now[name]))
    .map((name) => `${name} was ${shown(before[name])} and is ${shown(now[name])}`)
}

/**
 * Moves a folder of predictions to `old/` beside it, named by the time, without replacing an existing folder. Returns the new path; null if there
 * was none. Throws `bench-busy`.
 */
export async function moveToBackup(directory: string, now: Date): Promise<string | null> {
  if (!existsSync(directory)) return null
  await (await lockRun(directory))[Symbol.asyncDispose]()
  const old = join(dirname(directory), OLD_FOLDER)
  const name = `${basename(directory)} ${now.toISOString().slice(0, 19).replaceAll(':', '.')}`
  try {
    await mkdir(old, { recursive: true })
    for (let i = 1; ; i++) {
      const target = join(old, i === 1 ? name : `${name} ${i}`)
      if (await isTaken(target)) continue
      await move(directory, target)
      return target
    }
  } catch (error) {
    throw writeError(directory, error)
  }
}

function shown(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value)
}
