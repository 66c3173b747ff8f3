import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'
import { type Crash, type CrashReport, crashReportSchema } from '../shared/crash-report.ts'
import { readJson } from './json-file.ts'
import { remove, removeSync } from './move.ts'

const ENDING = '.json'
/** Older reports are deleted. */
const MAX_REPORTS = 50
/** Characters of each text, so that all reports together stay below about 2 MB. */
const MAX_TEXT = 8000

let target: { readonly folder: string; readonly process: string; readonly version: string } | null = null

/** Folder of the reports of a home folder. It exists once there is one. */
export function crashFolder(home: string): string {
  return join(home, 'crashes')
}

/**
 * Makes this process store reports of crashes in a home folder: of its own errors that nothing catches, under the name `name`, and of what it passes
 * to {@link reportCrash}. What happens after such an error does not change.
 */
export function keepCrashReports(home: string, name: string, version: string): void {
  if (target === null) {
    process.on('uncaughtExceptionMonitor', (error: unknown) => {
      const { message, stack = '' } = error instanceof Error ? error : new Error(String(error))
      reportCrash({ process: target?.process ?? name, reason: message, stack })
    })
  }
  target = { folder: crashFolder(home), process: name, version }
}

/** Stores a report. Does nothing in a process that keeps none, and never throws: a report must not cause the next failure. */
export function reportCrash({ process: name, reason, stack = '', output = '' }: Crash): void {
  if (target === null) return
  const time = Date.now()
  const report: CrashReport = {
    id: `${new Date(time).toISOString().replace(/\W/g, '-')}${randomUUID().slice(0, 8)}`,
    time,
    process: name,
    reason: reason.slice(0, MAX_TEXT),
    stack: stack.slice(0, MAX_TEXT),
    output: output.slice(-MAX_TEXT),
    version: target.version,
    platform: `${process.platform} ${process.arch} ${release()}`,
    node: process.versions.node,
  }
  const file = join(target.folder, `${report.id}${ENDING}`)
  try {
    mkdirSync(target.folder, { recursive: true })
    // Written under another name first: the machine may go down while it is written.
    writeFileSync(`${file}.part`, JSON.stringify(report, null, 1))
    renameSync(`${file}.part`, file)
    const oldest = readdirSync(target.folder).sort().slice(0, -MAX_REPORTS)
    for (const name of oldest) removeSync(join(target.folder, name))
  } catch {
    // A full or read-only disk: the log and the error on the screen still tell what happened.
  }
}

/** The reports of a home folder, the newest first. Files that are no reports are left out. */
export async function listCrashReports(home: string): Promise<CrashReport[]> {
  const folder = crashFolder(home)
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(ENDING))
  const reports = await Promise.all(names.map((name) => readJson(join(folder, name), crashReportSchema)))
  return reports.filter((report) => report !== null).sort((a, b) => b.time - a.time)
}

/** Deletes one report of a home folder, or by default all. */
export async function deleteCrashReports(home: string, id?: string): Promise<void> {
  await remove(id === undefined ? crashFolder(home) : join(crashFolder(home), `${id}${ENDING}`))
}
