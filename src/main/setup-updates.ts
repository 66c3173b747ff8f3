import { app, Notification } from 'electron'
import { z } from 'zod'
import { tarsierHome } from '../platform/home.ts'
import { obeySettingOf } from '../platform/never-connect.ts'
import { channels } from '../shared/bridge.ts'
import { t } from '../shared/text.ts'
import { type Update, updateCommandSchema } from '../shared/updates.ts'
import { answerPage } from './page-channels.ts'
import type { PageMessages } from './page-messages.ts'
import { readStored, writeStored } from './stored-json.ts'
import { updateFeed } from './update-feed.ts'
import { Updates } from './updates.ts'
import { showMainWindow } from './windows.ts'

const STORED = 'updates'
/** After the start, so that looking for an update does not slow it down. */
const DELAY_MS = 15_000

const memorySchema = z.object({ allowed: z.boolean(), lookedAt: z.number() })

/** Lets the page control the app's updates, and looks for them at the start if the user has allowed it. */
export function setupUpdates(messages: PageMessages): void {
  obeySettingOf(tarsierHome())
  const stored = memorySchema.safeParse(readStored(STORED))
  const updates = new Updates({
    feed: updateFeed(),
    memory: stored.success ? stored.data : { allowed: false, lookedAt: 0 },
    save: (memory) => writeStored(STORED, memory),
    onChange: (state) => messages.send(channels.updateState, state),
    onFound: tellUser,
  })
  answerPage(channels.updates, (sent) => updates.command(updateCommandSchema.parse(sent)))
  const timer = setTimeout(() => void updates.begin(), DELAY_MS)
  app.on('will-quit', () => clearTimeout(timer))
}

function tellUser({ version }: Update): void {
  if (!Notification.isSupported()) return
  const notification = new Notification({
    title: t('Tarsier Desktop {version} is available', { version }),
    body: t('Help says how to install it.'),
  })
  notification.once('click', showMainWindow)
  notification.show()
}
