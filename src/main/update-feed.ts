import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { app } from 'electron'
import { z } from 'zod'
import { t } from '../shared/text.ts'
import type { UpdateFeed } from './updates.ts'

/** What electron-builder writes beside the app if it was built with a feed. electron-updater parses it; here only its host is read. */
const FEED_FILE = 'app-update.yml'
const packageSchema = z.object({ signedForUpdates: z.boolean().default(false) })

/**
 * The feed that this build was published with, through electron-updater. It checks the SHA-512 of a download against the feed's, and on Windows and macOS
 * the publisher's signature, where there is one.
 */
export function updateFeed(): UpdateFeed {
  const feed = app.isPackaged ? readFeed() : null
  return {
    // Not stored: the language may change.
    get unavailable() {
      return feed === null ? t('This copy was not installed from a release, so it has no updates of its own.') : unsupported()
    },
    host: feed?.host ?? '',
    async check() {
      const { updater } = await load()
      const result = await updater.checkForUpdates()
      if (!result?.isUpdateAvailable) return null
      const { version, files } = result.updateInfo
      return { version, bytes: files.find(({ size }) => size !== undefined)?.size ?? null, byHand: byHand() }
    },
    async download(onProgress, signal) {
      const { updater, CancellationToken } = await load()
      const token = new CancellationToken()
      const cancel = () => token.cancel()
      const report = ({ percent }: { readonly percent: number }) => onProgress(percent / 100)
      signal.addEventListener('abort', cancel, { once: true })
      updater.on('download-progress', report)
      try {
        signal.throwIfAborted()
        await updater.downloadUpdate(token)
      } finally {
        signal.removeEventListener('abort', cancel)
        updater.off('download-progress', report)
      }
    },
    // The user asked for it, so the installer shows itself.
    install: () => void load().then(({ updater }) => updater.quitAndInstall(false, true)),
  }
}

async function load() {
  const { autoUpdater: updater, CancellationToken } = await import('electron-updater')
  updater.autoDownload = false
  updater.autoInstallOnAppQuit = false
  updater.logger = null
  // Without a listener, electron-updater's events of this name end the process. The failed calls throw as well.
  if (updater.listenerCount('error') === 0) updater.on('error', () => {})
  return { updater, CancellationToken }
}

function readFeed(): { readonly host: string } | null {
  try {
    const text = readFileSync(join(process.resourcesPath, FEED_FILE), 'utf8')
    const url = /^url: *['"]?([^'"\s]+)/m.exec(text)?.[1]
    return { host: url ? new URL(url).host : 'github.com' }
  } catch {
    return null // built without a feed
  }
}

function unsupported(): string | null {
  const isAppImageOrPackage = process.platform !== 'linux' || process.env.APPIMAGE !== undefined || packageType() !== null
  return isAppImageOrPackage
    ? null
    : t('This copy was unpacked by hand, so it cannot be updated. Install the AppImage or the package of your system.')
}

/** `deb` or `rpm`, which electron-builder writes into these packages. */
function packageType(): string | null {
  try {
    return readFileSync(join(process.resourcesPath, 'package-type'), 'utf8').trim()
  } catch {
    return null
  }
}

/** Why a new version must be installed by hand. */
function byHand(): string | null {
  if (process.env.PORTABLE_EXECUTABLE_FILE !== undefined) return t('The portable app does not replace itself: download the new one.')
  if (process.platform !== 'darwin') return null
  const { signedForUpdates } = packageSchema.parse(JSON.parse(readFileSync(join(app.getAppPath(), 'package.json'), 'utf8')))
  return signedForUpdates ? null : t('macOS replaces only signed apps, and this build is not signed: download the new version.')
}
