import { mkdirSync, rmSync, statSync, unwatchFile, watchFile, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TarsierError } from '../shared/errors.ts'
import { howToConnect, NEVER_CONNECT_VARIABLE, type NeverConnectBy } from '../shared/never-connect.ts'
import { isMissing, writeFailure } from './file-failure.ts'
import { isLoopback } from './loopback.ts'

/** The setting is on while this file exists in the home folder, so that every process which uses the folder can read it. */
const FILE = 'never-connect'
/** Interval at which a process with open connections looks for the setting of another process, in milliseconds. */
const LOOK_MS = 1000
const OFF = /^(0|off|no|false)?$/i

let byOption = false
const files = new Set<string>()
const enders = new Set<() => void>()

/** Switches connections off for the rest of this process. */
export function neverConnectFromNowOn(): void {
  byOption = true
}

/** Makes this process obey the setting of a home folder, besides those of other home folders that it uses. */
export function obeySettingOf(home: string): void {
  const file = join(home, FILE)
  if (files.has(file)) return
  files.add(file)
  if (enders.size > 0) watch(file)
}

/** What switches connections to other machines off at this moment; null if they are allowed. */
export function neverConnect(): NeverConnectBy | null {
  if (byOption) return 'option'
  // An unknown value counts as on.
  if (!OFF.test(process.env[NEVER_CONNECT_VARIABLE]?.trim() ?? '')) return 'environment'
  return [...files].some(exists) ? 'setting' : null
}

/** Changes the setting of a home folder. Switching it on ends this process's connections. Throws `write-failed`, `disk-full`. */
export function setNeverConnect(home: string, on: boolean): void {
  const file = join(home, FILE)
  try {
    if (on) {
      mkdirSync(home, { recursive: true })
      writeFileSync(file, 'Tarsier makes no connections to other machines while this file exists.\n')
    } else rmSync(file, { force: true })
  } catch (error) {
    throw writeFailure(`The setting in ${file} could not be changed`, error)
  }
  endConnections()
}

/** Throws `connections-off` if connections are switched off, unless `host` is this machine's loopback interface. */
export function expectMayConnect(host: string): void {
  const by = neverConnect()
  if (by !== null && !isLoopback(host)) throw connectionsOff(`${host} is not contacted`, by)
}

/**
 * Calls `end` with the error for open connections as soon as connections are switched off, by this process or within a second by another one. Until
 * disposed.
 */
export function whenSwitchedOff(end: (error: TarsierError) => void): Disposable {
  const ender = () => {
    const by = neverConnect()
    if (by !== null) end(connectionsOff('The connection was closed', by))
  }
  enders.add(ender)
  if (enders.size === 1) for (const file of files) watch(file)
  return {
    [Symbol.dispose]() {
      if (enders.delete(ender) && enders.size === 0) for (const file of files) unwatchFile(file, endConnections)
    },
  }
}

function watch(file: string): void {
  watchFile(file, { interval: LOOK_MS, persistent: false }, endConnections)
}

function endConnections(): void {
  for (const ender of [...enders]) ender()
}

function connectionsOff(what: string, by: NeverConnectBy): TarsierError {
  return new TarsierError('connections-off', `${what}, because "Never connect" is on. ${howToConnect(by)}`, { details: { by } })
}

/** A file that cannot be examined counts as existing. */
function exists(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    return !isMissing(error)
  }
}
