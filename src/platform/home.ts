import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The data folder: `TARSIER_HOME`, or the application data folder of the platform. Contains `models/`, `cache/` and `logs/`.
 * Creates nothing.
 */
export function tarsierHome(
  env: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  user: string = homedir(),
): string {
  if (env.TARSIER_HOME) return resolve(env.TARSIER_HOME)
  if (platform === 'darwin') return join(user, 'Library', 'Application Support', 'Tarsier')
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(user, 'AppData', 'Local'), 'Tarsier')
  return join(env.XDG_DATA_HOME || join(user, '.local', 'share'), 'tarsier')
}
