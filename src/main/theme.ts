import { nativeTheme } from 'electron'
import { z } from 'zod'
import { channels } from '../shared/bridge.ts'
import { onPage } from './page-channels.ts'

const themeSchema = z.enum(['system', 'light', 'dark'])

/** Applies the page's theme to title bars, menus and dialogs. Defaults to the system's theme. */
export function setupTheme(): void {
  onPage(channels.theme, (_page, sent) => {
    const theme = themeSchema.safeParse(sent)
    if (theme.success) nativeTheme.themeSource = theme.data
  })
}
